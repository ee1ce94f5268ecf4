package storetest

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// valueLies are about how things are returned.
var valueLies = []lie{
	{"ignores the workspace", "Visitor/a visitor with a name and a source alone reads as it was created", func(l *liar) {
		l.inWorkspace(func(ws) ws { return "one" })
	}},
	{"says not found without the sentinel", "Visitor/an id that no visitor has is not found", func(l *liar) {
		l.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			v, err := l.honest.GetVisitor(ctx, w, id)
			if err != nil {
				err = errors.New("sql: no rows in result set")
			}
			return v, err
		}
	}},
	{"counts a revision for an update that changes nothing", "Visitor/an update that changes nothing changes neither revision nor time", func(l *liar) {
		l.onChange(func(ctx context.Context, w ws, c store.Change) []store.Change {
			u, ok := c.(store.UpdateVisitor)
			if !ok {
				return []store.Change{c}
			}
			touch := visitor.Patch{Set: visitor.Attributes{"touched": visitor.Bool(true)}}
			undo := visitor.Patch{Unset: []string{"touched"}}
			return []store.Change{c, store.UpdateVisitor{ID: u.ID, Patch: touch, At: u.At}, store.UpdateVisitor{ID: u.ID, Patch: undo, At: u.At}}
		})
	}},
	{"reads what was before", "Visitor/what is written is read at once, by every way of reading", func(l *liar) {
		type page struct {
			found []visitor.Visitor
			stale bool
		}
		pages := map[ws]*page{}
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			if _, constant := s.Where.Node().(filter.Constant); !constant {
				return found, err
			}
			if p, ok := pages[w]; ok && p.stale {
				p.stale = false
				return p.found, err
			}
			pages[w] = &page{found, true}
			return found, err
		}
	}},
	{"cuts times to seconds", "Time/times read to the microsecond, in UTC", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) { v.LastSeenAt = v.LastSeenAt.Truncate(time.Second) })
	}},
	{"reads times in local time", "Time/times read to the microsecond, in UTC", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) { v.CreatedAt = v.CreatedAt.In(time.FixedZone("here", 0)) })
	}},
	{"stamps by its own clock", "Time/times of changes are kept, not replaced by a clock", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.AddTags); ok {
				c.At = time.Now().UTC().Truncate(time.Microsecond)
				return []store.Change{c}
			}
			return []store.Change{c}
		})
	}},
	{"keeps numbers in 32 bits", "Time/numbers are kept bit for bit", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			for name, value := range v.Attributes {
				if value.Kind() == visitor.NumberKind {
					v.Attributes[name] = visitor.Number(float64(float32(value.Number())))
				}
			}
		})
	}},
	{"trims texts", "Text/every text that is allowed reads as it was written, wherever it stands", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			for i := range v.Tags {
				v.Tags[i].By = strings.TrimSpace(v.Tags[i].By)
			}
			if s := v.Attributes["lines"].Text(); s != "" {
				v.Attributes["lines"] = visitor.Text(strings.ReplaceAll(s, "\t", " "))
			}
		})
	}},
	{"cuts long names", "Text/the longest values that are allowed are kept whole", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) { v.Name = v.Name[:min(len(v.Name), 255)] })
	}},
	{"hands out what it keeps", "Copies/what a caller was given it may scribble on", func(l *liar) {
		kept := map[ws]map[visitor.ID]visitor.Visitor{}
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			delete(kept, w)
			return l.honest.Apply(ctx, w, changes)
		}
		l.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			if v, ok := kept[w][id]; ok {
				return v, nil
			}
			v, err := l.honest.GetVisitor(ctx, w, id)
			if kept[w] == nil {
				kept[w] = map[visitor.ID]visitor.Visitor{}
			}
			kept[w][id] = v
			return v, err
		}
	}},
	{"keeps what it was given", "Copies/what a caller gave it may use again", func(l *liar) {
		given := map[visitor.ID]visitor.Attributes{}
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			for _, c := range changes {
				if c, ok := c.(store.CreateVisitor); ok {
					given[c.Visitor.ID] = c.Visitor.Attributes
				}
			}
			return l.honest.Apply(ctx, w, changes)
		}
		l.onRead(func(v *visitor.Visitor) {
			if v.Revision == 1 {
				v.Attributes = given[v.ID].Clone()
			}
		})
	}},
	{"reads empty for nil", "Nil/lists of a visitor that are empty are nil", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			if v.Groups == nil {
				v.Groups = []group.ID{}
			}
		})
	}},
	{"finds empty for nil", "Nil/results without anything are nil", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			return append([]visitor.Visitor{}, found...), err
		}
	}},
	{"looks at the deadline before a query and not during it", "Context/a deadline that passes during a query ends the query", func(l *liar) {
		l.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := l.honest.CountVisitors(context.WithoutCancel(ctx), w, where, limit)
			return n, cmp.Or(ctx.Err(), err)
		}
	}},
	{"does not look at the context", "Context/a context that has ended ends every call, and changes nothing", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			return l.honest.Apply(context.WithoutCancel(ctx), w, changes)
		}
	}},
	{"writes although the context has ended", "Context/a context that has ended ends every call, and changes nothing", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			outcomes, err := l.honest.Apply(context.WithoutCancel(ctx), w, changes)
			return outcomes, errors.Join(err, ctx.Err())
		}
	}},
	{"works on after closing", "Close/every call after closing says so", func(l *liar) {
		l.close = func() error { return nil }
	}},
	{"cannot be closed twice", "Close/closing twice is no error", func(l *liar) {
		closed := false
		l.close = func() error {
			if closed {
				return store.ErrClosed
			}
			closed = true
			return l.honest.Close()
		}
	}},
}
