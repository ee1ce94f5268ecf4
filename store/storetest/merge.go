package storetest

import (
	"strings"
	"sync"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// twoVisitors creates two visitors that can be merged.
func (f *fixture) twoVisitors() (a, b visitor.Visitor, hot, vip tag.Tag, team group.Group) {
	f.Helper()
	hot, vip, team = f.tag("hot"), f.tag("vip"), f.group("Team", nil)
	f.given(driver.CreateTag{Tag: hot}, driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team})
	a, b = f.visitor("Ada"), f.visitor("Bea")
	a.Email, b.Email, b.Phone = "ada@example.com", "bea@example.com", "+5511987654321"
	a.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	b.Identities = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "5511987654321"}}
	b = inGroups(b, team.ID)
	a.Attributes = visitor.Attributes{"city": visitor.Text("Rio")}
	b.Attributes = visitor.Attributes{"city": visitor.Text("Lima"), "score": visitor.Number(7)}
	out := f.given(create(a, hot), create(b, vip))
	return *out[0].Visitor, *out[1].Visitor, hot, vip, team
}

func (f *fixture) merge(into, from visitor.ID) driver.MergeVisitors {
	return driver.MergeVisitors{Into: into, From: from, Audit: f.audit()}
}

var mergePromises = []promise{
	{"a merge keeps the data of both visitors", "Merging two records of one person must lose nothing.", checkMergeKeepsAll},
	{"the merged id stands for the survivor in every call", "Links, orders and conversations elsewhere have the old id.", checkMergeAlias},
	{"a merge can be undone", "Two people were mistaken for one; nothing of either may be lost.", checkMergeUndo},
	{"undoing a merge assigns later changes to the right visitor", "Weeks may pass until somebody sees the mistake.", checkMergeUndoKeepsChanges},
	{"merges are undone in reverse order", "Each merge builds on the earlier ones.", checkMergeUndoOrder},
	{"a merged id cannot be used for another visitor", "It stands for the survivor.", checkMergedIDIsTaken},
	{"merging a visitor with itself changes nothing", "A into B and B into A, at once, must end in one visitor.", checkMergeSame},
	{"concurrent merges and captures end in one visitor", "While an operator merges two records the person goes on writing.", checkMergeConcurrently},
	{"inboxes go with their identity until it is deleted", "Two people were mistaken for one; a campaign must not write to one from the number of the other.", checkMergeInboxes},
	{"an identity is linked and unlinked by hand", "An operator sees that the person on the phone is the one in the chat.", checkLinkIdentity},
}

func checkMergeKeepsAll(f *fixture) {
	a, b, _, _, _ := f.twoVisitors()
	out := f.given(f.merge(a.ID, b.ID))[0]
	f.same("effect", out.Effect, driver.Updated)
	v := f.get(a.ID)
	f.same("the visitor", out.Visitor, &v)
	f.same("fields", []string{v.Name, v.Email, v.Phone, v.Attributes["city"].Text()}, []string{"Ada", "ada@example.com", "+5511987654321", "Rio"})
	f.same("score", v.Attributes["score"].Number(), 7.0)
	f.same("revision", v.Revision, int64(2))
	for _, e := range []filter.Expr{
		filter.Tag.HasAll("hot", "vip"), filter.Group.Has("Team"), filter.Search("9876"), filter.Identity.On(visitor.WhatsApp),
		filter.Identity.On(visitor.Telegram), filter.Attr("score").Equals(7),
	} {
		f.same("visitors found", f.matches(e), "Ada")
	}
	f.same("found by the name that was replaced", f.matches(filter.Search("bea")), "")
	f.same("visitors", f.count(filter.All()), int64(1))
	f.same("memberships", v.Memberships, b.Memberships)
	f.compareFacets("facets", filter.All(), []visitor.Visitor{v})
}

