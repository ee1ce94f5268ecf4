package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var watchPromises = []promise{
	{"a change records who enters and leaves watched groups, right after its own event", "A host reacts to a new lead, and must know what made it one.", checkWatchChanges},
	{"the clock's flips are recorded at their instants, and once", "A reminder that goes out twice, or a day late, costs a customer.", checkWatchClock},
	{"random rules, changes and ticks have exactly the flips of a test at every microsecond", "Others lose flips between two runs, after edits and after downtime.", checkWatchRandom},
	{"flips alternate and end in the truth although the clock is set back", "Two servers never agree about the time.", checkWatchClockSetBack},
	{"an Advance that ended in the middle is completed, and repeats nothing", "A program can be killed at any moment.", checkWatchResumed},
	{"several calls of Advance at once record each flip once", "Every server of a host runs the same program.", checkWatchTogether},
	{"an edited rule moves exactly the visitors concerned, at one instant", "A rule that is corrected must not look like an exodus.", checkWatchEdit},
	{"a group that cannot be watched is refused, and nothing changes", "A rule that is half watched would be trusted.", checkWatchRefused},
	{"a merged visitor leaves, and the survivor enters what it has become", "Two records of one person must not count twice.", checkWatchMerge},
	{"a job, and undoing it, record who enters and leaves", "Ten thousand who are tagged at once start ten thousand workflows.", checkWatchJob},
	{"a subscription gets each event once, in order, as they are appended", "A program that delivers events to other servers starts again where it ended.", checkSubscribe},
	{"upcoming changes are what Advance records later", "A team calls people who are about to lapse.", checkUpcoming},
	{"Run records the clock's flips until its context ends", "Without it a host would have to write the loop itself.", checkRun},
	{"a visitor that loses the last tag or group, since it is deleted, leaves", "A visitor without a tag is to be sorted again.", checkWatchDeletedTag},
	{"a deleted group is not watched any more, and nobody leaves it", "A thousand goodbyes for a group that is gone would start a thousand workflows.", checkWatchDeleted},
}

// flips describes the events of visitors that entered or left groups, after an event.
func (f *fixture) flips(after driver.Seq) (all []string) {
	f.Helper()
	for _, e := range f.events(f.ws, 0) {
		flip, ok := store.Event(e).Flip()
		if !ok || e.Seq <= after {
			continue
		}
		sign := "-"
		if flip.Entered {
			sign = "+"
		}
		all = append(all, fmt.Sprintf("%s%s %s %s %d %s", sign, e.Visitor, flip.Group, flip.Cause, flip.Rule, e.At.Format(time.RFC3339Nano)))
	}
	return all
}

func flipped(sign string, v visitor.ID, g group.ID, cause store.FlipCause, rule int, at time.Time) string {
	return fmt.Sprintf("%s%s %s %s %d %s", sign, v, g, cause, rule, at.UTC().Format(time.RFC3339Nano))
}

func (f *fixture) watch(g group.ID) driver.Change {
	return driver.WatchGroup{Audit: f.audit(), Group: g, On: true, Zone: "America/New_York", WeekStart: time.Sunday}
}

func checkWatchChanges(f *fixture) {
	vip := f.tag("vip")
	ruled, hand := f.group("Ruled", filter.Tag.HasID(vip.ID)), f.group("Hand", nil)
	ada := f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: ruled}, driver.CreateGroup{Group: hand}, create(ada),
		f.watch(ruled.ID), f.watch(hand.ID))
	at := f.audit()
	f.must(driver.AddTags{Audit: at, ID: ada.ID, Tags: keys(vip)})
	f.same("tagged", f.flips(0), []string{flipped("+", ada.ID, ruled.ID, store.ByChange, 1, at.At)})
	events := f.events(f.ws, 0)
	last := events[len(events)-1]
	f.same("the event before", events[len(events)-2].Kind, driver.VisitorTagged)
	f.same("who did it", []string{last.Actor, last.Cause}, []string{at.Actor, at.Cause})
	join := f.audit()
	f.must(driver.AddToGroup{Audit: join, ID: ada.ID, Group: hand.ID})
	out := f.audit()
	f.must(driver.RemoveFromGroup{Audit: out, ID: ada.ID, Group: ruled.ID})
	bulk := f.audit()
	bulk.Bulk = true
	eve := f.visitor("Eve")
	f.must(driver.CreateVisitor{Audit: bulk, Visitor: eve, Tags: keys(vip)})
	gone := f.audit()
	f.must(driver.DeleteVisitor{Audit: gone, ID: ada.ID})
	f.same("all", f.flips(last.Seq), []string{
		flipped("+", ada.ID, hand.ID, store.ByChange, 1, join.At), flipped("-", ada.ID, ruled.ID, store.ByChange, 1, out.At),
		flipped("+", eve.ID, ruled.ID, store.ByChange, 1, bulk.At), flipped("-", ada.ID, hand.ID, store.ByDelete, 1, gone.At),
	})
	for _, e := range f.events(f.ws, 0) {
		if flip, ok := store.Event(e).Flip(); ok && flip.Bulk != (e.Visitor == eve.ID) {
			f.Errorf("the event %+v is wrong about being a part of an import", e)
		}
	}
	ws, off := f.open(nil), f.audit()
	f.ok(ws.WatchGroup(f.Context(), hand.ID, false, nil))
	watched, err := ws.WatchedGroups(f.Context())
	f.same("watched", []any{watched, err}, []any{[]group.ID{ruled.ID}, error(nil)})
	before := len(f.flips(0))
	f.must(driver.AddToGroup{Audit: off, ID: eve.ID, Group: hand.ID})
	f.same("flips of a group that is not watched any more", len(f.flips(0)), before)
}

