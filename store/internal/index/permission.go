package index

import (
	"fmt"
	"math"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// Permission holds which visitors match a *bound.Permission, at any time: most answers stay the
// same until something is recorded, those of statements that expire do not. Set and Remove exclude
// all other calls; At is safe for concurrent use.
type Permission struct {
	node     *bound.Permission
	matches  *roaring.Bitmap
	changing map[uint32]Answers

	mu          sync.Mutex
	resolved    *roaring.Bitmap // what At returns from one time until another; nil: to be made
	from, until int64
}

// Answers are the answers for a visitor over time.
type Answers struct {
	first    bool
	instants []int64 // at each, in order, the answer is that of then, up to the next
	then     []bool
}

// NewPermission returns a Permission without visitors.
func NewPermission(n *bound.Permission) *Permission {
	return &Permission{node: n, matches: roaring.New(), changing: map[uint32]Answers{}}
}

// PermissionKey is equal for conditions that differ only in the time for which they are tested.
func PermissionKey(n *bound.Permission) string {
	return fmt.Sprintf("%s %s %q %q %t %q", n.Field.Name, n.Channel, n.Topic.Key, n.Topic.Default, n.Topic.DoubleOptIn, n.States)
}

// AnswersOf returns the answers for a visitor.
func AnswersOf(n *bound.Permission, v *visitor.Visitor) (a Answers) {
	instants := n.Instants(v)
	if len(instants) == 0 {
		a.first = bound.Match(n, v)
		return a
	}
	a.first = bound.Match(n.AtTime(instants[0]-1), v)
	last := a.first
	for _, at := range instants {
		if now := bound.Match(n.AtTime(at), v); now != last {
			a.instants, a.then = append(a.instants, at), append(a.then, now)
			last = now
		}
	}
	return a
}

// Never reports whether the visitor matches at no time.
func (a Answers) Never() bool { return !a.first && len(a.instants) == 0 }

// at returns the answer at a time.
func (a Answers) at(micros int64) bool {
	answer := a.first
	for i, from := range a.instants {
		if micros >= from {
			answer = a.then[i]
		}
	}
	return answer
}

// Set sets the answers for the visitor at p.
func (x *Permission) Set(p uint32, a Answers) {
	x.Remove(p)
	switch {
	case len(a.instants) > 0:
		x.changing[p] = a
		x.resolved = nil
	case a.first:
		x.matches.Add(p)
		x.resolved = nil
	}
}

// Remove removes the visitor at p.
func (x *Permission) Remove(p uint32) {
	if _, changes := x.changing[p]; changes || x.matches.CheckedRemove(p) {
		delete(x.changing, p)
		x.resolved = nil
	}
}

// At returns the positions that match at a time, in microseconds since 1970, which must not be
// modified.
func (x *Permission) At(micros int64) *roaring.Bitmap {
	if len(x.changing) == 0 {
		return x.matches
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.resolved != nil && micros >= x.from && micros < x.until {
		return x.resolved
	}
	x.resolved, x.from, x.until = x.matches.Clone(), math.MinInt64, math.MaxInt64
	for p, a := range x.changing {
		if a.at(micros) {
			x.resolved.Add(p)
		}
		for _, at := range a.instants {
			if at <= micros {
				x.from = max(x.from, at)
			} else {
				x.until = min(x.until, at)
			}
		}
	}
	return x.resolved
}

// Renumber moves positions, as Index.Renumber returns them.
func (x *Permission) Renumber(from int, before []uint32) {
	old, changing := x.matches.Clone(), x.changing
	x.matches.RemoveRange(uint64(from), 1<<32)
	x.changing, x.resolved = make(map[uint32]Answers, len(changing)), nil
	for p, a := range changing {
		if int(p) < from {
			x.changing[p] = a
		}
	}
	for i, p := range before {
		if old.Contains(p) {
			x.matches.Add(uint32(from + i))
		}
		if a, changes := changing[p]; changes {
			x.changing[uint32(from+i)] = a
		}
	}
}

// Bytes estimates the memory that x takes.
func (x *Permission) Bytes() int64 {
	return 2*int64(x.matches.GetSizeInBytes()) + 128*int64(len(x.changing))
}
