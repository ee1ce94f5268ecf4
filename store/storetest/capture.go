package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// contact returns the contact of a message on Telegram.
func (m *maker) contact(id, name string) visitor.Contact {
	at := m.now()
	return visitor.Contact{
		Source: visitor.Telegram, ExternalID: id, Name: name, EventID: fmt.Sprintf("event-%d", at.UnixMicro()), OccurredAt: at,
	}
}

// capture returns the change that captures c.
func (m *maker) capture(c visitor.Contact, tags ...tag.Tag) driver.CaptureContact {
	at := m.now()
	return driver.CaptureContact{ID: visitor.ID(m.id(at)), Contact: c, Tags: tags, Audit: driver.Audit{At: at, Actor: "bot", Cause: "message"}}
}

// captured captures c, in the neighbour first.
func (f *fixture) captured(c visitor.Contact, tags ...tag.Tag) driver.Outcome {
	f.Helper()
	return f.given(f.capture(c, tags...))[0]
}

var capturePromises = []promise{
	{"a contact creates a visitor, and the next contact finds it", "Messages of one person on one channel belong to one visitor.", checkCaptureCreatesThenFinds},
	{"an event that was processed before changes nothing", "Channels retry deliveries, also after a tag was removed or the visitor was deleted.", checkCaptureOnce},
	{"captured values depend on when events happened, not on when they arrived", "Deliveries overtake each other; a name of last week must not replace today's.", checkCaptureOrder},
	{"a capture does not replace what was edited by hand", "An operator's correction is better information than the channel's.", checkCaptureKeepsEdits},
	{"a visitor without a name has a placeholder until a name is known", "A list of nameless rows is useless, and a placeholder must not be mistaken for a name.", checkCapturePlaceholderName},
	{"a contact of a known person only never creates a visitor", "An edited message or a fetched profile does not start a conversation.", checkCaptureKnownOnly},
	{"each capture that has an effect appends one event", "Readers of events must see every change.", checkCaptureEvents},
	{"a capture that exceeds a limit changes nothing", "Half of a message's data is worse than none.", checkCaptureRefused},
	{"concurrent captures of one person create one visitor", "A person sends five messages in a second, and they arrive on five connections.", checkCaptureConcurrently},
	{"an identity keeps the inboxes that received its events, newest first", "The business may write only from a number that the person wrote to.", checkCaptureInboxes},
	{"a capture keeps tags and groups", "A message is no reason to lose what an operator decided.", checkCaptureKeepsTagsAndGroups},
}

func checkCaptureCreatesThenFinds(f *fixture) {
	hot := f.tag("hot-lead")
	c := f.contact("9007199254740993", "Ada")
	c.Email, c.Phone, c.Username = "ada@example.com", "+5511987654321", "ada"
	c.Attributes = visitor.Attributes{"city": visitor.Text("São Paulo")}
	change := f.capture(c, hot)
	out := f.given(change)[0]
	f.same("effect", out.Effect, driver.Created)
	f.same("reason", out.Reason, driver.NewPerson)
	v := *out.Visitor
	f.same("the visitor", f.get(v.ID), v)
	f.same("id and source", []string{string(v.ID), string(v.Source), v.Name, v.Email, v.Phone}, []string{string(change.ID), "telegram", "Ada", "ada@example.com", "+5511987654321"})
	f.same("last seen", v.LastSeenAt, c.OccurredAt)
	f.same("identities", v.Identities, []visitor.Identity{{
		Source: visitor.Telegram, ExternalID: "9007199254740993", Username: "ada",
		UsernameAt: c.OccurredAt, FirstSeen: c.OccurredAt, LastSeen: c.OccurredAt,
	}})
	origin := visitor.Provenance{At: c.OccurredAt, Source: visitor.Telegram, ExternalID: "9007199254740993"}
	f.same("origins", v.Provenance, visitor.Provenances{"name": origin, "email": origin, "phone": origin, "attr.city": origin})
	f.same("found by an attribute", f.matches(filter.And(filter.Search("sao"), filter.All())), "")
	for _, e := range []filter.Expr{
		filter.Search("ada@"), filter.Tag.Has("hot-lead"), filter.Identity.Is(visitor.Telegram, "", "9007199254740993"),
		filter.Attr("city").Is("são paulo"), filter.Phone.HasPrefix("+55"), filter.Source.Is(visitor.Telegram),
	} {
		f.same("visitors found", f.matches(e), "Ada")
	}
	again := f.contact("9007199254740993", "Ada")
	out = f.captured(again)
	f.same("effect", out.Effect, driver.Touched)
	f.same("reason", out.Reason, driver.SameIdentity)
	f.same("last seen", f.get(v.ID).LastSeenAt, again.OccurredAt)
	f.same("revision", f.get(v.ID).Revision, int64(1))
	f.same("visitors", f.count(filter.All()), int64(1))
}