func checkMergeAlias(f *fixture) {
	a, b, hot, vip, team := f.twoVisitors()
	f.given(f.merge(a.ID, b.ID))
	c := f.visitor("Cleo")
	f.given(create(c), f.merge(c.ID, a.ID))
	for _, old := range []visitor.ID{a.ID, b.ID} {
		f.same("the visitor", f.get(old).ID, c.ID)
		f.effects(f.must(
			driver.UpdateVisitor{ID: old, Patch: visitor.Patch{Name: ptr("Name " + string(old))}, Audit: f.audit()},
			driver.RemoveTags{ID: old, Tags: keys(hot, vip), Audit: f.audit()},
			driver.AddTags{ID: old, Tags: keys(hot, vip), Audit: f.audit()},
			driver.RemoveFromGroup{Group: team.ID, ID: old, Audit: f.audit()},
			driver.AddToGroup{Group: team.ID, ID: old, Audit: f.audit()},
			driver.LinkIdentity{ID: old, Identity: visitor.Identity{Source: visitor.Chat, ExternalID: string(old)}, Audit: f.audit()},
		), driver.Updated, driver.Updated, driver.Updated, driver.Updated, driver.Updated, driver.Updated)
	}
	// Several changes of one kind in one call, which a back end may combine.
	f.effects(f.must(
		driver.AddTags{ID: a.ID, Tags: keys(hot), Audit: f.audit()}, driver.AddTags{ID: b.ID, Tags: keys(hot), Audit: f.audit()},
		driver.RemoveTags{ID: a.ID, Tags: keys(hot), Audit: f.audit()}, driver.RemoveTags{ID: b.ID, Tags: keys(hot), Audit: f.audit()},
		driver.AddToGroup{Group: team.ID, ID: a.ID, Audit: f.audit()}, driver.AddToGroup{Group: team.ID, ID: b.ID, Audit: f.audit()},
	), driver.Unchanged, driver.Unchanged, driver.Updated, driver.Unchanged, driver.Unchanged, driver.Unchanged)
	f.effects(f.must(driver.DeleteVisitor{ID: a.ID, Audit: f.audit()}, driver.DeleteVisitor{ID: b.ID, Audit: f.audit()}), driver.Deleted, driver.Missing)
	for _, gone := range []visitor.ID{a.ID, b.ID, c.ID} {
		_, err := f.st.GetVisitor(f.Context(), f.ws, gone)
		f.about(err, driver.ErrNotFound, "visitor", string(gone))
		f.refused(driver.ErrNotFound, "visitor", string(gone), 0, driver.UnmergeVisitor{From: gone, Audit: f.audit()})
	}
}

func checkMergeUndo(f *fixture) {
	a, b, _, _, _ := f.twoVisitors()
	f.given(f.merge(a.ID, b.ID))
	out := f.given(driver.UnmergeVisitor{From: b.ID, Audit: f.audit()})[0]
	f.same("the survivor", *out.Visitor, f.get(a.ID))
	f.same("the other", *out.Other, f.get(b.ID))
	for _, pair := range [][2]visitor.Visitor{{a, f.get(a.ID)}, {b, f.get(b.ID)}} {
		was, now := pair[0], pair[1]
		was.UpdatedAt, was.Revision = now.UpdatedAt, now.Revision
		f.same("a visitor after it was undone", now, was)
	}
	f.same("found", f.matches(filter.Tag.Has("vip")), "Bea")
	f.same("found", f.matches(filter.Search("9876")), "Bea")
	f.refused(driver.ErrNotFound, "visitor", string(b.ID), 0, driver.UnmergeVisitor{From: b.ID, Audit: f.audit()})
}

func checkMergeUndoKeepsChanges(f *fixture) {
	a, b, hot, vip, _ := f.twoVisitors()
	late := f.tag("late")
	f.given(driver.CreateTag{Tag: late}, f.merge(a.ID, b.ID))
	f.given(
		driver.UpdateVisitor{ID: a.ID, Patch: visitor.Patch{Email: ptr("new@example.com"), Set: visitor.Attributes{"lang": visitor.Text("pt")}}, Audit: f.audit()},
		driver.AddTags{ID: b.ID, Tags: keys(late), Audit: f.audit()}, driver.RemoveTags{ID: a.ID, Tags: keys(vip), Audit: f.audit()},
		driver.DeleteTag{ID: hot.ID, Audit: f.audit()},
	)
	told := f.contact("5511987654321", "Bea on WhatsApp")
	told.Source = visitor.WhatsApp
	told.Attributes = visitor.Attributes{"told": visitor.Bool(true)}
	f.captured(told)
	f.given(driver.UnmergeVisitor{From: b.ID, Audit: f.audit()})
	now, back := f.get(a.ID), f.get(b.ID)
	f.same("the survivor's e-mail", now.Email, "new@example.com")
	f.same("the other's", back.Email, "bea@example.com")
	f.same("the survivor's phone", now.Phone, "")
	f.same("the survivor's tags", tagsOf(now), "late")
	f.same("the other's", tagsOf(back), "")
	f.same("an attribute given since", now.Attributes["lang"].Text(), "pt")
	f.same("an attribute given to the other since", back.Attributes["told"].Bool(), true)
	f.same("not the survivor's", now.Attributes["told"].Kind(), visitor.Kind(""))
	f.same("last seen", back.LastSeenAt, told.OccurredAt)
	f.same("the survivor last seen", now.LastSeenAt, a.LastSeenAt)
}

