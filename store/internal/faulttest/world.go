package faulttest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// world is a small workspace with one of everything. Worlds differ only in their names and ids.
type world struct {
	*store.Workspace
	ada, ben, cleo visitor.ID
	dee            visitor.ID // was merged into cleo
	vip            tag.ID
	team, leads    group.ID // leads has a rule
	audience       store.Audience
	erased         store.Erasure
	plan, done     store.JobID // jobs, of which one was run
}

// adaByMail is an address of ada.
var adaByMail = consent.Subject{Channel: consent.Email, Address: "ada@example.com"}

// says returns what a person says about an address.
func says(s consent.Subject, topic string, state consent.State) consent.Entry {
	return consent.Entry{
		Subject: s, Topic: topic, State: state, Origin: consent.Person, At: start.Add(-time.Hour),
		Evidence: consent.Evidence{Kind: consent.ByForm, Wording: "I agree"},
	}
}

var worlds atomic.Int64

var start = time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)

// newWorld creates a world in a new workspace, with a fixed clock.
func newWorld(t testing.TB, st driver.Store) *world {
	t.Helper()
	return makeWorld(t, st, fmt.Sprintf("world-%d", worlds.Add(1)))
}

func makeWorld(t testing.TB, st driver.Store, name string) *world {
	t.Helper()
	ctx := context.Background()
	w := openWorld(t, st, name)
	ws := w.Workspace
	team, err := ws.CreateGroup(ctx, group.Draft{Name: "Team"})
	require.NoError(t, err)
	w.team = team.ID
	create := func(d visitor.Draft) visitor.ID {
		v, err := ws.Create(ctx, d)
		require.NoError(t, err)
		return v.ID
	}
	w.ada = create(visitor.Draft{
		Name: "Ada Lovelace", Email: "ada@example.com", Phone: "+5511987654321", Source: visitor.Instagram, Tags: []string{"vip", "lead"},
		Groups: []group.ID{w.team}, Identities: []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42", Username: "ada"}},
		Attributes: visitor.Attributes{"plan": visitor.Text("pro"), "score": visitor.Number(7)}, CreatedAt: start.Add(-3 * time.Hour),
	})
	w.ben = create(visitor.Draft{Name: "Ben", Source: visitor.Chat, Tags: []string{"lead"}, CreatedAt: start.Add(-2 * time.Hour)})
	w.cleo = create(visitor.Draft{Name: "Cleo", Email: "cleo@example.com", Source: visitor.Telegram, CreatedAt: start.Add(-time.Hour)})
	w.dee = create(visitor.Draft{
		Name: "Dee", Source: visitor.WhatsApp, Tags: []string{"lead"}, CreatedAt: start.Add(-time.Minute),
		Identities: []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "551188"}},
	})
	_, err = ws.Merge(ctx, w.cleo, w.dee)
	require.NoError(t, err)
	leads, err := ws.CreateGroup(ctx, group.Draft{Name: "Leads", Rule: filter.Tag.Has("lead")})
	require.NoError(t, err)
	w.leads = leads.ID
	for v := range ws.Tags(ctx) {
		if v.Name == "vip" {
			w.vip = v.ID
		}
	}
	return w
}

// withConsents adds a topic, a consent, an audience, an erasure and jobs to a world.
func (w *world) withConsents(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	_, err := w.PutTopic(ctx, consent.Topic{Key: "news", Label: "News"})
	require.NoError(t, err)
	_, err = w.RecordConsent(ctx, says(adaByMail, "news", consent.Granted))
	require.NoError(t, err)
	w.audience, err = w.CreateAudience(ctx, "Spring", filter.All(), consent.Request{Channel: consent.Email, Topic: "news"})
	require.NoError(t, err)
	eve, err := w.Create(ctx, visitor.Draft{Name: "Eve", Email: "eve@example.com", Source: visitor.Chat, CreatedAt: start.Add(-time.Second)})
	require.NoError(t, err)
	w.erased, err = w.Erase(ctx, eve.ID, "asked for it")
	require.NoError(t, err)
	for _, id := range []*store.JobID{&w.plan, &w.done} {
		j, err := w.Plan(ctx, store.Action{Kind: store.ActionUntag, Where: filter.All(), Tags: []string{"vip", "lead"}})
		require.NoError(t, err)
		*id = j.ID
	}
	_, err = w.RunJob(ctx, w.done)
	require.NoError(t, err)
	_, err = w.Tag(ctx, []string{"lead"}, w.ada)
	require.NoError(t, err)
	return w
}

// openWorld opens the workspace of a world whose ids do not matter.
func openWorld(t testing.TB, st driver.Store, name string) *world {
	t.Helper()
	ws, err := store.Open(st, name, &store.Options{Now: func() time.Time { return start }})
	require.NoError(t, err)
	return &world{Workspace: ws}
}

// snapshot describes the content of a world, without ids, so that it is equal for equal worlds.
func (w *world) snapshot(t testing.TB) string {
	t.Helper()
	text, err := w.draw(context.Background())
	require.NoError(t, err)
	return text
}

