package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var concurrencyPromises = []promise{
	{"concurrent calls that ensure one tag create one tag", "Tags are created on the fly; two with one name would split a segment.", checkConcurrentEnsureTag},
	{"exactly one of several concurrent creations with one identity succeeds", "Channels deliver the same message twice at the same moment.", checkConcurrentIdentity},
	{"concurrent calls that add one tag add it once", "Every event could start a campaign.", checkConcurrentTagging},
	{"a reader sees all changes of a call or none", "A screen that is loaded in the middle of a bulk change must not show half of it.", checkReadersSeeWholeCalls},
	{"calls that change the same visitors in opposite order all end", "Two bulk changes must not deadlock.", checkNoDeadlock},
	{"concurrent changes that create a rule and remove what it mentions do not both succeed", "A rule that mentions what does not exist can never be bound again.", checkConcurrentRules},
	{"concurrent calls on different workspaces do not affect each other", "A host's customers all work at once.", checkConcurrentWorkspaces},
}

func checkConcurrentEnsureTag(f *fixture) {
	for round := range f.effort.rounds {
		const n = 4
		var tags [n]tag.Tag
		var made atomic.Int32
		for i := range tags {
			tags[i] = f.tag(fmt.Sprintf("Tag %d", round))
		}
		var got [n]tag.ID
		f.race(n, func(i int) error {
			out, err := f.apply(driver.EnsureTag{Tag: tags[i]})
			if err != nil {
				return err
			}
			got[i] = out[0].Tag.ID
			if out[0].Effect == driver.Created {
				made.Add(1)
			}
			return nil
		}, f.succeed)
		if made.Load() != 1 || got != [n]tag.ID{got[0], got[0], got[0], got[0]} {
			f.Fatalf("%d tags were created, the returned ids are %v", made.Load(), got)
		}
	}
	f.same("tags", len(f.tags(f.ws)), f.effort.rounds)
}

func checkConcurrentIdentity(f *fixture) {
	for round := range f.effort.rounds {
		const n = 4
		var visitors [n]visitor.Visitor
		for i := range visitors {
			visitors[i] = f.visitor("Ada")
			visitors[i].Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(round)}}
		}
		won := 0
		var owners []string
		f.race(n, func(i int) error {
			_, err := f.apply(create(visitors[i]))
			return err
		}, func(err error) {
			var e *driver.Error
			switch {
			case err == nil:
				won++
			case errors.Is(err, driver.ErrExists) && errors.As(err, &e) && e.Kind == "identity":
				owners = append(owners, e.Key)
			default:
				f.Errorf("create: %v", err)
			}
		})
		found := f.find(driver.Select{Where: f.bind(filter.Identity.Is(visitor.Telegram, "", fmt.Sprint(round))), Order: driver.NewestFirst, Limit: 9})
		if won != 1 || len(found) != 1 || len(owners) != n-1 {
			f.Fatalf("%d succeeded, %d got the owner in an error, %d own it", won, len(owners), len(found))
		}
		for _, owner := range owners {
			f.same("the owner in an error", owner, string(found[0].ID))
		}
	}
}

func checkConcurrentTagging(f *fixture) {
	vip, v := f.tag("vip"), f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, create(v))
	for range f.effort.rounds {
		before := len(f.events(f.ws, 0))
		var effects atomic.Int32
		f.race(4, func(int) error {
			out, err := f.apply(driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: f.clock}})
			if err == nil && out[0].Effect == driver.Updated {
				effects.Add(1)
			}
			return err
		}, f.succeed)
		f.same("calls with an effect", effects.Load(), int32(1))
		f.same("events", len(f.events(f.ws, 0)), before+1)
		f.must(driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()})
	}
}

func checkReadersSeeWholeCalls(f *fixture) {
	vip, lead := f.tag("vip"), f.tag("Hot Lead")
	changes := []driver.Change{driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}}
	var people []visitor.Visitor
	for range 10 {
		v := f.visitor("Ada")
		people, changes = append(people, v), append(changes, create(v, vip))
	}
	f.given(changes...)
	isVIP, isLead := f.bind(filter.Tag.Has("vip")), f.bind(filter.Tag.Has("hot lead"))
	var writing atomic.Int32
	const writers, readers = 1, 3
	writing.Store(writers)
	f.race(writers+readers, func(i int) error {
		if i >= writers {
			for writing.Load() > 0 {
				if err := f.readTogether(isVIP, isLead, len(people)); err != nil {
					return err
				}
			}
			return nil
		}
		defer writing.Add(-1)
		for range f.effort.rounds {
			for _, move := range [][2]tag.Tag{{vip, lead}, {lead, vip}} {
				var changes []driver.Change
				for _, v := range people {
					changes = append(changes, driver.RemoveTags{ID: v.ID, Tags: keys(move[0]), Audit: driver.Audit{At: f.clock}}, driver.AddTags{ID: v.ID, Tags: keys(move[1]), Audit: driver.Audit{At: f.clock}})
				}
				if _, err := f.apply(changes...); err != nil {
					return err
				}
			}
		}
		return nil
	}, f.succeed)
}

