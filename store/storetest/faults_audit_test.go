package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// onEvents changes every event that is written.
func (f *faultyStore) onEvents(edit func(*driver.Event)) {
	f.rewrite(func(events []driver.Event, _ []driver.Outcome) []driver.Event {
		for i := range events {
			edit(&events[i])
		}
		return events
	})
}

// auditFaults are in what events record, and in the history of a visitor.
var auditFaults = []fault{
	{"records no actor", "Audit/every event has the time, actor and cause of its change", func(f *faultyStore) {
		f.onEvents(func(e *driver.Event) { e.Actor = "" })
	}},
	{"records no cause of deletions of tags", "Audit/every event has the time, actor and cause of its change", func(f *faultyStore) {
		f.onEvents(func(e *driver.Event) {
			if e.Kind == driver.TagDeleted {
				e.Cause = ""
			}
		})
	}},
	{"records its own time", "Audit/every event has the time, actor and cause of its change", func(f *faultyStore) {
		f.onEvents(func(e *driver.Event) { e.At = time.Now().UTC().Truncate(time.Microsecond) })
	}},
	{"records no actor for tags that a capture creates", "Audit/all events of one capture have its time, actor and cause", func(f *faultyStore) {
		f.onEvents(func(e *driver.Event) {
			if e.Kind == driver.TagCreated {
				e.Actor = ""
			}
		})
	}},
	{"forgets who added a member", "Audit/a membership has the time, actor and cause of its first addition", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			for i := range v.Memberships {
				v.Memberships[i].Actor = ""
			}
		})
	}},
	{"replaces a membership when the visitor is added again", "Audit/a membership has the time, actor and cause of its first addition", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.AddToGroup); ok {
				return []driver.Change{driver.RemoveFromGroup(c), c}
			}
			return []driver.Change{c}
		})
	}},
	{"loses the times of memberships in a merge", "Audit/memberships and assignments keep time, actor and cause through a merge and its undoing", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			for i := range v.Memberships {
				if v.Revision > 1 {
					v.Memberships[i].At = time.Time{}
				}
			}
		})
	}},
	{"records no cause", "Audit/a Workspace records its actor and cause", func(f *faultyStore) {
		f.onEvents(func(e *driver.Event) { e.Cause = "" })
	}},
	{"does not find a visitor that was merged", "Events/the events about a visitor are read exactly, in order, page by page", func(f *faultyStore) {
		f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
			all, err := f.correct.Events(ctx, w, driver.EventQuery{After: q.After, Visitor: q.Visitor, Limit: 100_000})
			var page []driver.Event
			for _, e := range all {
				if (q.Visitor == "" || e.Visitor == q.Visitor) && len(page) < q.Limit {
					page = append(page, e)
				}
			}
			return page, err
		}
	}},
	{"selects the events of a visitor from a page of all events", "Events/the events about a visitor are read exactly, in order, page by page", func(f *faultyStore) {
		f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
			all, err := f.correct.Events(ctx, w, driver.EventQuery{After: q.After, Limit: q.Limit})
			var page []driver.Event
			for _, e := range all {
				if q.Visitor == "" || e.Visitor == q.Visitor || e.Other == q.Visitor {
					page = append(page, e)
				}
			}
			return page, err
		}
	}},
	{"returns the events of the survivor", "Events/the events about a visitor are read exactly, in order, page by page", func(f *faultyStore) {
		f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
			if v, err := f.correct.GetVisitor(ctx, w, q.Visitor); err == nil {
				q.Visitor = v.ID
			}
			return f.correct.Events(ctx, w, q)
		}
	}},
	{"deletes the history with the visitor", "Events/the history of a deleted visitor can be read", func(f *faultyStore) {
		f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
			if _, err := f.correct.GetVisitor(ctx, w, q.Visitor); q.Visitor != "" && errors.Is(err, driver.ErrNotFound) {
				return nil, nil
			}
			return f.correct.Events(ctx, w, q)
		}
	}},
	{"returns all events for a visitor that it does not know", "Events/an unknown visitor has no history", func(f *faultyStore) {
		f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
			if _, err := f.correct.GetVisitor(ctx, w, q.Visitor); errors.Is(err, driver.ErrNotFound) {
				q.Visitor = ""
			}
			return f.correct.Events(ctx, w, q)
		}
	}},
}
