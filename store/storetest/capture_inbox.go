package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// inboxContact is a message to an inbox, minutes after a time.
func (f *fixture) inboxContact(id, inbox string, from time.Time, minutes int) visitor.Contact {
	c := f.contact(id, "Ada")
	c.Inbox, c.OccurredAt = inbox, from.Add(time.Duration(minutes)*time.Minute)
	return c
}

func checkCaptureInboxes(f *fixture) {
	start := f.now()
	capture := func(inbox string, minutes int) driver.Outcome {
		return f.captured(f.inboxContact("42", inbox, start, minutes))
	}
	v := *capture("b", 2).Visitor
	f.same("effect of a new inbox", capture("A", 1).Effect, driver.Updated)
	f.same("effect of a known inbox", capture("A", 3).Effect, driver.Touched)
	f.same("effect of an older event", capture("b", 1).Effect, driver.Unchanged)
	reported := f.inboxContact("42", "c", start, 9)
	reported.UpdateOnly = true
	f.captured(reported)
	i := f.get(v.ID).Identities[0]
	f.same("inboxes", i.Inboxes, []string{"A", "b"})
	f.same("their times", i.InboxTimes, []time.Time{start.Add(3 * time.Minute), start.Add(2 * time.Minute)})
	f.same("revision", f.get(v.ID).Revision, int64(2))
	for _, n := range []int{7, 3, 20, 1, 15, 12, 9, 18, 5, 14, 2, 19, 8, 11, 4, 16, 10, 13, 6, 17} {
		capture(fmt.Sprint(n), n)
	}
	var want []string
	for n := 20; n >= 3; n-- {
		want = append(want, fmt.Sprint(n))
	}
	want = append(want, "A", "2") // A was used at the time of 3, b at that of 2
	f.same("the newest inboxes", f.get(v.ID).Identities[0].Inboxes, want[:visitor.MaxInboxes])
	f.same("found by one of them", f.matches(filter.Inbox.Is("20")), "Ada")
	f.same("found by one that was dropped", f.matches(filter.Inbox.In("b", "c", "1")), "")
}

// checkMergeInboxes follows an inbox through all that happens to its identity.
func checkMergeInboxes(f *fixture) {
	start := f.now()
	a := *f.captured(f.inboxContact("1", "x", start, 1)).Visitor
	b := *f.captured(f.inboxContact("2", "y", start, 2)).Visitor
	f.given(driver.UpdateVisitor{ID: b.ID, Patch: visitor.Patch{Name: ptr("Bea")}, Audit: f.audit()})
	found := func(x, y string) {
		f.Helper()
		f.same("found by x", f.matches(filter.Inbox.Is("x")), x)
		f.same("found by y", f.matches(filter.Inbox.Is("y")), y)
	}
	found("Ada", "Bea")
	f.given(f.merge(b.ID, a.ID))
	found("Bea", "Bea")
	f.captured(f.inboxContact("1", "y", start, 3))
	f.captured(f.inboxContact("2", "z", start, 4))
	f.given(driver.UnmergeVisitor{From: a.ID, Audit: f.audit()})
	found("Ada", "Ada, Bea")
	f.same("inboxes", f.get(a.ID).Identities[0].Inboxes, []string{"y", "x"})
	f.same("inboxes", f.get(b.ID).Identities[0].Inboxes, []string{"z", "y"})
	moved := f.get(a.ID).Identities[0]
	f.given(driver.UnlinkIdentity{ID: a.ID, Identity: moved, Audit: f.audit()})
	found("", "Bea")
	f.given(driver.LinkIdentity{ID: b.ID, Identity: moved, Audit: f.audit()})
	found("Bea", "Bea")
	f.same("identities", slices.EqualFunc(f.get(b.ID).Identities, []visitor.Identity{moved, f.get(b.ID).Identities[1]}, visitor.Identity.Equal), true)
	f.given(driver.DeleteVisitor{ID: b.ID, Audit: f.audit()})
	found("", "")
	again := f.visitorAt("Bea", b.CreatedAt)
	again.ID = b.ID
	f.given(create(again))
	f.same("visitors with an inbox", f.count(filter.Inbox.Exists()), int64(0))
}
