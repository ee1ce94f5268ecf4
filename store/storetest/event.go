package storetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var eventPromises = []promise{
	{"every change with an effect appends one event that describes it", "Hosts synchronise other systems only by reading events.", checkEventOfEveryChange},
	{"a change without an effect appends no event", "A host that mails visitors who are tagged must not mail them twice.", checkNoEventWithoutEffect},
	{"events are read in pages after any number", "A reader that was stopped continues where it was.", checkEventPages},
	{"events outlive the visitor and contain no personal data", "The log of a deletion must not keep what was deleted.", checkEventsHoldNoPersonalData},
	{"a reader of events misses none while others write", "A reader continues after the last number it has seen, so a smaller number that becomes visible later is lost.", checkEventsWhileWriting},
}

func checkEventOfEveryChange(f *fixture) {
	vip, lead, fresh := f.tag("vip"), f.tag("Hot Lead"), f.tag("fresh")
	team, crew, rule := f.group("Team", nil), f.group("Crew", nil), f.group("Rule", filter.All())
	v, bare := f.everything("Ada", team.ID, crew.ID), f.visitor("Bob")
	tags := sorted([]tag.ID{vip.ID, lead.ID})
	linked := visitor.Identity{Source: visitor.Chat, ExternalID: "7"}
	captured := f.capture(f.contact("77", "Dan"))
	again := f.contact("77", "Dan")
	seen, renamed, tagged := f.capture(again), f.capture(f.contact("77", "Dan Brown")), f.capture(f.contact("77", "Dan Brown"), lead)
	of := func(kind driver.EventKind, id visitor.ID) driver.Event { return driver.Event{Kind: kind, Visitor: id} }
	ofTag := func(kind driver.EventKind, fields ...string) driver.Event {
		return driver.Event{Kind: kind, Tags: []tag.ID{vip.ID}, Fields: fields}
	}
	ofGroup := func(kind driver.EventKind, g group.Group, fields ...string) driver.Event {
		return driver.Event{Kind: kind, Groups: []group.ID{g.ID}, Fields: fields}
	}
	ofMember := func(kind driver.EventKind, id visitor.ID, g group.Group) driver.Event {
		return driver.Event{Kind: kind, Visitor: id, Groups: []group.ID{g.ID}}
	}
	ofTags := func(kind driver.EventKind, id visitor.ID, tags ...tag.ID) driver.Event {
		return driver.Event{Kind: kind, Visitor: id, Tags: tags}
	}
	ofUpdate := func(id visitor.ID, fields ...string) driver.Event {
		return driver.Event{Kind: driver.VisitorUpdated, Visitor: id, Fields: fields}
	}
	steps := []struct {
		change driver.Change
		want   driver.Event
	}{
		{driver.CreateTag{Tag: vip}, ofTag(driver.TagCreated)},
		{driver.EnsureTag{Tag: lead}, driver.Event{Kind: driver.TagCreated, Tags: []tag.ID{lead.ID}}},
		{driver.CreateGroup{Group: team}, ofGroup(driver.GroupCreated, team)},
		{driver.CreateGroup{Group: rule}, ofGroup(driver.GroupCreated, rule)},
		{driver.CreateGroup{Group: crew}, ofGroup(driver.GroupCreated, crew)},
		{create(v, vip, lead), driver.Event{Kind: driver.VisitorCreated, Visitor: v.ID, Tags: tags, Groups: v.Groups()}},
		{create(bare), of(driver.VisitorCreated, bare.ID)},
		{driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{
			Name: ptr("Eve"), Email: ptr(v.Email), Phone: ptr(""), Source: ptr(visitor.Chat),
			Set:   visitor.Attributes{"city": visitor.Text("Rio"), "vip": visitor.Bool(true), "new": visitor.Number(1)},
			Unset: []string{"score", "nobody"},
		}}, ofUpdate(v.ID, "attr.city", "attr.new", "attr.score", "name", "phone", "source")},
		{driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Email: ptr("eve@example.com")}}, ofUpdate(v.ID, "email")},
		{driver.RemoveTags{ID: v.ID, Tags: []string{"vip", "nobody"}}, ofTags(driver.VisitorUntagged, v.ID, vip.ID)},
		{driver.AddTags{ID: v.ID, Tags: []string{"hot lead", "vip"}}, ofTags(driver.VisitorTagged, v.ID, vip.ID)},
		{driver.RemoveTags{ID: v.ID, Tags: []string{"hot lead", "vip"}}, ofTags(driver.VisitorUntagged, v.ID, tags...)},
		{driver.AddTags{ID: v.ID, Tags: []string{"hot lead", "vip"}}, ofTags(driver.VisitorTagged, v.ID, tags...)},
		{driver.AddToGroup{Group: rule.ID, ID: bare.ID}, ofMember(driver.VisitorJoined, bare.ID, rule)},
		{driver.RemoveFromGroup{Group: team.ID, ID: v.ID}, ofMember(driver.VisitorLeft, v.ID, team)},
		{driver.RemoveFromGroup{Group: rule.ID, ID: v.ID}, ofMember(driver.VisitorLeft, v.ID, rule)},
		{driver.AddToGroup{Group: rule.ID, ID: v.ID}, ofMember(driver.VisitorJoined, v.ID, rule)},
		{driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("VIP"), Color: ptr(tag.Color("#000000")), Description: ptr("x")}}, ofTag(driver.TagUpdated, "color", "description", "name")},
		{driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("Crew 2"), Description: ptr("x"), Rule: filter.All()}}, ofGroup(driver.GroupUpdated, team, "description", "name", "rule")},
		{driver.UpdateGroup{ID: team.ID, Patch: group.Patch{ClearRule: true}}, ofGroup(driver.GroupUpdated, team, "rule")},
		{driver.LinkIdentity{ID: bare.ID, Identity: linked}, ofUpdate(bare.ID, "identities")},
		{driver.UnlinkIdentity{ID: bare.ID, Identity: linked}, ofUpdate(bare.ID, "identities")},
		{captured, of(driver.VisitorCreated, captured.ID)},
		{seen, of(driver.VisitorSeen, captured.ID)},
		{renamed, ofUpdate(captured.ID, "name")},
		{tagged, ofTags(driver.VisitorTagged, captured.ID, lead.ID)},
		{driver.MergeVisitors{Into: bare.ID, From: captured.ID}, driver.Event{Kind: driver.VisitorMerged, Visitor: bare.ID, Other: captured.ID, Fields: []string{"identities"}}},
		{driver.UnmergeVisitor{From: captured.ID}, driver.Event{Kind: driver.VisitorUnmerged, Visitor: bare.ID, Other: captured.ID, Fields: []string{"identities"}}},
		{driver.EnsureTag{Tag: fresh}, driver.Event{Kind: driver.TagCreated, Tags: []tag.ID{fresh.ID}}},
		{driver.DeleteTag{ID: vip.ID}, ofTag(driver.TagDeleted)},
		{driver.DeleteGroup{ID: rule.ID}, ofGroup(driver.GroupDeleted, rule)},
		{driver.DeleteVisitor{ID: v.ID}, of(driver.VisitorDeleted, v.ID)},
	}
	var changes []driver.Change
	var want []driver.Event
	for i, step := range steps {
		a := f.auditOf(i)
		step.want.Seq, step.want.At, step.want.Actor, step.want.Cause = driver.Seq(i+1), a.At, a.Actor, a.Cause
		changes, want = append(changes, withAudit(step.change, a)), append(want, step.want)
	}
	f.inNeighbour(changes...)
	for i, c := range changes {
		f.must(c)
		f.same(fmt.Sprintf("event of %T", c), f.events(f.ws, driver.Seq(i)), want[i:i+1])
	}
	f.same("all events", f.events(f.ws, 0), want)
}