func checkNoDeadlock(f *fixture) {
	var people []visitor.Visitor
	var changes []driver.Change
	for range 12 {
		v := f.visitor("Ada")
		people, changes = append(people, v), append(changes, create(v))
	}
	f.given(changes...)
	const writers = 4
	f.race(writers, func(i int) error {
		for round := range f.effort.rounds {
			var changes []driver.Change
			for j := range people {
				k := j
				if i%2 == 1 {
					k = len(people) - 1 - j
				}
				changes = append(changes, driver.UpdateVisitor{ID: people[k].ID, Patch: visitor.Patch{Name: ptr(fmt.Sprintf("Ada %d %d", i, round))}, Audit: driver.Audit{At: f.clock}})
			}
			if _, err := f.apply(changes...); err != nil {
				return err
			}
		}
		return nil
	}, f.succeed)
	last := f.get(people[0].ID).Name
	for _, v := range f.visitors(f.ws) {
		f.same("name after the last call", v.Name, last)
		f.same("revision", v.Revision, int64(writers*f.effort.rounds+1))
	}
}

func checkConcurrentRules(f *fixture) {
	for round := range f.effort.rounds {
		vip, team := f.tag(fmt.Sprint("tag ", round)), f.group(fmt.Sprint("team ", round), nil)
		segment := f.group(fmt.Sprint("segment ", round), filter.And(filter.Tag.HasID(vip.ID), filter.Group.HasID(team.ID)))
		f.must(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team})
		a := f.audit()
		rivals := [3]driver.Change{
			driver.DeleteTag{ID: vip.ID, Audit: a}, driver.DeleteGroup{ID: team.ID, Audit: a},
			driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Rule: filter.All()}, Audit: a},
		}
		var made [2]bool
		f.race(2, func(i int) error {
			c := rivals[round%len(rivals)]
			if i == 0 {
				c = driver.CreateGroup{Group: segment, Audit: a}
			}
			_, err := f.apply(c)
			if made[i] = err == nil; errors.Is(err, driver.ErrInUse) || errors.Is(err, driver.ErrInvalid) {
				return nil
			}
			return err
		}, f.succeed)
		f.same("only one was made", made[0] != made[1], true)
	}
}

func checkConcurrentWorkspaces(f *fixture) {
	const n = 4
	var fixtures [n]*fixture
	for i := range fixtures {
		fixtures[i] = f.newFixture(f.reporter)
	}
	before, changes := f.everyChange()
	f.race(n, func(i int) error {
		if _, err := fixtures[i].apply(before...); err != nil {
			return err
		}
		for _, c := range changes {
			if _, err := fixtures[i].apply(c); err != nil {
				return err
			}
		}
		return nil
	}, f.succeed)
	want := fixtures[0].dump(fixtures[0].ws)
	f.same("visitors", names(want.Visitors), "Ben, Cleo")
	for _, other := range fixtures {
		f.same("a workspace written to at the same time", other.dump(other.ws), want)
		other.checkNeighbour()
	}
}

// succeed fails if there is an error.
func (f *fixture) succeed(err error) {
	f.Helper()
	if err != nil {
		f.Errorf("a call made at the same time as others: %v", err)
	}
}

// readTogether finds and counts the people who have one of two tags, and returns an error
// unless all of them or none have it.
func (f *fixture) readTogether(a, b filter.Bound, all int) error {
	for _, where := range []filter.Bound{a, b} {
		n, err := f.st.CountVisitors(f.Context(), f.ws, where, 0)
		if err != nil {
			return err
		}
		if n != 0 && n != int64(all) {
			return fmt.Errorf("%d of %d have a tag that all get in one call", n, all)
		}
		found, err := f.st.FindVisitors(f.Context(), f.ws, driver.Select{Where: where, Order: driver.NewestFirst, Limit: all + 1})
		if err != nil {
			return err
		}
		if len(found) != 0 && len(found) != all {
			return fmt.Errorf("found %d of %d with a tag that all get in one call", len(found), all)
		}
		for _, v := range found {
			if !filter.Match(where, v) {
				return fmt.Errorf("a visitor is found by a tag that it is returned without")
			}
		}
	}
	return nil
}
