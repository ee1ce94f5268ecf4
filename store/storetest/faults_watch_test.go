package storetest

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// withoutFlips loses events of visitors that entered or left groups.
func (f *faultyStore) withoutFlips(lost func(store.Flip) bool) {
	f.rewrite(func(events []driver.Event, _ []driver.Outcome) []driver.Event {
		return slices.DeleteFunc(events, func(e driver.Event) bool {
			flip, ok := store.Event(e).Flip()
			return ok && lost(flip)
		})
	})
}

// onWatchChange changes the changes that one kind of request makes.
func onWatchChange[C driver.Change](f *faultyStore, edit func(C) C) {
	f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
		if c, ok := c.(C); ok {
			return []driver.Change{edit(c)}
		}
		return []driver.Change{c}
	})
}

// watchFaults are in who enters and leaves watched groups.
var watchFaults = []fault{
	{"forgets that deleted visitors leave", "Watch/a change records who enters and leaves watched groups, right after its own event", func(f *faultyStore) {
		f.withoutFlips(func(flip store.Flip) bool { return flip.Cause == store.ByDelete })
	}},
	{"forgets that a visitor is of an import", "Watch/a change records who enters and leaves watched groups, right after its own event", func(f *faultyStore) {
		onWatchChange(f, func(c driver.CreateVisitor) driver.CreateVisitor { c.Bulk = false; return c })
	}},
	{"forgets the zone of a rule", "Watch/the clock's flips are recorded at their instants, and once", func(f *faultyStore) {
		onWatchChange(f, func(c driver.WatchGroup) driver.WatchGroup { c.Zone = ""; return c })
	}},
	{"loses a visitor of each part of an Advance", "Watch/the clock's flips are recorded at their instants, and once", func(f *faultyStore) {
		onWatchChange(f, func(c driver.AdvanceWatch) driver.AdvanceWatch {
			c.Visitors = c.Visitors[min(1, len(c.Visitors)):]
			return c
		})
	}},
	{"does not find the first visitor in a range of times", "Watch/random rules, changes and ticks have exactly the flips of a test at every microsecond", func(f *faultyStore) {
		find := f.find
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := find(ctx, w, s)
			if t, ok := s.Where.Node().(*bound.Test); ok && len(t.Times) == 1 && len(found) > 0 {
				found = found[1:]
			}
			return found, err
		}
	}},
	{"forgets that merged visitors leave", "Watch/a merged visitor leaves, and the survivor enters what it has become", func(f *faultyStore) {
		f.withoutFlips(func(flip store.Flip) bool { return flip.Cause == store.ByMerge && !flip.Entered })
	}},
	{"ignores that members at the start are to be recorded", "Watch/an edited rule moves exactly the visitors concerned, at one instant", func(f *faultyStore) {
		onWatchChange(f, func(c driver.WatchGroup) driver.WatchGroup { c.Events = false; return c })
	}},
	{"does not stop watching a group", "Watch/a change records who enters and leaves watched groups, right after its own event", func(f *faultyStore) {
		onWatchChange(f, func(c driver.WatchGroup) driver.WatchGroup { c.On = true; return c })
	}},
}