func checkNoEventWithoutEffect(f *fixture) {
	vip, team, rule, v, gone := f.tag("vip"), f.group("Team", nil), f.group("Rule", filter.None()), f.visitor("Ada"), f.visitor("Gone")
	v = inGroups(v, team.ID)
	other := f.visitor("Bob")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule}, create(v, vip), create(other), driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.audit()})
	before := f.events(f.ws, 0)
	at := f.now()
	for _, c := range []driver.Change{
		driver.EnsureTag{Tag: f.tag("VIP")},
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{}, Audit: driver.Audit{At: at}},
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ada"), Unset: []string{"x"}}, Audit: driver.Audit{At: at}},
		driver.DeleteVisitor{ID: gone.ID, Audit: driver.Audit{At: at}},
		driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: at}},
		driver.AddTags{ID: gone.ID, Tags: keys(vip), Audit: driver.Audit{At: at}},
		driver.RemoveTags{ID: other.ID, Tags: keys(vip), Audit: driver.Audit{At: at}},
		driver.RemoveTags{ID: v.ID, Tags: []string{"nobody"}, Audit: driver.Audit{At: at}},
		driver.RemoveTags{ID: gone.ID, Tags: keys(vip), Audit: driver.Audit{At: at}},
		driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("vip")}, Audit: driver.Audit{At: at}},
		driver.DeleteTag{ID: tag.ID(gone.ID), Audit: driver.Audit{At: at}},
		driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("Team"), ClearRule: true}, Audit: driver.Audit{At: at}},
		driver.UpdateGroup{ID: rule.ID, Patch: group.Patch{Rule: filter.None()}, Audit: driver.Audit{At: at}},
		driver.DeleteGroup{ID: group.ID(gone.ID), Audit: driver.Audit{At: at}},
		driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: driver.Audit{At: at}},
		driver.AddToGroup{Group: team.ID, ID: gone.ID, Audit: driver.Audit{At: at}},
		driver.RemoveFromGroup{Group: team.ID, ID: other.ID, Audit: driver.Audit{At: at}},
		driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: driver.Audit{At: at}},
		driver.RemoveFromGroup{Group: rule.ID, ID: gone.ID, Audit: driver.Audit{At: at}},
	} {
		f.must(c)
		f.same(fmt.Sprintf("events after %T", c), f.events(f.ws, 0), before)
	}
}