func checkWatchClock(f *fixture) {
	const day = 24 * time.Hour
	old, today := f.group("Lapsed", filter.LastSeenAt.OlderThan(30*day)), f.group("Today", filter.CreatedAt.During(filter.Today))
	ada, eve := f.visitor("Ada"), f.visitor("Eve")
	ada.LastSeenAt = f.clock
	f.given(driver.CreateGroup{Group: old}, driver.CreateGroup{Group: today}, create(ada), create(eve), f.watch(old.ID), f.watch(today.ID))
	ws := f.open(nil)
	done, err := ws.Advance(f.Context(), f.clock)
	f.ok(err)
	f.same("at once", []int{done.Entered, done.Left}, []int{0, 0})
	if done.Next.IsZero() || done.Next.After(f.clock.Add(time.Hour)) || !done.Next.After(f.clock) {
		f.Errorf("next: %s, at %s", done.Next, f.clock)
	}
	f.clock = f.clock.Add(90 * day)
	done, err = ws.Advance(f.Context(), f.clock)
	f.ok(err)
	f.same("after 90 days", []int{done.Entered, done.Left}, []int{1, 2})
	midnight := time.Date(2026, 1, 2, 5, 0, 0, 0, time.UTC) // in New York
	f.same("flips", f.flips(0), []string{
		flipped("-", min(ada.ID, eve.ID), today.ID, store.ByClock, 1, midnight), flipped("-", max(ada.ID, eve.ID), today.ID, store.ByClock, 1, midnight),
		flipped("+", ada.ID, old.ID, store.ByClock, 1, ada.LastSeenAt.Add(30*day+time.Microsecond)),
	})
	last := len(f.events(f.ws, 0))
	done, err = ws.Advance(f.Context(), f.clock)
	f.same("again", []any{done.Entered, done.Left, err, len(f.events(f.ws, 0))}, []any{0, 0, error(nil), last})
	if _, err := ws.Advance(f.Context(), f.clock.Add(time.Hour)); !errors.Is(err, store.ErrInvalid) {
		f.Errorf("into the future: error %v", err)
	}
}

// lapsing creates visitors that enter a group 30 days after now.
func (f *fixture) lapsing(n int) (group.ID, []visitor.ID) {
	f.Helper()
	lapsed := f.group("Lapsed", filter.LastSeenAt.OlderThan(30*24*time.Hour))
	changes := []driver.Change{driver.CreateGroup{Group: lapsed}}
	var ids []visitor.ID
	for i := range n {
		v := f.visitor(fmt.Sprint("Visitor ", i))
		v.LastSeenAt = f.clock
		ids, changes = append(ids, v.ID), append(changes, create(v))
	}
	f.must(append(changes, f.watch(lapsed.ID))...)
	slices.Sort(ids)
	f.clock = f.clock.Add(31 * 24 * time.Hour)
	return lapsed.ID, ids
}

func checkWatchResumed(f *fixture) {
	_, ids := f.lapsing(5)
	to := f.clock.Truncate(time.Microsecond)
	f.must(driver.AdvanceWatch{Audit: driver.Audit{At: to}, To: to})
	part := driver.AdvanceWatch{Audit: driver.Audit{At: to}, To: to, Visitors: ids[:2]}
	f.same("a part", f.must(part)[0], driver.Outcome{Effect: driver.Updated, Entered: 2})
	f.same("the part again", f.must(part)[0], driver.Outcome{Effect: driver.Unchanged})
	// One is seen before its turn, and one after it.
	seen := f.audit()
	for _, id := range []visitor.ID{ids[0], ids[3]} {
		f.must(driver.UpdateVisitor{Audit: seen, ID: id, Patch: visitor.Patch{Name: ptr("Seen")}})
	}
	f.must(driver.DeleteVisitor{Audit: seen, ID: ids[4]})
	done, err := f.open(nil).Advance(f.Context(), f.clock)
	f.ok(err)
	f.same("the rest", []int{done.Entered, done.Left}, []int{2, 0})
	f.same("flips", len(f.flips(0)), 6)
	f.checkAlternate()
}

