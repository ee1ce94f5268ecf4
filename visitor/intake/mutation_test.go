package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// platform reports whether the deliveries of a folder come from a platform, whose JSON is read
// leniently.
func platform(folder string) bool {
	return !strings.HasPrefix(folder, "chat") && !strings.HasPrefix(folder, "form")
}

// parse returns the events without their payloads, of which it checks that they are parts of the
// body.
func parse(t testing.TB, d intaketest.Delivery, body []byte) intake.Batch {
	t.Helper()
	batch, err := d.Channel.Parse(d.Header, body)
	require.NoError(t, sound(batch, err), "%s", body)
	if platform(d.Folder) {
		require.NoError(t, err, "%s", body)
	}
	for i := range batch.Events {
		payload := &batch.Events[i].Payload
		if *payload != nil && (!json.Valid(*payload) || !bytes.Contains(body, *payload)) {
			require.Fail(t, "the payload is no part of the body", "%s", body)
		}
		*payload = nil
	}
	return batch
}

// people are the ids of the people who reached the business, sorted.
func people(batch intake.Batch) []string {
	var ids []string
	for c := range batch.Contacts() {
		if !c.UpdateOnly {
			ids = append(ids, c.Account+"/"+c.ExternalID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Every value of every delivery is dropped, nulled, retyped, doubled, and turned around.
// Nothing panics, and what is null counts as absent.
func TestMutations(t *testing.T) {
	t.Parallel()
	for _, d := range intaketest.Deliveries() {
		if !strings.HasSuffix(d.Path, ".json") || d.Rule == "not_json" {
			continue
		}
		t.Run(d.Folder+"/"+d.Rule, func(t *testing.T) {
			t.Parallel()
			tree := intaketest.ParseTree(t, d.Body)
			original := parse(t, d, d.Body)
			intaketest.Walk(tree, nil, func(at []intaketest.Step) {
				where := intaketest.Path(tree, at)
				value := intaketest.Get(tree, at)
				_, isMember := intaketest.Get(tree, at[:len(at)-1]).(intaketest.Object)

				dropped := parse(t, d, intaketest.EncodeTree(intaketest.Edited(tree, at, 0, value)))
				nulled := parse(t, d, intaketest.EncodeTree(intaketest.Edited(tree, at, 1, json.RawMessage(`null`))))
				doubled := parse(t, d, intaketest.EncodeTree(intaketest.Edited(tree, at, 2, value)))
				for _, other := range intaketest.Others(value) {
					parse(t, d, intaketest.EncodeTree(intaketest.Edited(tree, at, 1, other)))
				}
				if isMember {
					same(t, dropped, nulled, "null is not the same as absent: "+where)
					same(t, original, doubled, "the same key twice changes something: "+where)
				} else if platform(d.Folder) && d.Rule != "single_contact_without_ids_in_message" { // where a second one makes it unclear whose it is
					require.Equal(t, people(original), people(doubled), "doubled: %s", where)
				}
				if list, ok := value.(intaketest.Array); ok && platform(d.Folder) {
					turned := slices.Clone(list)
					slices.Reverse(turned)
					require.Equal(t, people(original), people(parse(t, d, intaketest.EncodeTree(intaketest.Edited(tree, at, 1, turned)))), "turned around: %s", where)
				}
			})
		})
	}
}

// same compares batches without their payloads, which are parts of different bodies.
func same(t *testing.T, want, got intake.Batch, message string) {
	t.Helper()
	want, got = withoutPayloads(want), withoutPayloads(got)
	if len(want.Events)+len(got.Events) > 0 && !reflect.DeepEqual(want, got) {
		require.Equal(t, want, got, message)
	}
}

func withoutPayloads(batch intake.Batch) intake.Batch {
	batch.Events = slices.Clone(batch.Events)
	for i := range batch.Events {
		batch.Events[i].Payload = nil
	}
	return batch
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
	for _, d := range intaketest.Deliveries() {
		neighbour, ok := before[d.Folder]
		if !ok || d.Rule == "other_object" || strings.HasPrefix(d.Rule, "no_envelope") {
			continue
		}
		t.Run(d.Folder+"/"+d.Rule, func(t *testing.T) {
			t.Parallel()
			tree := intaketest.ParseTree(t, d.Body).(intaketest.Object)
			entries := slices.IndexFunc(tree, func(m intaketest.Member) bool { return m.Key == "entry" })
			intaketest.Walk(tree[entries].Value, nil, func(at []intaketest.Step) {
				for _, other := range []any{json.RawMessage(`null`), json.RawMessage(`7`), json.RawMessage(`[["x"]]`)} {
					bad := intaketest.Edited(tree[entries].Value, at, 1, other).(intaketest.Array)
					alone := parse(t, d, intaketest.EncodeTree(intaketest.Object{tree[0], {Key: "entry", Value: bad}}))
					both := slices.Concat(intaketest.Array{json.RawMessage(neighbour)}, bad, intaketest.Array{json.RawMessage(neighbour)})
					got := parse(t, d, intaketest.EncodeTree(intaketest.Object{tree[0], {Key: "entry", Value: both}})).Events
					require.Len(t, got, len(alone.Events)+2)
					for _, e := range []intake.Event{got[0], got[len(got)-1]} {
						require.Equal(t, intake.Inbound, e.Kind)
						require.Equal(t, "447700900111", e.Contact.ExternalID)
					}
					same(t, alone, intake.Batch{Events: slices.Clip(got[1 : len(got)-1])}, intaketest.Path(tree[entries].Value, at))
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
	for _, d := range intaketest.Deliveries() {
		if !platform(d.Folder) || len(people(parse(t, d, d.Body))) > 0 {
			continue
		}
		tree := intaketest.ParseTree(t, d.Body)
		intaketest.Walk(tree, nil, func(at []intaketest.Step) {
			changes := map[string]any{"without": intaketest.Edited(tree, at, 0, nil)}
			for _, other := range intaketest.Others(intaketest.Get(tree, at)) {
				changes["with "+string(other.(json.RawMessage))+" as"] = intaketest.Edited(tree, at, 1, other)
			}
			for what, changed := range changes {
				if ids := people(parse(t, d, intaketest.EncodeTree(changed))); len(ids) > 0 {
					lines = append(lines, fmt.Sprintf("%s/%s %s %s: %s", d.Folder, d.Rule, what, intaketest.Path(tree, at), strings.Join(ids, " ")))
				}
			}
		})
	}
	slices.Sort(lines)
	golden(t, "testdata/guards.golden", []byte(strings.Join(lines, "\n")+"\n"))
}
