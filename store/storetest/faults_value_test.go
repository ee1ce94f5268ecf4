package storetest

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// valueFaults are in returned values.
var valueFaults = []fault{
	{"ignores the workspace", "Visitor/a visitor with only a name and a source is read back as it was created", func(f *faultyStore) {
		f.inWorkspace(func(ws) ws { return "one" })
	}},
	{"returns not found without the sentinel", "Visitor/a missing id is ErrNotFound", func(f *faultyStore) {
		f.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			v, err := f.correct.GetVisitor(ctx, w, id)
			if err != nil {
				err = errors.New("sql: no rows in result set")
			}
			return v, err
		}
	}},
	{"counts a revision for an update that changes nothing", "Visitor/an update that changes nothing changes neither revision nor time", func(f *faultyStore) {
		f.onChange(func(ctx context.Context, w ws, c driver.Change) []driver.Change {
			u, ok := c.(driver.UpdateVisitor)
			if !ok {
				return []driver.Change{c}
			}
			touch := visitor.Patch{Set: visitor.Attributes{"touched": visitor.Bool(true)}}
			undo := visitor.Patch{Unset: []string{"touched"}}
			return []driver.Change{c, driver.UpdateVisitor{ID: u.ID, Patch: touch, Audit: driver.Audit{At: u.At}}, driver.UpdateVisitor{ID: u.ID, Patch: undo, Audit: driver.Audit{At: u.At}}}
		})
	}},
	{"looks at the deadline before a query and not during it", "Context/a deadline that passes during a query ends the query", func(f *faultyStore) {
		f.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := f.correct.CountVisitors(context.WithoutCancel(ctx), w, where, limit)
			return n, cmp.Or(ctx.Err(), err)
		}
	}},
	{"reads stale data once", "Visitor/every read sees a write at once", func(f *faultyStore) {
		type page struct {
			found []visitor.Visitor
			stale bool
		}
		pages := map[ws]*page{}
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := f.correct.FindVisitors(ctx, w, s)
			if _, constant := s.Where.Node().(bound.Constant); !constant {
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
	{"truncates times to seconds", "Time/times are read back to the microsecond, in UTC", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) { v.LastSeenAt = v.LastSeenAt.Truncate(time.Second) })
	}},
	{"reads times in local time", "Time/times are read back to the microsecond, in UTC", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) { v.CreatedAt = v.CreatedAt.In(time.FixedZone("here", 0)) })
	}},
	{"uses its own clock", "Time/times of changes are stored, not replaced by a clock", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.AddTags); ok {
				c.At = time.Now().UTC().Truncate(time.Microsecond)
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"stores numbers in 32 bits", "Time/numbers are stored bit for bit", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			for name, value := range v.Attributes {
				if value.Kind() == visitor.NumberKind {
					v.Attributes[name] = visitor.Number(float64(float32(value.Number())))
				}
			}
		})
	}},
	{"trims texts", "Text/every valid text is read back unchanged, in every field", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			for i := range v.Tags {
				v.Tags[i].Actor = strings.TrimSpace(v.Tags[i].Actor)
			}
			if s := v.Attributes["lines"].Text(); s != "" {
				v.Attributes["lines"] = visitor.Text(strings.ReplaceAll(s, "\t", " "))
			}
		})
	}},
	{"truncates long names", "Text/the longest valid values are stored completely", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) { v.Name = v.Name[:min(len(v.Name), 255)] })
	}},
	{"returns its own slices", "Copies/callers may modify what a store returns", func(f *faultyStore) {
		kept := map[ws]map[visitor.ID]visitor.Visitor{}
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			delete(kept, w)
			return f.correct.Apply(ctx, w, changes)
		}
		f.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			if v, ok := kept[w][id]; ok {
				return v, nil
			}
			v, err := f.correct.GetVisitor(ctx, w, id)
			if kept[w] == nil {
				kept[w] = map[visitor.ID]visitor.Visitor{}
			}
			kept[w][id] = v
			return v, err
		}
	}},
	{"keeps slices of its arguments", "Copies/callers may reuse what they passed to a store", func(f *faultyStore) {
		given := map[visitor.ID]visitor.Attributes{}
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			for _, c := range changes {
				if c, ok := c.(driver.CreateVisitor); ok {
					given[c.Visitor.ID] = c.Visitor.Attributes
				}
			}
			return f.correct.Apply(ctx, w, changes)
		}
		f.onRead(func(v *visitor.Visitor) {
			if v.Revision == 1 {
				v.Attributes = given[v.ID].Clone()
			}
		})
	}},
	{"returns empty lists of a visitor", "Nil/empty lists of a visitor are nil", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			if v.Memberships == nil {
				v.Memberships = []visitor.Membership{}
			}
		})
	}},
	{"returns empty results", "Nil/empty results are nil", func(f *faultyStore) {
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := f.correct.FindVisitors(ctx, w, s)
			return append([]visitor.Visitor{}, found...), err
		}
	}},
	{"ignores the context", "Context/every call with an ended context returns its error and changes nothing", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			return f.correct.Apply(context.WithoutCancel(ctx), w, changes)
		}
	}},
	{"writes after the context has ended", "Context/every call with an ended context returns its error and changes nothing", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			outcomes, err := f.correct.Apply(context.WithoutCancel(ctx), w, changes)
			return outcomes, errors.Join(err, ctx.Err())
		}
	}},
	{"works after Close", "Close/every call after Close returns ErrClosed", func(f *faultyStore) {
		f.close = func() error { return nil }
	}},
	{"cannot be closed twice", "Close/closing twice is not an error", func(f *faultyStore) {
		closed := false
		f.close = func() error {
			if closed {
				return driver.ErrClosed
			}
			closed = true
			return f.correct.Close()
		}
	}},
}
