package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
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
	{"an edited rule moves exactly those whom it concerns, at one instant", "A rule that is corrected must not look like an exodus.", checkWatchEdit},
	{"a group that cannot be watched is refused, and nothing changes", "A rule that is half watched would be trusted.", checkWatchRefused},
	{"a merged visitor leaves, and the survivor enters what it has become", "Two records of one person must not count twice.", checkWatchMerge},
	{"a job, and undoing it, record who enters and leaves", "Ten thousand who are tagged at once start ten thousand workflows.", checkWatchJob},
	{"a subscription gets each event once, in order, as they are appended", "Whoever delivers events to other servers starts again where it ended.", checkSubscribe},
	{"upcoming changes are those that Advance records later", "A team calls those who are about to lapse.", checkUpcoming},
	{"Run records the clock's flips until its context ends", "Without it a host would have to write the loop itself.", checkRun},
	{"whoever loses the last tag or group, since it is deleted, leaves", "Whoever has no tag any more is to be sorted again.", checkWatchDeletedTag},
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

// watchGame makes random changes to some visitors around an instant, in steps of microseconds.
type watchGame struct {
	*fixture
	rnd      *rand.Rand
	zone     *time.Location
	at       time.Time
	people   []visitor.Visitor
	tags     []string
	vip      tag.ID
	groups   []group.Group
	expected []string
	member   map[string]bool
	watched  map[group.ID]int // version of the rule
	rows     []visitor.Visitor
	checked  time.Time // up to which the clock was followed
}

func (f *fixture) watchGame(seed uint64) *watchGame {
	f.Helper()
	rnd := rand.New(rand.NewPCG(seed, 21))
	zone, err := time.LoadLocation("America/New_York")
	f.ok(err)
	starts := []time.Time{
		time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 5, 0, 0, 0, time.UTC),
		time.Date(2024, 3, 1, 5, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC),
	}
	start := starts[rnd.IntN(len(starts))]
	g := &watchGame{
		fixture: f, rnd: rnd, zone: zone, at: start.Add(-40 * time.Microsecond), member: map[string]bool{}, watched: map[group.ID]int{},
	}
	vip := f.tag("vip")
	g.tags, g.vip = keys(vip), vip.ID
	changes := []driver.Change{driver.CreateTag{Tag: vip}}
	for n := range 4 {
		var rule filter.Expr
		if n > 0 {
			rule = g.rule(3)
		}
		in := f.group(fmt.Sprint("Group ", n), rule)
		g.groups = append(g.groups, in)
		changes = append(changes, driver.CreateGroup{Group: in})
	}
	f.must(changes...)
	for range 2 {
		_, changes := g.change()
		f.must(changes...)
	}
	g.read()
	for _, in := range g.groups {
		g.step(2)
		g.tick()
		events := rnd.IntN(2) == 0
		f.must(driver.WatchGroup{Audit: g.now(), Group: in.ID, On: true, Zone: zone.String(), WeekStart: time.Sunday, Events: events})
		g.watched[in.ID] = 1
		known := len(g.expected)
		g.compare(g.at, store.ByRule)
		if !events {
			g.expected = g.expected[:known]
		}
	}
	return g
}

func (g *watchGame) rule(depth int) filter.Expr {
	if depth > 0 && g.rnd.IntN(3) > 0 {
		a, b := g.rule(depth-1), g.rule(depth-1)
		switch g.rnd.IntN(3) {
		case 0:
			return filter.And(a, b)
		case 1:
			return filter.Or(a, b)
		}
		return filter.Not(a)
	}
	age := time.Duration(g.rnd.IntN(25)) * time.Microsecond
	at := []filter.TimeField{filter.CreatedAt, filter.UpdatedAt, filter.LastSeenAt, filter.Attr("due").Time()}[g.rnd.IntN(4)]
	switch g.rnd.IntN(6) {
	case 0:
		return filter.Tag.HasID(g.vip)
	case 1:
		return at.During(filter.Periods()[g.rnd.IntN(8)])
	case 2:
		return filter.Name.Is("Ada")
	case 3, 4:
		return at.OlderThan(age)
	}
	return at.Within(age)
}

func (g *watchGame) now() driver.Audit { return driver.Audit{At: g.at} }

// step lets some microseconds pass, at least a number of them.
func (g *watchGame) step(least int) {
	g.at = g.at.Add(time.Duration(least+g.rnd.IntN(8)*g.rnd.IntN(2)) * time.Microsecond)
}

func (g *watchGame) read() { g.rows = g.visitors(g.ws) }

