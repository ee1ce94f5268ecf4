package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	maxConditions   = 64    // of an index; each changed visitor is matched against all
	maxConditionKey = 4_096 // longest condition that is kept, in bytes
	maxAsked        = 256   // conditions that are remembered before they are loaded
)

// conditions are the conditions of an index that its bitmaps do not answer: on texts, searches,
// values of attributes and single identities. SQL answers the first calls with such a condition;
// then its matches are read once and kept right by matching each visitor that changes. conditions
// is the index.Owner.
type conditions struct {
	byKey map[string]*condition
	uses  atomic.Int64
	asked map[string]bool // see askedBefore
}

// condition is a condition and the positions that match it.
type condition struct {
	key     string
	node    bound.Node
	matches *roaring.Bitmap
	allowed *index.Permission // in place of matches if node is a *bound.Permission
	touched *roaring.Bitmap   // while the matches are read: positions that have changed since, for which matches is right
	used    atomic.Int64
}

// unknownCondition is the error of an index for a condition that is not loaded.
type unknownCondition struct{ node bound.Node }

func (*unknownCondition) Error() string { return "a condition is not loaded" }

// conditionKey identifies a condition.
func conditionKey(n bound.Node) string {
	if p, ok := n.(*bound.Permission); ok {
		return index.PermissionKey(p)
	}
	if t, ok := n.(*bound.Test); ok {
		return fmt.Sprintf("%s %q %s %s %q %v %v %q", t.Field.Name, t.Attr, t.Op, t.Kind, t.Texts, t.Times, t.Numbers, t.Refs)
	}
	return fmt.Sprintf("%q", n)
}

// Known returns the matches of a condition that is loaded. See index.Owner.
func (c *conditions) Known(n bound.Node) *roaring.Bitmap {
	if len(c.byKey) == 0 {
		return nil
	}
	f := c.byKey[conditionKey(n)]
	if f == nil || f.touched != nil {
		return nil
	}
	f.used.Store(c.uses.Add(1))
	if p, ok := n.(*bound.Permission); ok {
		return f.allowed.At(p.At)
	}
	return f.matches
}

// Search fails: only the database knows. See index.Owner.
func (c *conditions) Search(_ context.Context, n bound.Node, _ *roaring.Bitmap) (*roaring.Bitmap, error) {
	return nil, &unknownCondition{n}
}

// Name returns nothing: pages by name are read by SQL. See index.Owner.
func (c *conditions) Name(uint32) []byte { return nil }

// add adds a condition whose matches are going to be read. It returns nil if that is under way, or
// not worth it: in a large workspace, if nobody asked for it before.
func (c *conditions) add(n bound.Node, small bool) *condition {
	key := conditionKey(n)
	if c.byKey[key] != nil || len(key) > maxConditionKey {
		return nil
	}
	t, ok := n.(*bound.Test)
	if at := ok && t.Kind == visitor.TimeKind; (at || !small) && !c.askedBefore(key) {
		return nil
	}
	for len(c.byKey) >= maxConditions {
		var oldest *condition
		for _, f := range c.byKey {
			if f.touched == nil && (oldest == nil || f.used.Load() < oldest.used.Load()) {
				oldest = f
			}
		}
		if oldest == nil {
			return nil
		}
		delete(c.byKey, oldest.key)
	}
	f := &condition{key: key, node: n, matches: roaring.New(), touched: roaring.New()}
	if p, ok := n.(*bound.Permission); ok {
		f.allowed = index.NewPermission(p)
	}
	f.used.Store(c.uses.Add(1))
	if c.byKey == nil {
		c.byKey = map[string]*condition{}
	}
	c.byKey[key] = f
	return f
}

// askedBefore reports whether a condition was asked for before, and notes it. Relative times of
// attributes, such as the last week, are others in each call, and a search is another one with
// each letter that somebody types.
func (c *conditions) askedBefore(key string) bool {
	if c.asked[key] {
		return true
	}
	if len(c.asked) >= maxAsked || c.asked == nil {
		c.asked = map[string]bool{}
	}
	c.asked[key] = true
	return false
}

// put matches a visitor that has changed.
func (c *conditions) put(p uint32, v *visitor.Visitor) {
	for _, f := range c.byKey {
		switch {
		case f.allowed != nil:
			f.allowed.Set(p, index.AnswersOf(f.node.(*bound.Permission), v))
		case bound.Match(f.node, v):
			f.matches.Add(p)
		default:
			f.matches.Remove(p)
		}
		if f.touched != nil {
			f.touched.Add(p)
		}
	}
}

