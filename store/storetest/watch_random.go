package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

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