// draw returns a snapshot.
func (w *world) draw(ctx context.Context) (string, error) {
	var b strings.Builder
	names := map[any]string{}
	name := func(id any) string {
		if n, ok := names[id]; ok {
			return n
		}
		return "gone"
	}
	var merged []visitor.ID
	var audiences, jobs []string // in the order of random ids
	err := first(
		each(w.Tags(ctx), func(t tag.Tag) {
			names[t.ID] = t.Name
			fmt.Fprintln(&b, "tag", t.Name, t.Color, t.Description, t.CreatedAt)
		}),
		each(w.Groups(ctx), func(g group.Group) {
			names[g.ID] = g.Name
			fmt.Fprintln(&b, "group", g.Name, g.Description, g.Rule != nil)
		}),
		each(w.Topics(ctx), func(t consent.Topic) { fmt.Fprintln(&b, "topic", t) }),
		each(w.Audiences(ctx), func(a store.Audience) {
			audiences = append(audiences, fmt.Sprintln("audience", a.Name, a.Filter, a.Request, a.Count, a.Reasons, a.Complete))
		}),
		each(w.Jobs(ctx), func(j store.Job) {
			jobs = append(jobs, fmt.Sprintln("job", j.State, j.Action.Kind, j.Action.Filter, j.Action.Tags, j.Count, j.Expected, j.Progress, j.Undo, j.Cursor))
		}),
		each(w.Erasures(ctx), func(e store.Erasure) { fmt.Fprintln(&b, "erasure", e.At, e.Reason, e.Deleted, len(e.Hashes)) }),
		each(w.All(ctx, store.Query{Where: filter.All(), Order: store.NameAZ}), func(v visitor.Visitor) {
			names[v.ID] = v.Name
			fmt.Fprintln(&b, "visitor", describe(v, name))
		}),
		each(w.Events(ctx, 0), func(e store.Event) {
			if e.Kind == store.AudienceCreated || e.Kind == store.AudienceDeleted {
				e.Fields = nil // an id
			}
			if e.Kind == store.JobChanged {
				e.Fields = e.Fields[1:]
			}
			fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintln("event", e.Seq, e.Kind, e.Fields, namesOf(e.Tags, name), namesOf(e.Groups, name), e.Visitor != "", e.Actor, withoutID(e.Cause)), " \n"))
			if e.Other != "" {
				merged = append(merged, e.Other)
			}
		}),
	)
	slices.Sort(audiences)
	slices.Sort(jobs)
	b.WriteString(strings.Join(append(audiences, jobs...), ""))
	for _, id := range merged {
		v, failed := w.Get(ctx, id)
		if failed != nil && !errors.Is(failed, store.ErrNotFound) {
			err = first(err, failed)
		}
		fmt.Fprintln(&b, "merged", name(v.ID))
	}
	return b.String(), err
}

// describe returns a visitor as text, without ids.
func describe(v visitor.Visitor, name func(any) string) string {
	var b strings.Builder
	var added []string
	fmt.Fprint(&b, v.Name, "|", v.Email, "|", v.Phone, "|", v.Source, "|", v.Attributes, "|", v.CreatedAt, v.UpdatedAt, v.LastSeenAt, v.Revision)
	for _, s := range v.Consents {
		fmt.Fprint(&b, "|", s)
	}
	for _, h := range v.Health {
		fmt.Fprint(&b, "|", h)
	}
	for _, i := range v.Identities {
		fmt.Fprint(&b, "|", i.Source, i.Account, i.ExternalID, i.Username)
		if seen := i.FirstSeen; !seen.IsZero() {
			fmt.Fprint(&b, i.UsernameAt, seen, i.LastSeen)
		}
		if len(i.Inboxes) > 0 {
			fmt.Fprint(&b, " in ", i.Inboxes, i.InboxTimes)
		}
	}
	for _, a := range v.Tags {
		fmt.Fprint(&b, "|", a.Name, a.At, a.Actor, withoutID(a.Cause))
	}
	if len(v.Provenance) > 0 {
		for _, field := range slices.Sorted(maps.Keys(v.Provenance)) {
			o := v.Provenance[field]
			fmt.Fprint(&b, "|", field, " from ", o.Source, o.Account, o.ExternalID, " ", o.At, " unverified ", o.Unverified, o.Changed, o.Placeholder)
		}
	}
	fmt.Fprint(&b, "|in ", namesOf(v.Groups(), name), " not ", namesOf(v.Excluded, name))
	for _, m := range v.Memberships {
		if m != (visitor.Membership{Group: m.Group}) { // it was added in schema version 3 or later
			added = append(added, fmt.Sprint("|", name(m.Group), m.At, m.Actor, withoutID(m.Cause)))
		}
	}
	slices.Sort(added)
	b.WriteString(strings.Join(added, ""))
	return b.String()
}

// withoutID returns a cause without the id of a job.
func withoutID(cause string) string {
	kind, _, _ := strings.Cut(cause, ":")
	return kind
}

// namesOf returns sorted names, since the order of ids differs between worlds.
func namesOf[T any](ids []T, name func(any) string) []string {
	var names []string
	for _, id := range ids {
		names = append(names, name(id))
	}
	slices.Sort(names)
	return names
}

// describeFacets returns facets as text, without ids.
func describeFacets(f store.Facets) string {
	var b strings.Builder
	fmt.Fprint(&b, f.Total)
	for _, s := range f.Sources {
		fmt.Fprint(&b, " ", s.Source, s.Count)
	}
	for _, t := range f.Tags {
		fmt.Fprint(&b, " ", t.Tag.Name, t.Count)
	}
	for _, g := range f.Groups {
		fmt.Fprint(&b, " ", g.Group.Name, g.Count)
	}
	return b.String()
}

// each calls do for each item of a list.
func each[T any](list iter.Seq2[T, error], do func(T)) error {
	for item, err := range list {
		if err != nil {
			return err
		}
		do(item)
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