func checkCaptureOnce(f *fixture) {
	hot := f.tag("hot-lead")
	c := f.contact("42", "Ada")
	v := *f.captured(c, hot).Visitor
	f.must(driver.RemoveTags{ID: v.ID, Tags: keys(hot), Audit: f.audit()})
	before := f.dump(f.ws)
	out := f.must(f.capture(c, hot))[0]
	f.same("effect", out.Effect, driver.Unchanged)
	f.same("reason", out.Reason, driver.AlreadyProcessed)
	f.same("the workspace", f.dump(f.ws), before)
	f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()})
	before = f.dump(f.ws)
	f.same("reason", f.must(f.capture(c, hot))[0].Reason, driver.AlreadyProcessed)
	f.same("the workspace without the visitor", f.dump(f.ws), before)
	f.same("effect of another event", f.captured(f.contact("42", "Ada")).Effect, driver.Created)
}

func checkCaptureOrder(f *fixture) {
	first, second, third := f.contact("42", "Ada"), f.contact("42", "Ada L."), f.contact("42", "Ada Lovelace")
	first.Email, second.Email, third.Email = "one@example.com", "two@example.com", "three@example.com"
	first.Username, third.Username = "ada", "lovelace"
	for _, order := range [][]visitor.Contact{{first, second, third}, {third, second, first}, {second, third, first}, {third, first, second}} {
		inner := f.newFixture(f.reporter)
		for _, c := range order {
			inner.captured(c)
		}
		v := inner.visitors(inner.ws)[0]
		f.same("name, by the last", v.Name, "Ada Lovelace")
		f.same("e-mail, by the first", v.Email, "one@example.com")
		f.same("username", v.Identities[0].Username, "lovelace")
		f.same("first seen", v.Identities[0].FirstSeen, first.OccurredAt)
		f.same("last seen", v.LastSeenAt, third.OccurredAt)
	}
}

func checkCaptureKeepsEdits(f *fixture) {
	c := f.contact("42", "Ada")
	c.Email = "old@example.com"
	v := *f.captured(c).Visitor
	f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Countess"), Email: ptr("")}, Audit: f.audit()})
	late := c
	late.EventID, late.Name, late.Email = "late", "Ada", "old@example.com"
	f.captured(late)
	f.same("after an event from before the edit", []string{f.get(v.ID).Name, f.get(v.ID).Email}, []string{"Countess", ""})
	now := f.contact("42", "Ada K.")
	now.Email = "new@example.com"
	f.captured(now)
	f.same("after an event from after the edit", []string{f.get(v.ID).Name, f.get(v.ID).Email}, []string{"Countess", "new@example.com"})
	always := f.capture(f.contact("42", "Ada K."))
	always.Policy.Name = visitor.Always
	f.effects(f.given(always), driver.Updated)
	f.same("if the policy prefers the channel", f.get(v.ID).Name, "Ada K.")
}

func checkCapturePlaceholderName(f *fixture) {
	v := *f.captured(f.contact("42", "")).Visitor
	f.same("has a placeholder", v.Placeholder() && v.Name != "", true)
	f.same("the visitor", f.get(v.ID), v)
	f.same("found by it", f.matches(filter.Search(v.Name)), v.Name)
	named := f.contact("42", "Ada")
	named.OccurredAt = v.LastSeenAt.Add(-time.Hour)
	f.captured(named)
	v = f.get(v.ID)
	f.same("name", v.Name, "Ada")
	f.same("has a placeholder", v.Placeholder(), false)
}

