package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// contact is what a message on Telegram tells.
func (m *maker) contact(id, name string) visitor.Contact {
	at := m.now()
	return visitor.Contact{
		Source: visitor.Telegram, ExternalID: id, Name: name, EventID: fmt.Sprintf("event-%d", at.UnixMicro()), OccurredAt: at,
	}
}

// capture returns the change that takes c in.
func (m *maker) capture(c visitor.Contact, tags ...tag.Tag) store.CaptureContact {
	at := m.now()
	return store.CaptureContact{ID: visitor.ID(m.id(at)), Contact: c, Tags: tags, At: at, By: "bot", Cause: "message"}
}

// captured takes c in, in the neighbour first.
func (r *room) captured(c visitor.Contact, tags ...tag.Tag) store.Outcome {
	r.Helper()
	return r.given(r.capture(c, tags...))[0]
}

var capturePromises = []promise{
	{
		name: "a contact makes a visitor, and the next one finds it",
		why:  "Whoever writes on a channel is one person, whatever else is told.",
		keep: func(r *room) {
			hot := r.tag("hot-lead")
			c := r.contact("9007199254740993", "Ada")
			c.Email, c.Phone, c.Username = "ada@example.com", "+5511987654321", "ada"
			c.Attributes = visitor.Attributes{"city": visitor.Text("São Paulo")}
			change := r.capture(c, hot)
			out := r.given(change)[0]
			r.same("effect", out.Effect, store.Created)
			r.same("reason", out.Reason, store.NewPerson)
			v := out.Visitor
			r.same("the visitor", r.get(v.ID), v)
			r.same("id and source", []string{string(v.ID), string(v.Source), v.Name, v.Email, v.Phone}, []string{string(change.ID), "telegram", "Ada", "ada@example.com", "+5511987654321"})
			r.same("last seen", v.LastSeenAt, c.OccurredAt)
			r.same("identities", v.Identities, []visitor.Identity{{
				Source: visitor.Telegram, ExternalID: "9007199254740993", Username: "ada",
				UsernameAt: c.OccurredAt, FirstSeen: c.OccurredAt, LastSeen: c.OccurredAt,
			}})
			told := visitor.Origin{At: c.OccurredAt, Source: visitor.Telegram, ExternalID: "9007199254740993"}
			r.same("origins", v.Origins, visitor.Origins{"name": told, "email": told, "phone": told, "attr.city": told})
			r.same("found by what was told", r.matches(filter.And(filter.Search("sao"), filter.All())), "")
			for _, e := range []filter.Expr{
				filter.Search("ada@"), filter.Tag.Has("hot-lead"), filter.Identity.Is(visitor.Telegram, "", "9007199254740993"),
				filter.Attr("city").Is("são paulo"), filter.Phone.HasPrefix("+55"), filter.Source.Is(visitor.Telegram),
			} {
				r.same("visitors found", r.matches(e), "Ada")
			}
			again := r.contact("9007199254740993", "Ada")
			out = r.captured(again)
			r.same("effect", out.Effect, store.Seen)
			r.same("reason", out.Reason, store.SameIdentity)
			r.same("last seen", r.get(v.ID).LastSeenAt, again.OccurredAt)
			r.same("revision", r.get(v.ID).Revision, int64(1))
			r.same("visitors", r.count(filter.All()), int64(1))
		},
	},
	{
		name: "an event that was taken in changes nothing more",
		why:  "Channels send again what they are not sure has arrived, also after a tag was taken off or the visitor was deleted.",
		keep: func(r *room) {
			hot := r.tag("hot-lead")
			c := r.contact("42", "Ada")
			v := r.captured(c, hot).Visitor
			r.must(store.RemoveTags{ID: v.ID, Tags: keys(hot), At: r.now()})
			before := r.dump(r.ws)
			out := r.must(r.capture(c, hot))[0]
			r.same("effect", out.Effect, store.Unchanged)
			r.same("reason", out.Reason, store.SeenBefore)
			r.same("the workspace", r.dump(r.ws), before)
			r.must(store.DeleteVisitor{ID: v.ID, At: r.now()})
			before = r.dump(r.ws)
			r.same("reason", r.must(r.capture(c, hot))[0].Reason, store.SeenBefore)
			r.same("the workspace without the visitor", r.dump(r.ws), before)
			r.same("effect of another event", r.captured(r.contact("42", "Ada")).Effect, store.Created)
		},
	},
	{
		name: "what channels tell goes by when it happened, not by when it came",
		why:  "Deliveries overtake each other; a name of last week must not replace today's.",
		keep: func(r *room) {
			first, second, third := r.contact("42", "Ada"), r.contact("42", "Ada L."), r.contact("42", "Ada Lovelace")
			first.Email, second.Email, third.Email = "one@example.com", "two@example.com", "three@example.com"
			first.Username, third.Username = "ada", "lovelace"
			for _, order := range [][]visitor.Contact{{first, second, third}, {third, second, first}, {second, third, first}, {third, first, second}} {
				inner := r.enter(r.reporter)
				for _, c := range order {
					inner.captured(c)
				}
				v := inner.visitors(inner.ws)[0]
				r.same("name, by the last", v.Name, "Ada Lovelace")
				r.same("e-mail, by the first", v.Email, "one@example.com")
				r.same("username", v.Identities[0].Username, "lovelace")
				r.same("first seen", v.Identities[0].FirstSeen, first.OccurredAt)
				r.same("last seen", v.LastSeenAt, third.OccurredAt)
			}
		},
	},
	{
		name: "what was set by hand stays",
		why:  "Somebody knew better than the channel.",
		keep: func(r *room) {
			c := r.contact("42", "Ada")
			c.Email = "old@example.com"
			v := r.captured(c).Visitor
			r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Countess"), Email: ptr("")}, At: r.now()})
			late := c
			late.EventID, late.Name, late.Email = "late", "Ada", "old@example.com"
			r.captured(late)
			r.same("after an event of before", []string{r.get(v.ID).Name, r.get(v.ID).Email}, []string{"Countess", ""})
			now := r.contact("42", "Ada K.")
			now.Email = "new@example.com"
			r.captured(now)
			r.same("after an event of after", []string{r.get(v.ID).Name, r.get(v.ID).Email}, []string{"Countess", "new@example.com"})
			always := r.capture(r.contact("42", "Ada K."))
			always.Policy.Name = visitor.Always
			r.effects(r.given(always), store.Updated)
			r.same("where the channel goes before", r.get(v.ID).Name, "Ada K.")
		},
	},
	{
		name: "a visitor without a name has a made-up one until a real one is told",
		why:  "A list of nameless rows helps nobody, and a made-up name must not be taken for a real one.",
		keep: func(r *room) {
			v := r.captured(r.contact("42", "")).Visitor
			r.same("made up", v.Placeholder() && v.Name != "", true)
			r.same("found by it", r.matches(filter.Search(v.Name)), v.Name)
			named := r.contact("42", "Ada")
			named.OccurredAt = v.LastSeenAt.Add(-time.Hour)
			r.captured(named)
			v = r.get(v.ID)
			r.same("name", v.Name, "Ada")
			r.same("made up", v.Placeholder(), false)
		},
	},
	{
		name: "an event that makes no visitor changes who is there",
		why:  "An edited message or a fetched profile is no conversation begun.",
		keep: func(r *room) {
			c := r.contact("42", "Ada")
			c.Known = true
			before := r.dump(r.ws)
			out := r.must(r.capture(c, r.tag("hot")))[0]
			r.same("effect", out.Effect, store.Missing)
			r.same("the workspace", r.dump(r.ws), before)
			v := r.captured(r.contact("42", "")).Visitor
			r.same("reason, of the same event again", r.must(r.capture(c))[0].Reason, store.SeenBefore)
			c.EventID += " another"
			r.same("effect", r.captured(c).Effect, store.Updated)
			r.same("name", r.get(v.ID).Name, "Ada")
			r.same("last seen", r.get(v.ID).LastSeenAt, v.LastSeenAt)
		},
	},
	{
		name: "each capture that has an effect is one event",
		why:  "Whoever follows the events must learn of all that changes.",
		keep: func(r *room) {
			hot := r.tag("hot")
			first := r.capture(r.contact("42", "Ada"), hot)
			r.given(first)
			named := r.contact("42", "Ada L.")
			named.Email = "ada@example.com"
			r.given(r.capture(named), r.capture(r.contact("42", "Ada L.")), r.capture(r.contact("42", "Ada L."), r.tag("vip")))
			var kinds, fields []string
			for _, e := range r.events(r.ws, 0) {
				kinds = append(kinds, string(e.Kind))
				fields = append(fields, fmt.Sprint(e.Fields, len(e.Tags)))
			}
			r.same("kinds", kinds, []string{"tag.created", "visitor.created", "visitor.updated", "visitor.seen", "tag.created", "visitor.tagged"})
			r.same("fields", fields, []string{"[] 1", "[] 1", "[email name] 0", "[] 0", "[] 1", "[] 1"})
		},
	},
	{
		name: "a capture that cannot be is refused whole",
		why:  "Half of an event is worse than none.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			v.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
			var tags []tag.Tag
			var changes []store.Change
			for i := range visitor.MaxTags {
				tags = append(tags, r.tag(fmt.Sprint("tag ", i)))
				changes = append(changes, store.CreateTag{Tag: tags[i]})
			}
			r.given(append(changes, create(v, tags...))...)
			if err := r.unchanged(r.capture(r.contact("42", "Eve"), r.tag("one more"))); err == nil {
				r.Errorf("no error, want that there are too many tags")
			}
		},
	},
	{
		name: "captures at once make one visitor",
		why:  "A person sends five messages in a second, and they come by five connections.",
		keep: func(r *room) {
			for round := range r.effort.rounds {
				const senders = 16
				changes := make([]store.CaptureContact, senders)
				for i := range changes {
					changes[i] = r.capture(r.contact(fmt.Sprint("person ", round), "Ada"), r.tag("hot"))
				}
				outcomes, errs := make([]store.Outcome, senders), make([]error, senders)
				var all sync.WaitGroup
				for i, c := range changes {
					all.Go(func() {
						var out []store.Outcome
						if out, errs[i] = r.apply(c); errs[i] == nil {
							outcomes[i] = out[0]
						}
					})
				}
				all.Wait()
				made := 0
				for i, out := range outcomes {
					if errs[i] != nil {
						r.Fatalf("capture: %v", errs[i])
					}
					if out.Effect == store.Created {
						made++
					}
					r.same("the visitor", out.Visitor.ID, outcomes[0].Visitor.ID)
				}
				r.same("visitors made", made, 1)
				r.same("visitors", r.count(filter.All()), int64(round+1))
			}
		},
	},
	{
		name: "tags and groups stay as they were",
		why:  "A message is no reason to forget what somebody decided.",
		keep: func(r *room) {
			team := r.group("Team", nil)
			r.given(store.CreateGroup{Group: team})
			v := r.captured(r.contact("42", "Ada"), r.tag("hot")).Visitor
			r.given(store.JoinGroup{Group: team.ID, ID: v.ID, At: r.now()})
			r.captured(r.contact("42", "Ada L."))
			v = r.get(v.ID)
			r.same("groups", v.Groups, []group.ID{team.ID})
			r.same("tags", len(v.Tags), 1)
			r.same("by", v.Tags[0].By+" "+v.Tags[0].Cause, "bot message")
		},
	},
}