func checkWatchTogether(f *fixture) {
	f.lapsing(40)
	var all sync.WaitGroup
	entered, failed, until := make([]int, 4), make([]error, 4), f.clock
	for n := range entered {
		ws := f.open(&store.Options{Now: f.clockAt(until), NewID: visitor.NewID})
		all.Go(func() {
			done, err := ws.Advance(f.Context(), until)
			entered[n], failed[n] = done.Entered, err
		})
	}
	all.Wait()
	f.ok(errors.Join(failed...))
	f.same("recorded", entered[0]+entered[1]+entered[2]+entered[3], 40)
	f.same("flips", len(f.flips(0)), 40)
	f.checkAlternate()
}

func checkWatchEdit(f *fixture) {
	vip, lead := f.tag("vip"), f.tag("lead")
	in := f.group("Ours", filter.Tag.HasID(vip.ID))
	a, b, c := f.visitor("A"), f.visitor("B"), f.visitor("C")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateGroup{Group: in},
		create(a, vip), create(b, vip, lead), create(c, lead))
	ctx, ws := f.Context(), f.open(nil)
	f.ok(ws.WatchGroup(ctx, in.ID, true, &store.WatchOptions{Events: true}))
	start := f.flips(0)
	f.same("members at the start", len(start), 2)
	rule := filter.Tag.HasID(lead.ID)
	preview, err := ws.PreviewRule(ctx, in.ID, rule)
	f.same("preview", []any{preview, err}, []any{store.RulePreview{Entered: 1, Left: 1}, error(nil)})
	f.same("flips of a preview", f.flips(0), start)
	_, err = ws.UpdateGroup(ctx, in.ID, group.Patch{Rule: rule})
	f.ok(err)
	events := f.events(f.ws, 0)
	at := events[len(events)-1].At
	f.same("flips", byVisitor(f.flips(0)[2:]), byVisitor([]string{
		flipped("-", a.ID, in.ID, store.ByRule, 2, at), flipped("+", c.ID, in.ID, store.ByRule, 2, at),
	}))
	_, err = ws.UpdateGroup(ctx, in.ID, group.Patch{Name: ptr("Mine")})
	f.ok(err)
	f.same("flips after renaming", len(f.flips(0)), 4)
	_, err = ws.UpdateGroup(ctx, in.ID, group.Patch{ClearRule: true})
	f.ok(err)
	f.same("flips without a rule", len(f.flips(0)), 6)
}

func checkWatchRefused(f *fixture) {
	f.given(driver.CreateGroup{Group: f.group("Reachable", filter.CanContact(consent.Email, ""))},
		driver.CreateGroup{Group: f.group("Silent", filter.Not(filter.Consent(consent.Email, "").Is(consent.Denied)))})
	ctx, ws, before := f.Context(), f.open(nil), f.dump(f.ws)
	for _, in := range f.groups(f.ws) {
		err := ws.WatchGroup(ctx, in.ID, true, nil)
		var reason *filter.Error
		if !errors.Is(err, store.ErrInvalid) || !errors.As(err, &reason) {
			f.Errorf("%s: error %v", in.Name, err)
		}
	}
	if err := ws.WatchGroup(ctx, group.ID(f.id(f.clock)), true, nil); !errors.Is(err, store.ErrNotFound) {
		f.Errorf("no such group: error %v", err)
	}
	if err := ws.WatchGroup(ctx, "x", true, nil); !errors.Is(err, store.ErrInvalid) {
		f.Errorf("no id: error %v", err)
	}
	own, err := store.Open(f.st, string(f.ws), &store.Options{Zone: time.FixedZone("CET", 3600)})
	f.ok(err)
	if err := own.WatchGroup(ctx, f.groups(f.ws)[0].ID, true, nil); !errors.Is(err, store.ErrInvalid) {
		f.Errorf("a zone that has no name: error %v", err)
	}
	f.same("the workspace", f.dump(f.ws), before)
	watched, err := ws.WatchedGroups(ctx)
	f.same("watched", []any{len(watched), err}, []any{0, error(nil)})

	plain := f.group("Plain", nil)
	f.must(driver.CreateGroup{Group: plain}, f.watch(plain.ID))
	before = f.dump(f.ws)
	if _, err := ws.UpdateGroup(ctx, plain.ID, group.Patch{Rule: filter.CanContact(consent.Email, "")}); !errors.Is(err, store.ErrInvalid) {
		f.Errorf("a rule for a watched group: error %v", err)
	}
	f.same("the workspace", f.dump(f.ws), before)
}