func checkMergeUndoOrder(f *fixture) {
	a, b, _, _, _ := f.twoVisitors()
	c := f.visitor("Cleo")
	f.given(create(c), f.merge(a.ID, b.ID), f.merge(c.ID, a.ID))
	f.refused(driver.ErrConflict, "visitor", string(a.ID), 0, driver.UnmergeVisitor{From: b.ID, Audit: f.audit()})
	f.given(driver.UnmergeVisitor{From: a.ID, Audit: f.audit()})
	f.same("the other's id", f.get(b.ID).ID, a.ID)
	f.given(driver.UnmergeVisitor{From: b.ID, Audit: f.audit()})
	f.same("visitors", f.matches(filter.All()), "Ada, Bea, Cleo")
}

func checkMergedIDIsTaken(f *fixture) {
	a, b, _, _, _ := f.twoVisitors()
	again := visitor.Visitor{ID: b.ID, Name: "Again", Source: visitor.Chat, CreatedAt: b.CreatedAt, UpdatedAt: b.CreatedAt, Revision: 1}
	f.given(f.merge(a.ID, b.ID))
	f.refused(driver.ErrExists, "visitor", string(b.ID), 0, create(again))
	captured := f.capture(f.contact("99", "Again"))
	captured.ID = b.ID
	f.refused(driver.ErrExists, "visitor", string(b.ID), 0, captured)
	f.must(driver.DeleteVisitor{ID: a.ID, Audit: f.audit()}, create(again))
	f.same("the new visitor, when the survivor is deleted", f.get(b.ID), again)
}

func checkMergeSame(f *fixture) {
	a, b, _, _, _ := f.twoVisitors()
	f.given(f.merge(a.ID, b.ID))
	f.effects(f.given(f.merge(b.ID, a.ID), f.merge(a.ID, b.ID), f.merge(a.ID, a.ID)), driver.Unchanged, driver.Unchanged, driver.Unchanged)
	gone := visitor.ID(f.id(f.now()))
	f.refused(driver.ErrNotFound, "visitor", string(gone), 0, f.merge(a.ID, gone))
	f.refused(driver.ErrNotFound, "visitor", string(gone), 0, f.merge(gone, a.ID))
}

func checkMergeConcurrently(f *fixture) {
	for range f.effort.rounds {
		inner := f.newFixture(f.reporter)
		a, b, _, _, _ := inner.twoVisitors()
		changes := []driver.Change{inner.merge(a.ID, b.ID), inner.merge(b.ID, a.ID)}
		for range 4 {
			c := inner.contact("5511987654321", "Bea")
			c.Source = visitor.WhatsApp
			changes = append(changes, inner.capture(inner.contact("42", "Ada")), inner.capture(c))
		}
		errs := make([]error, len(changes))
		var all sync.WaitGroup
		for i, c := range changes {
			all.Go(func() { _, errs[i] = inner.apply(c) })
		}
		all.Wait()
		for _, err := range errs {
			if err != nil {
				f.Fatalf("apply: %v", err)
			}
		}
		f.same("visitors", inner.count(filter.All()), int64(1))
		f.same("one by either id", inner.get(a.ID), inner.get(b.ID))
		f.same("its ids", len(inner.get(a.ID).Identities), 2)
	}
}

func checkLinkIdentity(f *fixture) {
	a, b, _, _, _ := f.twoVisitors()
	i := visitor.Identity{Source: visitor.Messenger, Account: "page", ExternalID: "7", Username: "ada"}
	linking := driver.LinkIdentity{ID: a.ID, Identity: i, Audit: f.audit()}
	f.effects(f.given(linking, linking), driver.Updated, driver.Unchanged)
	f.same("found", f.matches(filter.Identity.Is(visitor.Messenger, "page", "7")), "Ada")
	f.same("the identities", f.get(a.ID).Identities, []visitor.Identity{i, a.Identities[0]})
	f.refused(driver.ErrExists, "identity", string(b.ID), 0, driver.LinkIdentity{ID: a.ID, Identity: b.Identities[0], Audit: f.audit()})
	unlinking := driver.UnlinkIdentity{ID: a.ID, Identity: i, Audit: f.audit()}
	f.effects(f.given(unlinking, unlinking), driver.Updated, driver.Unchanged)
	f.same("found", f.matches(filter.Identity.On(visitor.Messenger)), "")
	f.effects(f.given(driver.LinkIdentity{ID: b.ID, Identity: i, Audit: f.audit()}), driver.Updated)
	events := f.events(f.ws, 0)
	f.same("the last event's fields", events[len(events)-1].Fields, []string{"identities"})
}

// tagsOf returns the names of the tags of v.
func tagsOf(v visitor.Visitor) string {
	var names []string
	for _, t := range v.Tags {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}
