package storetest

import (
	"fmt"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// historyPromises are about the events of one visitor.
var historyPromises = []promise{
	{"the events about a visitor are read exactly, in order, page by page", "What happened to this person, and who did it, is the first question about a mistake.", checkHistory},
	{"the history of a deleted visitor can be read", "Proof of a deletion must outlive what was deleted.", checkHistoryOfDeleted},
	{"an unknown visitor has no history", "An id of another workspace must reveal nothing.", checkHistoryOfUnknown},
}

// checkHistory makes changes to many visitors in turn, here and in the neighbour.
func checkHistory(f *fixture) {
	a, b, _, vip, team := f.twoVisitors()
	c := f.visitor("Cleo")
	f.given(create(c))
	for i := range 12 {
		for _, v := range []visitor.Visitor{c, a, b} {
			f.given(
				driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr(fmt.Sprint("name ", i))}, Audit: f.auditOf(i)},
				driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: f.auditOf(i)},
				driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: f.auditOf(i)},
				driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: f.auditOf(i)},
				driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: f.auditOf(i)},
			)
		}
	}
	f.given(f.merge(a.ID, b.ID), driver.UnmergeVisitor{From: b.ID, Audit: f.audit()}, f.merge(c.ID, a.ID), driver.UpdateVisitor{ID: a.ID, Patch: visitor.Patch{Name: ptr("by the merged id")}, Audit: f.audit()})
	f.inNeighbour(driver.DeleteVisitor{ID: b.ID, Audit: f.audit()})
	everything := f.events(f.ws, 0)
	for _, v := range []visitor.Visitor{a, b, c} {
		var want []driver.Event
		for _, e := range everything {
			if e.Visitor == v.ID || e.Other == v.ID {
				want = append(want, e)
			}
		}
		for _, limit := range []int{1, 2, 7, 1_000} {
			var got []driver.Event
			for after := driver.Seq(0); len(got) <= len(want); {
				page, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{Visitor: v.ID, After: after, Limit: limit})
				if err != nil || len(page) > limit {
					f.Fatalf("events: %d in a page of %d, error %v", len(page), limit, err)
				}
				if got = append(got, page...); len(page) < limit {
					break
				}
				after = page[limit-1].Seq
			}
			f.same(fmt.Sprintf("history of %s in pages of %d", v.Name, limit), got, want)
		}
		for i, e := range want {
			page, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{Visitor: v.ID, After: e.Seq - 1, Limit: 3})
			f.ok(err)
			f.same(fmt.Sprintf("history of %s after event %d", v.Name, e.Seq-1), page, want[i:min(i+3, len(want))])
		}
		f.same("history of "+v.Name+" through a Workspace", f.history(v.ID), want)
	}
}

// history reads the events of a visitor through a Workspace.
func (f *fixture) history(id visitor.ID) []driver.Event {
	f.Helper()
	var events []driver.Event
	for e, err := range f.open(nil).EventsOf(f.Context(), id) {
		f.ok(err)
		events = append(events, driver.Event(e))
	}
	return events
}

func checkHistoryOfDeleted(f *fixture) {
	v, other := f.visitor("Ada"), f.visitor("Bob")
	f.given(create(v), create(other))
	deleted := f.audit()
	f.must(driver.DeleteVisitor{ID: v.ID, Audit: deleted})
	f.same("history", f.history(v.ID), []driver.Event{
		{Seq: 1, Kind: store.VisitorCreated, At: v.UpdatedAt, Visitor: v.ID, Actor: "ann", Cause: "import"},
		{Seq: 3, Kind: store.VisitorDeleted, At: deleted.At, Visitor: v.ID, Actor: "ann", Cause: "import"},
	})
}

func checkHistoryOfUnknown(f *fixture) {
	v := f.visitor("Ada")
	f.inNeighbour(create(v))
	f.must(create(f.visitor("Bob")))
	events, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{Visitor: v.ID, Limit: 5})
	if events != nil || err != nil {
		f.Errorf("events: %v, error %v", events, err)
	}
}