// remove removes a visitor.
func (c *conditions) remove(p uint32) {
	for _, f := range c.byKey {
		if f.allowed != nil {
			f.allowed.Remove(p)
		}
		f.matches.Remove(p)
		if f.touched != nil {
			f.touched.Add(p)
		}
	}
}

// renumber moves positions, as index.Index.Renumber returns them.
func (c *conditions) renumber(from int, before []uint32) {
	for _, f := range c.byKey {
		if f.allowed != nil {
			f.allowed.Renumber(from, before)
		}
		for _, set := range []*roaring.Bitmap{f.matches, f.touched} {
			if set == nil {
				continue
			}
			old := set.Clone()
			set.RemoveRange(uint64(from), 1<<32)
			for i, p := range before {
				if old.Contains(p) {
					set.Add(uint32(from + i))
				}
			}
		}
	}
}

func (c *conditions) bytes() (sum int64) {
	for _, f := range c.byKey {
		sum += int64(f.matches.GetSizeInBytes()) + int64(len(f.key)) + 256
		if f.allowed != nil {
			sum += f.allowed.Bytes()
		}
	}
	return sum
}

// loadCondition reads the matches of a condition into the index. Visitors who change while it reads
// are matched as they change; all others are in the end as they were read.
func (all *indexes) loadCondition(ctx context.Context, l *liveIndex, f *condition) error {
	var ids []uuid.UUID
	var answers []index.Answers // for a permission: of each id
	var read logState
	var err error
	if f.allowed != nil {
		ids, answers, read, err = all.e.answersOf(ctx, l.ws, f.node.(*bound.Permission))
	} else {
		ids, read, err = all.e.matchesOf(ctx, l.ws, f.node)
	}
	if err == nil {
		err = all.catchUp(ctx, l) // to a state that is not older than what was read
	}
	if err == nil {
		_, err = result(ctx, all.e.readOnce, l.ws, func(s scope) (logState, error) { return s.logStateSince(ctx, read) })
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conditions.byKey[f.key] != f {
		return err // evicted
	}
	if err != nil {
		delete(l.conditions.byKey, f.key)
		return err
	}
	for i, id := range ids {
		switch p, known := l.bitmap.Position(id); {
		case !known || f.touched.Contains(p):
		case f.allowed != nil:
			f.allowed.Set(p, answers[i])
		default:
			f.matches.Add(p)
		}
	}
	f.matches.RunOptimize()
	f.touched = nil
	return nil
}

// matchesOf reads the ids of the visitors that match a condition, in order, and the last event then.
func (e *Engine) matchesOf(ctx context.Context, ws driver.WorkspaceID, n bound.Node) (ids []uuid.UUID, at logState, err error) {
	err = e.read(ctx, ws, func(s scope) error {
		if at, err = s.logState(ctx); err != nil {
			return err
		}
		q, err := s.matches(ctx, conjuncts(n), "id")
		if err != nil {
			return err
		}
		ids, err = list(ctx, s.query, q, func(r row) (uuid.UUID, error) {
			id, err := scanID[visitor.ID](r)
			if err != nil {
				return uuid.UUID{}, err
			}
			return uuid.Parse(string(id))
		})
		return err
	})
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids), at, err
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

var _ index.Owner = (*conditions)(nil)

// answersOf reads the visitors that match a permission at some time, with their answers, and the
// last event then.
func (e *Engine) answersOf(ctx context.Context, ws driver.WorkspaceID, n *bound.Permission) (ids []uuid.UUID, answers []index.Answers, at logState, err error) {
	err = e.read(ctx, ws, func(s scope) error {
		ids, answers = nil, nil
		if at, err = s.logState(ctx); err != nil {
			return err
		}
		var m matcher
		if n.NeedsStatement() {
			m.nodes = []bound.Node{n}
		}
		return s.walk(ctx, m, driver.Select{Order: driver.OldestFirst}, ordering{}, func(some []record) (bool, error) {
			if err := s.unpack(ctx, some, driver.Consents|driver.Identities); err != nil {
				return false, err
			}
			for i := range some {
				a := index.AnswersOf(n, &some[i].Visitor)
				if a.Never() {
					continue
				}
				id, err := uuid.Parse(string(some[i].ID))
				if err != nil {
					return false, err
				}
				ids, answers = append(ids, id), append(answers, a)
			}
			return true, nil
		})
	})
	return ids, answers, at, err
}
