package webhook_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// people counts the people of whom a delivery tells that they reached the business, by
// itself: ids that any event calls one person's are one person. It returns the ids that a
// visitor may have too. Not clear is how many there are where ids are told of one
// person that no person has at once.
func people(batch intake.Batch) (n int, may map[string]bool, clear bool) {
	type set map[string]bool
	var sets []set
	may, clear = set{}, true
	for _, e := range batch.Events {
		if e.Kind == intake.Ignored {
			continue
		}
		c := e.Contact
		mine := set{}
		for _, i := range slices.Concat(c.Identities(), c.PreviousIDs, c.LookupAliases) {
			mine[keyOf(i)] = true
		}
		for _, i := range c.Identities() {
			may[keyOf(i)] = true
			clear = clear && !slices.ContainsFunc(c.AlternateIDs, i.Conflicts)
		}
		reached := e.Kind == intake.Inbound
		sets = slices.DeleteFunc(sets, func(other set) bool {
			shared := false
			for i := range other {
				shared = shared || mine[i]
			}
			if shared {
				for i := range other {
					mine[i] = true
				}
				reached = true
			}
			return shared
		})
		if reached {
			sets = append(sets, mine)
		}
	}
	return len(sets), may, clear
}

func keyOf(i visitor.Identity) string {
	return fmt.Sprintf("%q %q %q", i.Source, i.Account, i.ExternalID)
}

// outcome is what must hold of a delivery in a workspace of its own.
func outcome(t *testing.T, ws *store.Workspace, d intaketest.Delivery, body []byte, name string) {
	t.Helper()
	channel, header, value := intaketest.Sign(d.Channel, body)
	h := webhook.New(ws, channel, nil)
	first := post(h, d.ContentType, body, header, value)
	require.Contains(t, []int{200, 400, 403}, first.Code, name)
	batch, err := channel.Parse(d.Header, body)
	require.Equal(t, err == nil, first.Code == 200, name)

	before := dumped(t, ws)
	want, may, clear := people(batch)
	switch refused := h.Counts().Outcomes[webhook.Refused]; {
	case !clear:
		require.GreaterOrEqual(t, len(before.Visitors), min(want, 1), name)
	case refused > 0:
		require.LessOrEqual(t, len(before.Visitors), want, name)
	default:
		require.Len(t, before.Visitors, want, name)
	}
	for _, v := range before.Visitors {
		require.NotEmpty(t, v.Name, name)
		for _, i := range v.Identities {
			require.True(t, may[keyOf(i)], name)
		}
	}
	require.Equal(t, first.Code, post(h, d.ContentType, body, header, value).Code, name)
	require.Equal(t, before, dumped(t, ws), "the second delivery changed something: %s", name)
}

// Of each delivery, and of each with something wrong with it, there are as many visitors as
// people who reached the business, and the same delivery again changes nothing.
func TestRulesMakeVisitors(t *testing.T) {
	t.Parallel()
	for _, d := range intaketest.Deliveries() {
		t.Run(d.Folder+"/"+d.Rule, func(t *testing.T) {
			t.Parallel()
			outcome(t, remembered(t), d, d.Body, "as it is")
			if d.ContentType != json || d.Rule == "not_json" {
				return
			}
			for name, body := range intaketest.Mutations(t, d.Body) {
				outcome(t, remembered(t), d, body, name)
			}
		})
	}
}

// The same on SQLite, of every delivery and some of what may be wrong with it.
func TestRulesMakeVisitorsOnSQLite(t *testing.T) {
	t.Parallel()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "visitors.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	n := 0
	for _, d := range intaketest.Deliveries() {
		check := func(name string, body []byte) {
			n++
			outcome(t, opened(t, st, fmt.Sprint("w", n)), d, body, d.Path+": "+name)
		}
		check("as it is", d.Body)
		if d.ContentType != json || d.Rule == "not_json" {
			continue
		}
		i := int(*seed % 200)
		for name, body := range intaketest.Mutations(t, d.Body) {
			if i++; i%200 == 0 {
				check(fmt.Sprint(name, ", -webhook.seed ", *seed), body)
			}
		}
	}
	t.Logf("%d deliveries", n)
}

// Five at once are one.
func TestRulesAtOnce(t *testing.T) {
	t.Parallel()
	for _, d := range intaketest.Deliveries() {
		t.Run(d.Folder+"/"+d.Rule, func(t *testing.T) {
			t.Parallel()
			ws := remembered(t)
			channel, header, value := intaketest.Sign(d.Channel, d.Body)
			h := webhook.New(ws, channel, nil)
			var group sync.WaitGroup
			for range 5 {
				group.Go(func() { post(h, d.ContentType, d.Body, header, value) })
			}
			group.Wait()
			require.Zero(t, h.Counts().Outcomes[webhook.Failed])
			outcome(t, ws, d, d.Body, "after five at once")
		})
	}
}

// thousand is a delivery of a thousand entries: people, some several times, among
// everything of the channel that makes no visitor.
func thousand(t testing.TB, r *rand.Rand, folder string) []byte {
	object := map[string]string{"whatsapp": "whatsapp_business_account", "messenger": "page", "instagram": "instagram"}[folder]
	var others []string
	for _, d := range intaketest.Deliveries() {
		if d.Folder != folder || d.Rule == "other_object" {
			continue
		}
		for _, m := range intaketest.ParseTree(t, d.Body).(intaketest.Object) {
			if m.Key == "entry" {
				for _, entry := range m.Value.(intaketest.Array) {
					others = append(others, string(intaketest.EncodeTree(entry)))
				}
			}
		}
	}
	entries := make([]string, 1_000)
	for n := range entries {
		person := r.IntN(400)
		switch {
		case r.IntN(3) == 0:
			entries[n] = others[r.IntN(len(others))]
		case folder == "whatsapp":
			entries[n] = fmt.Sprintf(`{"id":"31","changes":[{"field":"messages","value":{"metadata":{"display_phone_number":"15550100199","phone_number_id":"32"},
				"contacts":[{"profile":{"name":"Person %d"},"wa_id":"120255%06[1]d","user_id":"US.%[1]d"}],
				"messages":[{"from":"120255%06[1]d","from_user_id":"US.%[1]d","id":"wamid.%[2]d","timestamp":"17600%05[2]d","type":"text"}]}}]}`, person, n)
		default:
			entries[n] = fmt.Sprintf(`{"id":"31","messaging":[{"sender":{"id":"7%09d"},"timestamp":17600%05d123,"message":{"mid":"m_%[2]d"}}]}`, person, n)
		}
	}
	return []byte(`{"object":"` + object + `","entry":[` + strings.Join(entries, ",") + `]}`)
}

func TestThousandEvents(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"whatsapp", "messenger", "instagram"} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			body := thousand(t, rand.New(rand.NewPCG(*seed, 1)), folder)
			d := intaketest.Delivery{Folder: folder, Channel: intaketest.Channels()[folder], ContentType: json}
			name := fmt.Sprint("-webhook.seed ", *seed)
			outcome(t, remembered(t), d, body, name)
			st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "visitors.db"), nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			outcome(t, opened(t, st, "acme"), d, body, name)
		})
	}
}
