package storetest

import (
	"context"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// orderFaults are in orders, pages, events and the isolation of workspaces.
var orderFaults = []fault{
	{"ignores the case of workspace names", "Isolation/workspaces with similar names are different", func(f *faultyStore) {
		f.inWorkspace(func(w ws) ws { return ws(strings.ToLower(string(w))) })
	}},
	{"truncates workspace names", "Isolation/workspaces with similar names are different", func(f *faultyStore) {
		f.inWorkspace(func(w ws) ws { return w[:min(len(w), 60)] })
	}},
	{"lists by name instead of key", "List/tags are listed by key, page after page", func(f *faultyStore) {
		f.tags = func(ctx context.Context, w ws, list driver.List) ([]tag.Tag, error) {
			tags, err := f.correct.ListTags(ctx, w, list)
			slices.SortFunc(tags, func(a, b tag.Tag) int { return strings.Compare(a.Name, b.Name) })
			return tags, err
		}
	}},
	{"lists at most 500 of the given keys", "List/a thousand tags are listed by key and by id in one call", func(f *faultyStore) {
		f.tags = func(ctx context.Context, w ws, list driver.List) ([]tag.Tag, error) {
			list.Keys = list.Keys[:min(len(list.Keys), 500)]
			return f.correct.ListTags(ctx, w, list)
		}
	}},
	{"pages by offset", "Page/pages neither skip nor repeat a visitor while others are created, changed and deleted", func(f *faultyStore) {
		type place struct {
			w     ws
			order driver.Order
			id    visitor.ID
		}
		next := map[place]int{} // how many came before and with this one
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			offset := 0
			if s.After != nil {
				offset = next[place{w, s.Order, s.After.ID}]
			}
			limit := s.Limit
			s.After, s.Limit = nil, 100_000
			found, err := f.correct.FindVisitors(ctx, w, s)
			page := found[min(offset, len(found)):min(offset+limit, len(found))]
			if len(page) > 0 {
				next[place{w, s.Order, page[len(page)-1].ID}] = offset + len(page)
			}
			return page, err
		}
	}},
	{"ignores the id of a position", "Page/thousands of visitors with the same time and name are each on one page", func(f *faultyStore) {
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			if key, descending, _ := driver.Sorting(s.Order); s.After != nil && key != driver.ByID {
				after := *s.After
				if after.ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"; descending {
					after.ID = "00000000-0000-0000-0000-000000000000"
				}
				s.After = &after
			}
			return f.correct.FindVisitors(ctx, w, s)
		}
	}},
	{"breaks ties in the same direction in every order", "Page/each order is total and the same on every engine", func(f *faultyStore) {
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := f.correct.FindVisitors(ctx, w, s)
			slices.SortStableFunc(found, func(a, b visitor.Visitor) int {
				x, y := driver.PositionOf(s.Order, a), driver.PositionOf(s.Order, b)
				if key, _, _ := driver.Sorting(s.Order); key != driver.ByID && x.Name == y.Name && x.Micros == y.Micros {
					return strings.Compare(string(a.ID), string(b.ID))
				}
				return 0
			})
			return found, err
		}
	}},
	{"starts a page at its position", "Page/a page starts strictly after its position", func(f *faultyStore) {
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := f.correct.FindVisitors(ctx, w, s)
			if s.After != nil && err == nil {
				if v, err := f.correct.GetVisitor(ctx, w, s.After.ID); err == nil {
					found = append([]visitor.Visitor{v}, found...)
				}
			}
			return found[:min(len(found), s.Limit)], err
		}
	}},
	{"starts again at an unknown position", "Page/a position need not be a visitor's", func(f *faultyStore) {
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			if s.After != nil {
				if _, err := f.correct.GetVisitor(ctx, w, s.After.ID); err != nil {
					s.After = nil
				}
			}
			return f.correct.FindVisitors(ctx, w, s)
		}
	}},
	{"sorts visitors never seen last", "Page/a visitor never seen sorts before all others in ascending order", func(f *faultyStore) {
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := f.correct.FindVisitors(ctx, w, s)
			if s.Order == driver.LeastRecentlySeen {
				slices.SortStableFunc(found, func(a, b visitor.Visitor) int {
					if a.LastSeenAt.IsZero() == b.LastSeenAt.IsZero() {
						return 0
					} else if a.LastSeenAt.IsZero() {
						return 1
					}
					return -1
				})
			}
			return found, err
		}
	}},
	{"appends an event for a change without effect", "Events/a change without an effect appends no event", func(f *faultyStore) {
		f.rewrite(func(events []driver.Event, outcomes []driver.Outcome) []driver.Event {
			for _, o := range outcomes {
				if o.Effect == driver.Unchanged {
					events = append(events, driver.Event{Kind: driver.VisitorUpdated})
				}
			}
			return events
		})
	}},
	{"appends no event for a removal from a group", "Events/every change with an effect appends one event that describes it", func(f *faultyStore) {
		f.rewrite(func(events []driver.Event, _ []driver.Outcome) []driver.Event {
			return slices.DeleteFunc(events, func(e driver.Event) bool { return e.Kind == driver.VisitorLeft })
		})
	}},
	{"lists the fields of an update in reverse order", "Events/every change with an effect appends one event that describes it", func(f *faultyStore) {
		f.rewrite(func(events []driver.Event, _ []driver.Outcome) []driver.Event {
			for _, e := range events {
				slices.Reverse(e.Fields)
			}
			return events
		})
	}},
	{"reads one event more than asked for", "Events/events are read in pages after any number", func(f *faultyStore) {
		f.events = func(ctx context.Context, w ws, q driver.EventQuery) ([]driver.Event, error) {
			return f.correct.Events(ctx, w, driver.EventQuery{After: q.After, Visitor: q.Visitor, Limit: q.Limit + 1})
		}
	}},
	{"writes names into events", "Events/events outlive the visitor and contain no personal data", func(f *faultyStore) {
		f.rewrite(func(events []driver.Event, outcomes []driver.Outcome) []driver.Event {
			for i, o := range outcomes {
				if len(events) == len(outcomes) && o.Visitor != nil && o.Visitor.Name != "" {
					events[i].Fields = append(events[i].Fields, o.Visitor.Name)
				}
			}
			return events
		})
	}},
	{"ends the pages of one order after the first", "Workspace/pages follow each other by cursor and have every visitor once", func(f *faultyStore) {
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			if s.After != nil && s.Order == driver.NameZA {
				return nil, nil
			}
			return f.correct.FindVisitors(ctx, w, s)
		}
	}},
}
