package storetest

import (
	"context"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// orderLies are about order, pages, events and walls.
var orderLies = []lie{
	{"takes workspaces of another case for one", "Workspace/names of workspaces that look alike are different workspaces", func(l *liar) {
		l.inWorkspace(func(w ws) ws { return ws(strings.ToLower(string(w))) })
	}},
	{"cuts the names of workspaces", "Workspace/names of workspaces that look alike are different workspaces", func(l *liar) {
		l.inWorkspace(func(w ws) ws { return w[:min(len(w), 60)] })
	}},
	{"lists by the letters of names", "List/tags come in the order of their keys, page after page", func(l *liar) {
		l.tags = func(ctx context.Context, w ws, list store.List) ([]tag.Tag, error) {
			tags, err := l.honest.ListTags(ctx, w, list)
			slices.SortFunc(tags, func(a, b tag.Tag) int { return strings.Compare(a.Name, b.Name) })
			return tags, err
		}
	}},
	{"lists no more than 500 of the wanted", "List/a thousand tags are listed by key and by id at once", func(l *liar) {
		l.tags = func(ctx context.Context, w ws, list store.List) ([]tag.Tag, error) {
			list.Keys = list.Keys[:min(len(list.Keys), 500)]
			return l.honest.ListTags(ctx, w, list)
		}
	}},
	{"pages by number", "Page/pages neither skip nor repeat who stays while others come, change and go", func(l *liar) {
		type place struct {
			w     ws
			order store.Order
			id    visitor.ID
		}
		next := map[place]int{} // how many came before and with this one
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			offset := 0
			if s.After != nil {
				offset = next[place{w, s.Order, s.After.ID}]
			}
			limit := s.Limit
			s.After, s.Limit = nil, 100_000
			found, err := l.honest.FindVisitors(ctx, w, s)
			page := found[min(offset, len(found)):min(offset+limit, len(found))]
			if len(page) > 0 {
				next[place{w, s.Order, page[len(page)-1].ID}] = offset + len(page)
			}
			return page, err
		}
	}},
	{"forgets the id of a position", "Page/thousands with the same time and the same name come page by page, each once", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			if key, descending, _ := s.Order.Key(); s.After != nil && key != store.ByID {
				after := *s.After
				if after.ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"; descending {
					after.ID = "00000000-0000-0000-0000-000000000000"
				}
				s.After = &after
			}
			return l.honest.FindVisitors(ctx, w, s)
		}
	}},
	{"breaks ties always the same way", "Page/each order is total and the same everywhere", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			slices.SortStableFunc(found, func(a, b visitor.Visitor) int {
				x, y := store.PositionOf(s.Order, a), store.PositionOf(s.Order, b)
				if key, _, _ := s.Order.Key(); key != store.ByID && x.Name == y.Name && x.Micros == y.Micros {
					return strings.Compare(string(a.ID), string(b.ID))
				}
				return 0
			})
			return found, err
		}
	}},
	{"starts a page at its position", "Page/a page starts strictly after its position", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			if s.After != nil && err == nil {
				if v, err := l.honest.GetVisitor(ctx, w, s.After.ID); err == nil {
					found = append([]visitor.Visitor{v}, found...)
				}
			}
			return found[:min(len(found), s.Limit)], err
		}
	}},
	{"starts over after a position that nobody has", "Page/a position need not be that of a visitor", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			if s.After != nil {
				if _, err := l.honest.GetVisitor(ctx, w, s.After.ID); err != nil {
					s.After = nil
				}
			}
			return l.honest.FindVisitors(ctx, w, s)
		}
	}},
	{"sorts the never seen last", "Page/a visitor never seen comes before all that were seen", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			if s.Order == store.LeastRecentlySeen {
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
	{"tells of a change that was none", "Events/a change without an effect appends no event", func(l *liar) {
		l.rewrite(func(events []store.Event, outcomes []store.Outcome) []store.Event {
			for _, o := range outcomes {
				if o.Effect == store.Unchanged {
					events = append(events, store.Event{Kind: store.VisitorUpdated})
				}
			}
			return events
		})
	}},
	{"does not tell of leaving", "Events/every change with an effect appends one event that says what it did", func(l *liar) {
		l.rewrite(func(events []store.Event, _ []store.Outcome) []store.Event {
			return slices.DeleteFunc(events, func(e store.Event) bool { return e.Kind == store.VisitorLeft })
		})
	}},
	{"names the fields of an update in no order", "Events/every change with an effect appends one event that says what it did", func(l *liar) {
		l.rewrite(func(events []store.Event, _ []store.Outcome) []store.Event {
			for _, e := range events {
				slices.Reverse(e.Fields)
			}
			return events
		})
	}},
	{"reads one event more than asked for", "Events/events are read page by page from any number", func(l *liar) {
		l.events = func(ctx context.Context, w ws, after store.Seq, limit int) ([]store.Event, error) {
			return l.honest.Events(ctx, w, after, limit+1)
		}
	}},
	{"keeps the name in the events", "Events/events outlive the visitor and hold nothing of a person", func(l *liar) {
		l.rewrite(func(events []store.Event, outcomes []store.Outcome) []store.Event {
			for i, o := range outcomes {
				if len(events) == len(outcomes) && o.Visitor.Name != "" {
					events[i].Fields = append(events[i].Fields, o.Visitor.Name)
				}
			}
			return events
		})
	}},
	{"gives cursors that hold for a moment", "Handle/pages follow each other by their cursors and hold everybody once", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			if s.After != nil && s.Order == store.NameZA {
				return nil, nil
			}
			return l.honest.FindVisitors(ctx, w, s)
		}
	}},
}
