package faulttest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// method calls a method of Workspace that uses the store, on a world. The result is described
// without ids, so that it is the same in every world.
type method struct {
	name     string
	writes   bool
	consents bool // needs a world with consents
	call     func(context.Context, *world) (string, error)
}

// world returns a new world that the method can be called on.
func (m method) world(t testing.TB, st driver.Store) *world {
	w := newWorld(t, st)
	if m.consents {
		w.withConsents(t)
	}
	return w
}

// withoutStore lists the methods that do not use the store.
var withoutStore = []string{"ID", "Sources", "WithActor", "Check", "UnsubscribeToken", "ReadToken"}

func ptr[T any](v T) *T { return &v }

func brief(v visitor.Visitor) string {
	return describe(v, func(any) string { return "a group" })
}

func bulk(b store.Bulk, err error) (string, error) {
	return fmt.Sprint(b.Changed, b.Unchanged, len(b.Missing)), err
}

// unknown is a contact of a new person.
var unknown = visitor.Contact{
	Source: visitor.Telegram, Account: "bot", ExternalID: "77", Name: "Hana", Username: "hana", Email: "hana@example.com",
	Tags: []string{"vip", "brand new"}, Attributes: visitor.Attributes{"plan": visitor.Text("free")}, EventID: "1", OccurredAt: start.Add(-time.Minute),
}