// compare notes the flips from what was before.
func (g *watchGame) compare(at time.Time, cause store.FlipCause) {
	for _, in := range g.groups {
		version := g.watched[in.ID]
		if version == 0 {
			continue
		}
		env := &filter.Env{Now: at, Zone: g.zone, WeekStart: ptr(time.Sunday), Groups: map[string]filter.GroupRef{string(in.ID): {ID: in.ID, Rule: in.Rule}}}
		members, err := filter.Bind(filter.Group.HasID(in.ID), env)
		g.ok(err)
		seen := map[string]bool{}
		flip := func(id visitor.ID, is bool) {
			key := string(id) + " " + string(in.ID)
			seen[key] = true
			if g.member[key] == is {
				return
			}
			g.member[key] = is
			g.expected = append(g.expected, flipped(map[bool]string{true: "+", false: "-"}[is], id, in.ID, cause, version, at))
		}
		for n := range g.rows {
			flip(g.rows[n].ID, members.Match(&g.rows[n]))
		}
		for key, was := range g.member {
			if id, of := visitor.ID(key[:36]), group.ID(key[37:]); was && of == in.ID && !seen[key] {
				flip(id, false)
			}
		}
	}
}

// tick follows the clock up to now.
func (g *watchGame) tick() {
	if g.checked.IsZero() {
		g.checked = g.at
	}
	for ; g.checked.Before(g.at); g.checked = g.checked.Add(time.Microsecond) {
		g.compare(g.checked.Add(time.Microsecond), store.ByClock)
	}
}

// change makes a random change, or several of different visitors.
func (g *watchGame) change() (store.FlipCause, []driver.Change) {
	if len(g.people) < 2 || g.rnd.IntN(8) == 0 && len(g.people) < 8 {
		v := g.visitorAt([]string{"Ada", "Bob"}[g.rnd.IntN(2)], g.at.Add(-time.Duration(g.rnd.IntN(30))*time.Microsecond))
		v.UpdatedAt = g.at
		if g.rnd.IntN(2) == 0 {
			v.LastSeenAt = g.at.Add(time.Duration(g.rnd.IntN(50)-30) * time.Microsecond)
		}
		g.people = append(g.people, v)
		return store.ByChange, []driver.Change{driver.CreateVisitor{Audit: g.now(), Visitor: v}}
	}
	n := g.rnd.IntN(len(g.people))
	v, other := g.people[n], g.people[(n+1)%len(g.people)]
	in := g.groups[g.rnd.IntN(len(g.groups))]
	due := visitor.Patch{Set: visitor.Attributes{"due": visitor.Time(g.at.Add(time.Duration(g.rnd.IntN(60)-40) * time.Microsecond))}}
	switch g.rnd.IntN(9) {
	case 0:
		return store.ByChange, []driver.Change{driver.AddTags{Audit: g.now(), ID: v.ID, Tags: g.tags}, driver.UpdateVisitor{Audit: g.now(), ID: other.ID, Patch: due}}
	case 1:
		return store.ByChange, []driver.Change{driver.RemoveTags{Audit: g.now(), ID: v.ID, Tags: g.tags}}
	case 2, 3:
		return store.ByChange, []driver.Change{driver.UpdateVisitor{Audit: g.now(), ID: v.ID, Patch: due}}
	case 4:
		return store.ByChange, []driver.Change{driver.UpdateVisitor{Audit: g.now(), ID: v.ID, Patch: visitor.Patch{Unset: []string{"due"}, Name: ptr([]string{"Ada", "Bob"}[g.rnd.IntN(2)])}}}
	case 5:
		return store.ByChange, []driver.Change{driver.AddToGroup{Audit: g.now(), ID: v.ID, Group: in.ID}}
	case 6:
		return store.ByChange, []driver.Change{driver.RemoveFromGroup{Audit: g.now(), ID: v.ID, Group: in.ID}}
	case 7:
		g.people = slices.Delete(g.people, n, n+1)
		return store.ByDelete, []driver.Change{driver.DeleteVisitor{Audit: g.now(), ID: v.ID}}
	}
	g.people = slices.Delete(g.people, n, n+1)
	return store.ByMerge, []driver.Change{driver.MergeVisitors{Audit: g.now(), Into: other.ID, From: v.ID}}
}