func checkWatchMerge(f *fixture) {
	vip := f.tag("vip")
	in := f.group("Ours", filter.Tag.HasID(vip.ID))
	a, b := f.visitor("A"), f.visitor("B")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: in}, create(a), create(b, vip), f.watch(in.ID))
	merge, undo := f.audit(), f.audit()
	f.must(driver.MergeVisitors{Audit: merge, Into: a.ID, From: b.ID})
	f.must(driver.UnmergeVisitor{Audit: undo, From: b.ID})
	f.same("flips", byVisitor(f.flips(0)), byVisitor([]string{
		flipped("+", a.ID, in.ID, store.ByMerge, 1, merge.At), flipped("-", b.ID, in.ID, store.ByMerge, 1, merge.At),
		flipped("-", a.ID, in.ID, store.ByMerge, 1, undo.At), flipped("+", b.ID, in.ID, store.ByMerge, 1, undo.At),
	}))
}

func checkWatchJob(f *fixture) {
	vip := f.tag("vip")
	ruled := f.group("Ruled", filter.Tag.HasID(vip.ID))
	ada, bob := f.visitor("Ada"), f.visitor("Bob")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: ruled}, create(ada), create(bob), f.watch(ruled.ID))
	f.must(driver.AddTags{Audit: f.audit(), ID: bob.ID, Tags: keys(vip)})
	step := func(j driver.Job, what driver.JobStep, from int) time.Time {
		f.Helper()
		a := f.audit()
		f.must(driver.StepJob{Audit: a, ID: j.ID, Step: what, From: from})
		return a.At
	}
	last := func() driver.Event {
		events := f.events(f.ws, 0)
		return events[len(events)-2] // before that of the job
	}
	tagging, deletion := f.job(driver.Action{Kind: driver.ActionTag}, vip), f.job(driver.Action{Kind: driver.ActionDelete})
	f.must(f.parts(tagging, 2, ada.ID, bob.ID)...)
	f.must(f.parts(deletion, 1, bob.ID)...)
	before := f.events(f.ws, 0)
	after := before[len(before)-1].Seq
	tagged := step(tagging, driver.StepRun, 0)
	f.same("cause of the event", last().Cause, tagging.ID.Cause())
	undone := step(tagging, driver.StepUndo, 1)
	deleted := step(deletion, driver.StepRun, 0)
	f.same("flips", f.flips(after), []string{
		flipped("+", ada.ID, ruled.ID, store.ByChange, 1, tagged), flipped("-", ada.ID, ruled.ID, store.ByChange, 1, undone),
		flipped("-", bob.ID, ruled.ID, store.ByDelete, 1, deleted),
	})
}

func checkWatchDeleted(f *fixture) {
	in, other := f.group("Ours", filter.Name.Exists()), f.group("Others", filter.Name.Is("Eve"))
	f.given(driver.CreateGroup{Group: in}, driver.CreateGroup{Group: other}, create(f.visitor("Ada")), f.watch(in.ID), f.watch(other.ID))
	f.must(driver.DeleteGroup{Audit: f.audit(), ID: in.ID})
	f.same("flips", len(f.flips(0)), 0)
	f.must(create(f.visitor("Eve")))
	f.same("flips of the other group", len(f.flips(0)), 1)
	watched, err := f.open(nil).WatchedGroups(f.Context())
	f.same("watched", []any{watched, err}, []any{[]group.ID{other.ID}, error(nil)})
}

func checkWatchDeletedTag(f *fixture) {
	vip, lead, team := f.tag("vip"), f.tag("lead"), f.group("Team", nil)
	tagged, alone := f.group("Tagged", filter.Tag.Exists()), f.group("Alone", filter.Not(filter.Group.Exists()))
	a, b := inGroups(f.visitor("A"), team.ID), f.visitor("B")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: tagged},
		driver.CreateGroup{Group: alone}, create(a, vip), create(b, vip, lead), f.watch(tagged.ID), f.watch(alone.ID))
	first, second, third := f.audit(), f.audit(), f.audit()
	f.must(driver.DeleteTag{Audit: first, ID: vip.ID})
	f.must(driver.DeleteTag{Audit: second, ID: lead.ID})
	f.must(driver.DeleteGroup{Audit: third, ID: team.ID})
	f.same("flips", f.flips(0), []string{
		flipped("-", a.ID, tagged.ID, store.ByChange, 1, first.At), flipped("-", b.ID, tagged.ID, store.ByChange, 1, second.At),
		flipped("+", a.ID, alone.ID, store.ByChange, 1, third.At),
	})
	f.same("the tags of B", len(f.get(b.ID).Tags), 0)
}