func checkEventPages(f *fixture) {
	var changes []driver.Change
	for range 25 {
		changes = append(changes, create(f.visitor("Ada")))
	}
	f.given(changes...)
	all := f.events(f.ws, 0)
	f.same("how many", len(all), 25)
	for after := range 25 {
		for _, limit := range []int{1, 4, 25, 1_000} {
			got, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{After: driver.Seq(after), Limit: limit})
			if err != nil {
				f.Fatalf("events: %v", err)
			}
			f.same(fmt.Sprintf("%d events after %d", limit, after), got, all[after:min(after+limit, 25)])
		}
	}
	for _, after := range []driver.Seq{25, 26, 1 << 40} {
		got, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{After: after, Limit: 5})
		if len(got) != 0 || err != nil {
			f.Errorf("events after the last: %v, error %v", got, err)
		}
	}
}

func checkEventsHoldNoPersonalData(f *fixture) {
	vip, team := f.tag("Some Label"), f.group("Some List", nil)
	v := f.everything("Ada Lovelace", team.ID)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(v, vip),
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ada King"), Email: ptr("king@example.org"), Set: visitor.Attributes{"city": visitor.Text("Rio")}}, Audit: f.audit()})
	before := f.events(f.ws, 0)
	f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()})
	after := f.events(f.ws, 0)
	f.same("the events before the deletion", after[:len(after)-1], before)
	text, err := json.Marshal(after)
	if err != nil {
		f.Fatalf("events as JSON: %v", err)
	}
	for _, private := range []string{"Ada", "King", "example", "55119", "90071", "Paulo", "Rio", "Some"} {
		if strings.Contains(string(text), private) {
			f.Errorf("the events contain %q", private)
		}
	}
}

func checkEventsWhileWriting(f *fixture) {
	const writers = 4
	each := f.effort.rounds
	done := make(chan error, 1)
	go func() {
		var failed error
		f.race(writers, func(i int) error {
			m := maker{clock: f.clock, ids: uint64(i+1) << 24}
			for range each {
				if _, err := f.apply(create(m.visitor("Ada")), create(m.visitor("Bob"))); err != nil {
					return err
				}
			}
			return nil
		}, func(err error) {
			if err != nil {
				failed = err
			}
		})
		done <- failed
	}()
	var last driver.Seq
	read := func() {
		if f.Failed() {
			return
		}
		events, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{After: last, Limit: 7})
		if err != nil {
			f.Errorf("events: %v", err)
		}
		for _, e := range events {
			if last++; e.Seq != last {
				f.Errorf("event %d, want %d", e.Seq, last)
				last = e.Seq
			}
		}
	}
	for writing := true; writing; {
		select {
		case err := <-done:
			if err != nil {
				f.Errorf("apply: %v", err)
			}
			writing = false
		default:
		}
		read()
	}
	for before := driver.Seq(-1); before != last; {
		before = last
		read()
	}
	f.same("the last number", last, driver.Seq(writers*each*2))
}