// play makes moves and calls Advance now and then, and at the end.
func (g *watchGame) play(moves int) {
	ws := g.open(&store.Options{Now: func() time.Time { return g.at }, NewID: visitor.NewID})
	advance := func() {
		_, err := ws.Advance(g.Context(), g.at)
		g.ok(err)
	}
	every := 1 + g.rnd.IntN(20)
	for n := range moves {
		g.step(0)
		if n%every == 0 {
			advance()
		}
		if g.rnd.IntN(12) == 0 {
			g.step(2)
			g.tick()
			in := &g.groups[1+g.rnd.IntN(3)]
			in.Rule = g.rule(3)
			_, err := g.apply(driver.UpdateGroup{Audit: g.now(), ID: in.ID, Patch: group.Patch{Rule: in.Rule}})
			g.ok(err)
			if after := g.groupsByID()[in.ID]; g.watching(in.ID) > g.watched[in.ID] {
				g.watched[in.ID], in.Rule = g.watched[in.ID]+1, after.Rule
			}
			g.compare(g.at, store.ByRule)
			continue
		}
		g.tick()
		cause, changes := g.change()
		g.must(changes...)
		g.read()
		g.compare(g.at, cause)
	}
	g.step(30)
	g.tick()
	advance()
}

func (g *watchGame) groupsByID() map[group.ID]group.Group {
	all := map[group.ID]group.Group{}
	for _, in := range g.fixture.groups(g.ws) {
		all[in.ID] = in
	}
	return all
}

// watching returns the version of the rule of a watched group.
func (g *watchGame) watching(id group.ID) int {
	w, err := driver.ReadWatching(func(q driver.RecordQuery) ([]driver.Record, error) { return g.st.Records(g.Context(), g.ws, q) }, nil)
	g.ok(err)
	for _, s := range w.Groups {
		if s.Group == id {
			return s.Rules[len(s.Rules)-1].Version
		}
	}
	return 0
}

// byVisitor sorts flips by visitor and group, and keeps the order of those with the same.
func byVisitor(flips []string) []string {
	flips = slices.Clone(flips)
	key := func(s string) string { return s[1 : 1+36+1+36] }
	slices.SortStableFunc(flips, func(a, b string) int { return strings.Compare(key(a), key(b)) })
	return flips
}

func checkWatchRandom(f *fixture) {
	f.random(func(f *fixture, seed uint64) {
		g := f.watchGame(seed)
		g.play(30)
		f.same("flips", byVisitor(f.flips(0)), byVisitor(g.expected))
	})
}