func checkCaptureKnownOnly(f *fixture) {
	c := f.contact("42", "Ada")
	c.UpdateOnly = true
	before := f.dump(f.ws)
	out := f.must(f.capture(c, f.tag("hot")))[0]
	f.same("effect", out.Effect, driver.Missing)
	f.same("the workspace", f.dump(f.ws), before)
	v := *f.captured(f.contact("42", "")).Visitor
	f.same("reason, of the same event again", f.must(f.capture(c))[0].Reason, driver.AlreadyProcessed)
	c.EventID += " another"
	f.same("effect", f.captured(c).Effect, driver.Updated)
	f.same("name", f.get(v.ID).Name, "Ada")
	f.same("last seen", f.get(v.ID).LastSeenAt, v.LastSeenAt)
}

func checkCaptureEvents(f *fixture) {
	hot := f.tag("hot")
	first := f.capture(f.contact("42", "Ada"), hot)
	f.given(first)
	named := f.contact("42", "Ada L.")
	named.Email = "ada@example.com"
	f.given(f.capture(named), f.capture(f.contact("42", "Ada L.")), f.capture(f.contact("42", "Ada L."), f.tag("vip")))
	var kinds, fields []string
	for _, e := range f.events(f.ws, 0) {
		kinds = append(kinds, string(e.Kind))
		fields = append(fields, fmt.Sprint(e.Fields, len(e.Tags)))
	}
	f.same("kinds", kinds, []string{"tag.created", "visitor.created", "visitor.updated", "visitor.seen", "tag.created", "visitor.tagged"})
	f.same("fields", fields, []string{"[] 1", "[] 1", "[email name] 0", "[] 0", "[] 1", "[] 1"})
}

func checkCaptureRefused(f *fixture) {
	v := f.visitor("Ada")
	v.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	var changes []driver.Change
	var tags []tag.Tag
	for i := range visitor.MaxTags {
		tags = append(tags, f.tag(fmt.Sprint("tag ", i)))
		changes = append(changes, driver.CreateTag{Tag: tags[i]})
	}
	f.given(append(changes, create(v, tags...))...)
	if err := f.unchanged(f.capture(f.contact("42", "Eve"), f.tag("one more"))); err == nil {
		f.Errorf("no error, want one for too many tags")
	}
}

func checkCaptureConcurrently(f *fixture) {
	for round := range f.effort.rounds {
		const senders = 16
		changes := make([]driver.CaptureContact, senders)
		for i := range changes {
			changes[i] = f.capture(f.contact(fmt.Sprint("person ", round), "Ada"), f.tag("hot"))
		}
		outcomes, errs := make([]driver.Outcome, senders), make([]error, senders)
		var all sync.WaitGroup
		for i, c := range changes {
			all.Go(func() {
				var out []driver.Outcome
				if out, errs[i] = f.apply(c); errs[i] == nil {
					outcomes[i] = out[0]
				}
			})
		}
		all.Wait()
		made := 0
		for i, out := range outcomes {
			if errs[i] != nil {
				f.Fatalf("capture: %v", errs[i])
			}
			if out.Effect == driver.Created {
				made++
			}
			f.same("the visitor", out.Visitor.ID, outcomes[0].Visitor.ID)
		}
		f.same("visitors created", made, 1)
		f.same("visitors", f.count(filter.All()), int64(round+1))
	}
}

func checkCaptureKeepsTagsAndGroups(f *fixture) {
	team := f.group("Team", nil)
	f.given(driver.CreateGroup{Group: team})
	v := *f.captured(f.contact("42", "Ada"), f.tag("hot")).Visitor
	f.given(driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: f.audit()})
	f.captured(f.contact("42", "Ada L."))
	v = f.get(v.ID)
	f.same("groups", v.Groups(), []group.ID{team.ID})
	f.same("tags", len(v.Tags), 1)
	f.same("by", v.Tags[0].Actor+" "+v.Tags[0].Cause, "bot message")
}