// methods returns all methods that use the store. Those that write change something.
func methods() []method {
	return []method{
		{"Create", true, false, func(ctx context.Context, w *world) (string, error) {
			v, err := w.Create(ctx, visitor.Draft{
				Name: "Dora", Email: "dora@example.com", Source: visitor.WhatsApp, Tags: []string{"vip", "brand new"}, Groups: []group.ID{w.team, w.leads},
				Identities: []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "551199"}},
				Attributes: visitor.Attributes{"plan": visitor.Text("free")},
			})
			return brief(v), err
		}},
		{"Get", false, false, func(ctx context.Context, w *world) (string, error) {
			v, err := w.Get(ctx, w.ada)
			return brief(v), err
		}},
		{"Update", true, false, func(ctx context.Context, w *world) (string, error) {
			v, err := w.Update(ctx, w.ada, visitor.Patch{Name: ptr("Ada King"), Set: visitor.Attributes{"plan": visitor.Text("team")}, Unset: []string{"score"}})
			return brief(v), err
		}},
		{"Delete", true, false, func(ctx context.Context, w *world) (string, error) { return bulk(w.Delete(ctx, w.ada, w.ben)) }},
		{"Find", false, false, func(ctx context.Context, w *world) (string, error) {
			page, err := w.Find(ctx, store.Query{Where: filter.And(filter.Tag.Has("lead"), filter.Search("a")), Order: store.NewestFirst, Limit: 1})
			var names []string
			for _, v := range page.Visitors {
				names = append(names, brief(v))
			}
			return fmt.Sprint(names, page.Next != ""), err
		}},
		{"All", false, false, func(ctx context.Context, w *world) (string, error) {
			var names []string
			err := each(w.All(ctx, store.Query{Where: filter.All(), Order: store.NameAZ, Limit: 2}), func(v visitor.Visitor) { names = append(names, brief(v)) })
			return strings.Join(names, " "), err
		}},
		{"Count", false, false, func(ctx context.Context, w *world) (string, error) {
			n, err := w.Count(ctx, filter.Group.Has("leads"))
			return fmt.Sprint(n), err
		}},
		{"CountUpTo", false, false, func(ctx context.Context, w *world) (string, error) {
			n, err := w.CountUpTo(ctx, filter.Not(filter.Tag.Has("vip")), 1)
			return fmt.Sprint(n), err
		}},
		{"Facets", false, false, func(ctx context.Context, w *world) (string, error) {
			f, err := w.Facets(ctx, filter.Not(filter.Tag.Has("vip")))
			return describeFacets(f), err
		}},
		{"Explain", false, false, func(ctx context.Context, w *world) (string, error) {
			why, err := w.Explain(ctx, w.ada, filter.And(filter.Tag.Has("vip"), filter.Group.Has("leads")))
			return fmt.Sprint(why.Matches), err
		}},
		{"Bind", false, false, func(ctx context.Context, w *world) (string, error) {
			bound, err := w.Bind(ctx, filter.And(filter.Not(filter.Tag.Has("vip")), filter.Not(filter.Group.Has("leads"))))
			return fmt.Sprint(err == nil && bound.Match(&visitor.Visitor{Name: "Ada"})), err
		}},
		{"Lint", false, false, func(ctx context.Context, w *world) (string, error) {
			warnings, err := w.Lint(ctx, filter.And(filter.Tag.Has("vip"), filter.Tag.Has("vip"), filter.Group.Has("leads")))
			return fmt.Sprint(len(warnings)), err
		}},
		{"Tag", true, false, func(ctx context.Context, w *world) (string, error) {
			return bulk(w.Tag(ctx, []string{"vip", "brand new"}, w.ada, w.ben))
		}},
		{"Untag", true, false, func(ctx context.Context, w *world) (string, error) {
			return bulk(w.Untag(ctx, []string{"vip", "lead"}, w.ada, w.cleo))
		}},
		{"CreateTag", true, false, func(ctx context.Context, w *world) (string, error) {
			t, err := w.CreateTag(ctx, tag.Draft{Name: "Newsletter"})
			return t.Name, err
		}},
		{"UpdateTag", true, false, func(ctx context.Context, w *world) (string, error) {
			t, err := w.UpdateTag(ctx, w.vip, tag.Patch{Name: ptr("Very Important")})
			return t.Name, err
		}},
		{"DeleteTag", true, false, func(ctx context.Context, w *world) (string, error) { return "", w.DeleteTag(ctx, w.vip) }},
		{"Tags", false, false, func(ctx context.Context, w *world) (string, error) {
			var names []string
			err := each(w.Tags(ctx), func(t tag.Tag) { names = append(names, t.Name) })
			return strings.Join(names, " "), err
		}},
		{"CreateGroup", true, false, func(ctx context.Context, w *world) (string, error) {
			g, err := w.CreateGroup(ctx, group.Draft{Name: "Board", Rule: filter.Tag.Has("vip")})
			return g.Name, err
		}},
		{"UpdateGroup", true, false, func(ctx context.Context, w *world) (string, error) {
			g, err := w.UpdateGroup(ctx, w.leads, group.Patch{Name: ptr("Prospects"), Rule: filter.Tag.Has("vip")})
			return g.Name, err
		}},
		{"DeleteGroup", true, false, func(ctx context.Context, w *world) (string, error) { return "", w.DeleteGroup(ctx, w.team) }},
		{"Groups", false, false, func(ctx context.Context, w *world) (string, error) {
			var names []string
			err := each(w.Groups(ctx), func(g group.Group) { names = append(names, g.Name) })
			return strings.Join(names, " "), err
		}},
		{"AddToGroup", true, false, func(ctx context.Context, w *world) (string, error) {
			return bulk(w.AddToGroup(ctx, w.team, w.ada, w.cleo))
		}},
		{"RemoveFromGroup", true, false, func(ctx context.Context, w *world) (string, error) {
			return bulk(w.RemoveFromGroup(ctx, w.leads, w.ada, w.cleo))
		}},
		{"WatchGroup", true, false, func(ctx context.Context, w *world) (string, error) {
			return "", w.WatchGroup(ctx, w.leads, true, nil)
		}},
		{"WatchedGroups", false, false, func(ctx context.Context, w *world) (string, error) {
			ids, err := w.WatchedGroups(ctx)
			return fmt.Sprint(len(ids)), err
		}},
		{"Advance", false, false, func(ctx context.Context, w *world) (string, error) { // with watched groups: see storetest
			done, err := w.Advance(ctx, start)
			return fmt.Sprint(done), err
		}},
		{"PreviewRule", false, false, func(ctx context.Context, w *world) (string, error) {
			p, err := w.PreviewRule(ctx, w.leads, filter.Tag.Has("vip"))
			return fmt.Sprint(p), err
		}},
		{"UpcomingChanges", false, false, func(ctx context.Context, w *world) (string, error) {
			n := 0
			err := each(w.UpcomingChanges(ctx, w.leads, start.Add(time.Hour)), func(store.UpcomingChange) { n++ })
			return fmt.Sprint(n), err
		}},
		{"Subscribe", false, false, func(ctx context.Context, w *world) (string, error) {
			for e, err := range w.Subscribe(ctx, 1) {
				return string(e.Kind), err
			}
			return "", ctx.Err()
		}},
		{"Events", false, false, func(ctx context.Context, w *world) (string, error) {
			var kinds []string
			err := each(w.Events(ctx, 0), func(e store.Event) { kinds = append(kinds, string(e.Kind)) })
			return strings.Join(kinds, " "), err
		}},
		{"EventsOf", false, false, func(ctx context.Context, w *world) (string, error) {
			var kinds []string
			err := each(w.EventsOf(ctx, w.dee), func(e store.Event) { kinds = append(kinds, string(e.Kind)) })
			return strings.Join(kinds, " "), err
		}},
		{"Capture", true, false, func(ctx context.Context, w *world) (string, error) {
			r, err := w.Capture(ctx, unknown)
			return fmt.Sprint(brief(r.Visitor), r.Outcome, r.Reason), err
		}},
		{"CaptureAll", true, false, func(ctx context.Context, w *world) (string, error) {
			all, err := w.CaptureAll(ctx, []visitor.Contact{unknown, {Source: visitor.WhatsApp, ExternalID: "551188"}})
			text := ""
			for _, r := range all {
				text += fmt.Sprintln(brief(r.Visitor), r.Outcome, r.Reason, r.Err)
			}
			return text, err
		}},
		{"CaptureInTx", true, false, func(ctx context.Context, w *world) (string, error) {
			var n int
			all, err := w.CaptureInTx(ctx, []visitor.Contact{unknown}, func(tx *sql.Tx, _ []store.Captured) error {
				return tx.QueryRowContext(ctx, "SELECT count(*) FROM visitors_visitor WHERE ws = '"+string(w.ID())+"'").Scan(&n)
			})
			text := fmt.Sprint(n)
			for _, r := range all {
				text += fmt.Sprint(brief(r.Visitor), r.Outcome, r.Reason)
			}
			return text, err
		}},
		{"Capture of a known person", true, false, func(ctx context.Context, w *world) (string, error) {
			r, err := w.Capture(ctx, visitor.Contact{Source: visitor.Telegram, Account: "bot", ExternalID: "42", Phone: "+5511900000001", Tags: []string{"vip", "brand new"}, EventID: "2"})
			return fmt.Sprint(brief(r.Visitor), r.Outcome, r.Reason), err
		}},
		{"Capture that only updates last seen", true, false, func(ctx context.Context, w *world) (string, error) {
			r, err := w.Capture(ctx, visitor.Contact{Source: visitor.WhatsApp, ExternalID: "551188"})
			return fmt.Sprint(brief(r.Visitor), r.Outcome, r.Reason), err
		}},
		{"Capture that merges", true, false, func(ctx context.Context, w *world) (string, error) {
			r, err := w.Capture(ctx, visitor.Contact{
				Source: visitor.Telegram, Account: "bot", ExternalID: "42", EventID: "4",
				AlternateIDs: []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "551188"}},
			})
			return fmt.Sprint(brief(r.Visitor), r.Outcome, r.Reason), err
		}},
		{"EnrichProfile", true, false, func(ctx context.Context, w *world) (string, error) {
			r, err := w.EnrichProfile(ctx, visitor.Contact{Source: visitor.Telegram, Account: "bot", ExternalID: "42"},
				func(_ context.Context, c visitor.Contact) (visitor.Contact, error) {
					c.Username = "ada_lovelace"
					return c, nil
				})
			return fmt.Sprint(brief(r.Visitor), r.Outcome, r.Reason), err
		}},
		{"Lookup", false, false, func(ctx context.Context, w *world) (string, error) {
			v, err := w.Lookup(ctx, visitor.Telegram, "bot", "42")
			return brief(v), err
		}},
		{"Merge", true, false, func(ctx context.Context, w *world) (string, error) {
			v, err := w.Merge(ctx, w.ben, w.ada)
			return brief(v), err
		}},
		{"PreviewMerge", false, false, func(ctx context.Context, w *world) (string, error) {
			p, err := w.PreviewMerge(ctx, w.ada, w.dee)
			return fmt.Sprint(brief(p.Result), p.Conflicts), err
		}},
		{"Unmerge", true, false, func(ctx context.Context, w *world) (string, error) {
			survivor, restored, err := w.Unmerge(ctx, w.dee)
			return brief(survivor) + brief(restored), err
		}},
		{"Link", true, false, func(ctx context.Context, w *world) (string, error) {
			v, err := w.Link(ctx, w.dee, visitor.Identity{Source: visitor.Chat, Account: "site", ExternalID: "c:1"})
			return brief(v), err
		}},
		{"Unlink", true, false, func(ctx context.Context, w *world) (string, error) {
			v, err := w.Unlink(ctx, w.ada, visitor.Identity{Source: visitor.Telegram, Account: "bot", ExternalID: "42"})
			return brief(v), err
		}},
		{"Duplicates", false, false, func(ctx context.Context, w *world) (string, error) {
			var pairs []string
			err := each(w.Duplicates(ctx), func(d store.Duplicate) { pairs = append(pairs, fmt.Sprint(brief(d.A), brief(d.B), d.Score)) })
			return strings.Join(pairs, " "), err
		}},
		{"Load", true, false, func(ctx context.Context, w *world) (string, error) {
			// Those before a refused draft are created in a transaction of their own, so it comes first.
			done, err := w.Load(ctx, sequence([]visitor.Draft{
				{Name: "Fay", Source: visitor.Telegram, Identities: []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42"}}},
				{Name: "Emil", Source: visitor.Chat, Tags: []string{"imported"}},
				{Name: "Gus", Source: visitor.Chat, Tags: []string{"imported", "vip"}},
			}), nil)
			return fmt.Sprint(done.Created, done.Refused), err
		}},
		{"Topics", false, true, func(ctx context.Context, w *world) (string, error) {
			var keys []string
			err := each(w.Topics(ctx), func(t consent.Topic) { keys = append(keys, t.Key) })
			return fmt.Sprint(keys), err
		}},
		{"PutTopic", true, true, func(ctx context.Context, w *world) (string, error) {
			t, err := w.PutTopic(ctx, consent.Topic{Key: "offers", Default: consent.OptOut})
			return fmt.Sprint(t), err
		}},
		{"DeleteTopic", true, true, func(ctx context.Context, w *world) (string, error) {
			deleted, err := w.DeleteTopic(ctx, "news")
			return fmt.Sprint(deleted), err
		}},
		{"RecordConsent", true, true, func(ctx context.Context, w *world) (string, error) {
			statuses, err := w.RecordConsent(ctx, says(adaByMail, "", consent.Denied),
				says(consent.Subject{Channel: consent.SMS, Address: "+14155550123"}, "news", consent.Granted))
			return fmt.Sprint(statuses), err
		}},
		{"ReportHealth", true, true, func(ctx context.Context, w *world) (string, error) {
			health, err := w.ReportHealth(ctx, consent.HealthReport{Subject: adaByMail, State: consent.HardBounce, At: start})
			return fmt.Sprint(health), err
		}},
		{"RecordSignals", true, true, func(ctx context.Context, w *world) (string, error) {
			blocked := consent.HealthReport{Subject: consent.Subject{Channel: consent.Telegram, Sender: "bot", Address: "42"}, State: consent.Blocked, At: start}
			refused, err := w.RecordSignals(ctx, []store.Signal{{Health: &blocked}})
			return fmt.Sprint(refused), err
		}},
		{"CanContact", false, true, func(ctx context.Context, w *world) (string, error) {
			d, err := w.CanContact(ctx, w.ada, consent.Request{Channel: consent.Email, Topic: "news"})
			return fmt.Sprint(d), err
		}},
		{"Decisions", false, true, func(ctx context.Context, w *world) (string, error) {
			d, err := w.Decisions(ctx, w.ada, consent.Request{Channel: consent.Email}, consent.Request{Channel: consent.Email, Topic: "news"})
			return fmt.Sprint(d), err
		}},
		{"ConsentHistory", false, true, func(ctx context.Context, w *world) (string, error) {
			entries, reports, err := w.ConsentHistory(ctx, w.ada)
			return fmt.Sprint(entries, reports), err
		}},
		{"StatusOf", false, true, func(ctx context.Context, w *world) (string, error) {
			statuses, err := w.StatusOf(ctx, adaByMail)
			return fmt.Sprint(statuses), err
		}},
		{"Erase", true, true, func(ctx context.Context, w *world) (string, error) {
			e, err := w.Erase(ctx, w.ada, "asked for it")
			return fmt.Sprint(e.At, e.Reason, e.Deleted, len(e.Hashes)), err
		}},
		{"Erasure", false, true, func(ctx context.Context, w *world) (string, error) {
			e, err := w.Erasure(ctx, w.erased.Visitor)
			return fmt.Sprint(e.At, e.Reason, e.Deleted, len(e.Hashes)), err
		}},
		{"Erasures", false, true, func(ctx context.Context, w *world) (string, error) {
			n := 0
			err := each(w.Erasures(ctx), func(store.Erasure) { n++ })
			return fmt.Sprint(n), err
		}},
		{"Reapply", false, true, func(ctx context.Context, w *world) (string, error) { // it is in effect
			n, err := w.Reapply(ctx, w.erased)
			return fmt.Sprint(n), err
		}},
		{"CreateAudience", true, true, func(ctx context.Context, w *world) (string, error) {
			a, err := w.CreateAudience(ctx, "Summer", filter.Tag.Has("lead"), consent.Request{Channel: consent.Email, Topic: "news"})
			return fmt.Sprint(a.Count, a.Matching, a.Reasons), err
		}},
		{"Audience", false, true, func(ctx context.Context, w *world) (string, error) {
			a, err := w.Audience(ctx, w.audience.ID)
			return fmt.Sprint(a.Count, a.Matching, a.Reasons), err
		}},
		{"Audiences", false, true, func(ctx context.Context, w *world) (string, error) {
			n := 0
			err := each(w.Audiences(ctx), func(store.Audience) { n++ })
			return fmt.Sprint(n), err
		}},
		{"Recipients", false, true, func(ctx context.Context, w *world) (string, error) {
			var to []string
			err := each(w.Recipients(ctx, w.audience.ID), func(r store.Recipient) { to = append(to, fmt.Sprint(r.Decision)) })
			return fmt.Sprint(to), err
		}},
		{"VerifyAudience", false, true, func(ctx context.Context, w *world) (string, error) { return "", w.VerifyAudience(ctx, w.audience) }},
		{"DeleteAudience", true, true, func(ctx context.Context, w *world) (string, error) {
			deleted, err := w.DeleteAudience(ctx, w.audience.ID)
			return fmt.Sprint(deleted), err
		}},
		{"Plan", true, true, func(ctx context.Context, w *world) (string, error) {
			j, err := w.Plan(ctx, store.Action{Kind: store.ActionTag, Where: filter.Tag.Has("lead"), Tags: []string{"vip", "brand new"}})
			return fmt.Sprint(j.Count, j.Expected, j.Warnings), err
		}},
		{"RunJob", true, true, func(ctx context.Context, w *world) (string, error) {
			j, err := w.RunJob(ctx, w.plan)
			return fmt.Sprint(j.State, j.Progress), err
		}},
		{"CancelJob", true, true, func(ctx context.Context, w *world) (string, error) {
			j, err := w.CancelJob(ctx, w.plan)
			return fmt.Sprint(j.State), err
		}},
		{"UndoJob", true, true, func(ctx context.Context, w *world) (string, error) {
			j, err := w.UndoJob(ctx, w.done)
			return fmt.Sprint(j.State, j.Undo), err
		}},
		{"Job", false, true, func(ctx context.Context, w *world) (string, error) {
			j, err := w.Job(ctx, w.done)
			return fmt.Sprint(j.State, j.Progress), err
		}},
		{"Jobs", false, true, func(ctx context.Context, w *world) (string, error) {
			n := 0
			err := each(w.Jobs(ctx), func(store.Job) { n++ })
			return fmt.Sprint(n), err
		}},
		{"JobVisitors", false, true, func(ctx context.Context, w *world) (string, error) {
			n := 0
			err := each(w.JobVisitors(ctx, w.done), func(visitor.ID) { n++ })
			return fmt.Sprint(n), err
		}},
		{"DeleteJob", true, true, func(ctx context.Context, w *world) (string, error) {
			deleted, err := w.DeleteJob(ctx, w.done)
			return fmt.Sprint(deleted), err
		}},
		{"DeleteOldJobs", false, true, func(ctx context.Context, w *world) (string, error) { // none is old
			n, err := w.DeleteOldJobs(ctx)
			return fmt.Sprint(n), err
		}},
		{"ResumeJobs", false, true, func(ctx context.Context, w *world) (string, error) { // none was interrupted
			n, err := w.ResumeJobs(ctx)
			return fmt.Sprint(n), err
		}},
	}
}