func checkWatchClockSetBack(f *fixture) {
	f.random(func(f *fixture, seed uint64) {
		g := f.watchGame(seed)
		ws := f.open(&store.Options{Now: func() time.Time { return g.at }, NewID: visitor.NewID})
		latest := g.at
		for n := range 30 {
			g.at = g.at.Add(time.Duration(g.rnd.IntN(30)-12) * time.Microsecond)
			if latest = later(latest, g.at); n%4 == 0 {
				_, err := ws.Advance(f.Context(), g.at)
				f.ok(err)
			}
			_, changes := g.change()
			f.must(changes...)
		}
		g.at = latest.Add(time.Millisecond)
		_, err := ws.Advance(f.Context(), g.at)
		f.ok(err)
		g.read()
		f.checkAlternate()
		for key := range g.member { // members at the start have no event if the group was watched without
			g.member[key] = false
		}
		last := map[string]bool{}
		for _, flip := range f.flips(0) {
			last[flip[1:1+36+1+36]] = flip[0] == '+'
		}
		for _, in := range g.groups {
			for n := range g.rows {
				v := &g.rows[n]
				env := &filter.Env{Now: g.at, Zone: g.zone, WeekStart: ptr(time.Sunday), Groups: map[string]filter.GroupRef{string(in.ID): {ID: in.ID, Rule: in.Rule}}}
				members, err := filter.Bind(filter.Group.HasID(in.ID), env)
				f.ok(err)
				if is, known := last[string(v.ID)+" "+string(in.ID)]; known && is != members.Match(v) {
					f.Errorf("the last event of %s in %s says %v", v.ID, in.Name, is)
				}
			}
		}
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// checkAlternate checks that nobody enters or leaves a group twice in a row, or before the last time.
func (f *fixture) checkAlternate() {
	f.Helper()
	type last struct {
		entered bool
		at      time.Time
	}
	before := map[string]last{}
	for _, e := range f.events(f.ws, 0) {
		flip, ok := store.Event(e).Flip()
		if !ok {
			continue
		}
		key := string(e.Visitor) + string(flip.Group)
		if b, known := before[key]; known && (b.entered == flip.Entered || e.At.Before(b.at)) {
			f.Errorf("event %d of %s does not follow from the one before", e.Seq, e.Visitor)
		}
		before[key] = last{flip.Entered, e.At}
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

func checkSubscribe(f *fixture) {
	ws, neighbour := f.open(nil), f.openOn(f.neighbour, nil)
	f.must(create(f.visitor("Ada")), create(f.visitor("Bob")))
	ctx, cancel := context.WithTimeout(f.Context(), 20*time.Second)
	defer cancel()
	var writers sync.WaitGroup
	var got []driver.Seq
	var failed error
	var people []visitor.Visitor
	for n := range 10 {
		people = append(people, f.visitor(fmt.Sprint("Visitor ", n)))
	}
	subscribed := time.Now()
	for e, err := range ws.Subscribe(ctx, 1) {
		if len(got) == 0 {
			writers.Go(func() {
				for _, v := range people {
					_, err := f.st.Apply(ctx, f.ws, []driver.Change{create(v)})
					failed = errors.Join(failed, err)
				}
			})
		}
		f.ok(err)
		if got = append(got, e.Seq); len(got) == 11 {
			break
		}
	}
	writers.Wait()
	f.ok(failed)
	f.same("numbers", got, []driver.Seq{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	if took := time.Since(subscribed); took > 15*time.Second {
		f.Errorf("ten events took %s", took)
	}
	short, end := context.WithTimeout(f.Context(), 10*time.Millisecond)
	defer end()
	for e, err := range neighbour.Subscribe(short, driver.Seq(len(f.events(f.neighbour, 0)))) {
		f.Errorf("in the neighbour: event %d, error %v", e.Seq, err)
	}
}

func checkRun(f *fixture) {
	f.lapsing(3)
	ctx, cancel := context.WithTimeout(f.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	running := f.open(&store.Options{Now: f.clockAt(f.clock), NewID: visitor.NewID})
	go func() { ended <- store.Run(ctx, running) }()
	entered := 0
	for e, err := range f.open(nil).Subscribe(ctx, 0) {
		f.ok(err)
		if e.Kind == store.GroupEntered {
			entered++
		}
		if entered == 3 {
			break
		}
	}
	cancel()
	f.same("the end", <-ended, context.Canceled)
	f.same("flips", []int{entered, len(f.flips(0))}, []int{3, 3})
}

// clockAt returns a clock that stands still.
func (f *fixture) clockAt(at time.Time) func() time.Time { return func() time.Time { return at } }

func checkUpcoming(f *fixture) {
	f.random(func(f *fixture, seed uint64) {
		g := f.watchGame(seed)
		g.play(6)
		zone := &store.Options{Now: func() time.Time { return g.at }, NewID: visitor.NewID}
		ws := f.open(zone)
		before, now, until := driver.Seq(len(f.events(f.ws, 0))), g.at, g.at.Add(40*time.Microsecond)
		var want []string
		for _, in := range g.groups[1:] {
			// The fixture's handle is in UTC: rules with periods differ from the watched ones.
			if filter.Validate(in.Rule) != nil || hasPeriod(in.Rule) {
				continue
			}
			for c, err := range ws.UpcomingChanges(f.Context(), in.ID, until) {
				f.ok(err)
				sign := map[bool]string{true: "+", false: "-"}[c.Entered]
				want = append(want, flipped(sign, c.Visitor, in.ID, store.ByClock, g.watched[in.ID], c.At))
			}
		}
		f.same("events of asking", len(f.events(f.ws, before)), 0)
		g.at = until
		_, err := ws.Advance(f.Context(), until)
		f.ok(err)
		var got []string
		for _, flip := range f.flips(before) {
			for _, in := range g.groups[1:] {
				if strings.Contains(flip, string(in.ID)) && !hasPeriod(in.Rule) {
					got = append(got, flip)
				}
			}
		}
		f.same(fmt.Sprintf("from %s", now), byVisitor(got), byVisitor(want))
	})
}

// hasPeriod reports whether a rule has a condition on a period of the calendar.
func hasPeriod(e filter.Expr) bool {
	switch e := e.(type) {
	case filter.AndExpr:
		return slices.ContainsFunc(e.Of, hasPeriod)
	case filter.OrExpr:
		return slices.ContainsFunc(e.Of, hasPeriod)
	case filter.NotExpr:
		return hasPeriod(e.Of)
	case filter.Condition:
		return slices.ContainsFunc(e.Values, func(v filter.Value) bool { return v.Kind == filter.PeriodValue })
	}
	return false
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
