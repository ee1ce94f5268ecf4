package intake_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
)

// platform reports whether the deliveries of a folder come from a platform, whose JSON is read
// leniently.
func platform(folder string) bool {
	return !strings.HasPrefix(folder, "chat") && !strings.HasPrefix(folder, "form")
}

func parse(t testing.TB, d delivery, body []byte) intake.Batch {
	t.Helper()
	batch, err := d.channel.Parse(d.header, body)
	require.NoError(t, sound(batch, err), "%s", body)
	if platform(d.folder) {
		require.NoError(t, err, "%s", body)
	}
	return batch
}

// people are the ids of the people who reached the business, sorted.
func people(batch intake.Batch) []string {
	var ids []string
	for c := range batch.Contacts() {
		if !c.Known {
			ids = append(ids, c.Account+"/"+c.ExternalID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// others are values of every type that v is not.
func others(v any) []any {
	var out []any
	for _, other := range []string{`7`, `-1.5e300`, `true`, `"x"`, `""`, `[]`, `{}`, `[["x"]]`, `{"id":"x"}`} {
		if kindOf(json.RawMessage(other)) != kindOf(v) {
			out = append(out, json.RawMessage(other))
		}
	}
	return out
}

func kindOf(v any) string {
	switch v := v.(type) {
	case object:
		return "object"
	case array:
		return "array"
	case json.RawMessage:
		switch v[0] {
		case '{':
			return "object"
		case '[':
			return "array"
		case '"':
			return "text"
		case 't', 'f', 'n':
			return "word"
		}
	}
	return "number"
}

// Every value of every delivery is dropped, nulled, retyped, doubled, and turned around.
// Nothing panics, and what is null counts as absent.
func TestMutations(t *testing.T) {
	t.Parallel()
	for _, d := range deliveries(t) {
		if !strings.HasSuffix(d.path, ".json") || d.rule == "not_json" {
			continue
		}
		t.Run(d.folder+"/"+d.rule, func(t *testing.T) {
			t.Parallel()
			tree := parseTree(t, d.body)
			original := parse(t, d, d.body)
			walk(tree, nil, func(at []step) {
				where := path(tree, at)
				value := get(tree, at)
				_, isMember := get(tree, at[:len(at)-1]).(object)

				dropped := parse(t, d, encodeTree(edited(tree, at, 0, value)))
				nulled := parse(t, d, encodeTree(edited(tree, at, 1, json.RawMessage(`null`))))
				doubled := parse(t, d, encodeTree(edited(tree, at, 2, value)))
				for _, other := range others(value) {
					parse(t, d, encodeTree(edited(tree, at, 1, other)))
				}
				if isMember {
					same(t, dropped, nulled, "null is not the same as absent: "+where)
					same(t, original, doubled, "the same key twice changes something: "+where)
				} else if platform(d.folder) && d.rule != "single_contact_without_ids_in_message" { // where a second one makes it unclear whose it is
					require.Equal(t, people(original), people(doubled), "doubled: %s", where)
				}
				if list, ok := value.(array); ok && platform(d.folder) {
					turned := slices.Clone(list)
					slices.Reverse(turned)
					require.Equal(t, people(original), people(parse(t, d, encodeTree(edited(tree, at, 1, turned)))), "turned around: %s", where)
				}
			})
		})
	}
}

func same(t *testing.T, want, got intake.Batch, message string) {
	t.Helper()
	if len(want.Events)+len(got.Events) > 0 && !reflect.DeepEqual(want, got) {
		require.Equal(t, want, got, message)
	}
}

// Whatever is wrong with an entry of a delivery, the entries beside it are read as if it
// were not there.
func TestMutationsSpareNeighbours(t *testing.T) {
	t.Parallel()
	before := map[string]string{
		"whatsapp":  `{"id":"31","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"32"},"messages":[{"id":"wamid.A","type":"text","from":"447700900111"}]}}]}`,
		"messenger": `{"id":"31","messaging":[{"sender":{"id":"447700900111"},"message":{"mid":"m_A"}}]}`,
		"instagram": `{"id":"31","messaging":[{"sender":{"id":"447700900111"},"message":{"mid":"m_A"}}]}`,
	}
	for _, d := range deliveries(t) {
		neighbour, ok := before[d.folder]
		if !ok || d.rule == "other_object" {
			continue
		}
		t.Run(d.folder+"/"+d.rule, func(t *testing.T) {
			t.Parallel()
			tree := parseTree(t, d.body).(object)
			entries := slices.IndexFunc(tree, func(m member) bool { return m.key == "entry" })
			walk(tree[entries].value, nil, func(at []step) {
				for _, other := range []any{json.RawMessage(`null`), json.RawMessage(`7`), json.RawMessage(`[["x"]]`)} {
					bad := edited(tree[entries].value, at, 1, other).(array)
					alone := parse(t, d, encodeTree(object{tree[0], {"entry", bad}}))
					both := slices.Concat(array{json.RawMessage(neighbour)}, bad, array{json.RawMessage(neighbour)})
					got := parse(t, d, encodeTree(object{tree[0], {"entry", both}})).Events
					require.Len(t, got, len(alone.Events)+2)
					for _, e := range []intake.Event{got[0], got[len(got)-1]} {
						require.Equal(t, intake.Inbound, e.Kind)
						require.Equal(t, "447700900111", e.Contact.ExternalID)
					}
					same(t, alone, intake.Batch{Events: slices.Clip(got[1 : len(got)-1])}, path(tree[entries].value, at))
				}
			})
		})
	}
}

// A delivery that makes no visitor must lose what guards it before it makes one. The
// golden file holds every loss of one value that does it, to be read by a person.
func TestGuards(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, d := range deliveries(t) {
		if !platform(d.folder) || len(people(parse(t, d, d.body))) > 0 {
			continue
		}
		tree := parseTree(t, d.body)
		walk(tree, nil, func(at []step) {
			changes := map[string]any{"without": edited(tree, at, 0, nil)}
			for _, other := range others(get(tree, at)) {
				changes["with "+string(other.(json.RawMessage))+" as"] = edited(tree, at, 1, other)
			}
			for what, changed := range changes {
				if ids := people(parse(t, d, encodeTree(changed))); len(ids) > 0 {
					lines = append(lines, fmt.Sprintf("%s/%s %s %s: %s", d.folder, d.rule, what, path(tree, at), strings.Join(ids, " ")))
				}
			}
		})
	}
	slices.Sort(lines)
	golden(t, "testdata/guards.golden", []byte(strings.Join(lines, "\n")+"\n"))
}
