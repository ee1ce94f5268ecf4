package driver

import (
	"cmp"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Order is the order of visitors in a result. Ties are broken by id in the same
// direction, so every order is total. A visitor never seen sorts before all others in
// ascending order.
type Order string

// The orders.
const (
	NewestFirst       Order = "newest"
	OldestFirst       Order = "oldest"
	RecentlySeen      Order = "seen"
	LeastRecentlySeen Order = "seen-asc"
	RecentlyUpdated   Order = "updated"
	NameAZ            Order = "name" // by folded name, byte by byte
	NameZA            Order = "name-desc"
)

// SortKey is what an order compares before the id.
type SortKey int

// The sort keys.
const (
	ByID      SortKey = iota // only the id, which is the order of creation
	ByName                   // Position.Name
	BySeen                   // Position.Micros of LastSeenAt
	ByUpdated                // Position.Micros of UpdatedAt
)

type sorting struct {
	order      Order
	key        SortKey
	descending bool
}

var sortings = []sorting{
	{NewestFirst, ByID, true},
	{OldestFirst, ByID, false},
	{RecentlySeen, BySeen, true},
	{LeastRecentlySeen, BySeen, false},
	{RecentlyUpdated, ByUpdated, true},
	{NameAZ, ByName, false},
	{NameZA, ByName, true},
}

// Orders returns every order.
func Orders() []Order {
	all := make([]Order, len(sortings))
	for i, s := range sortings {
		all[i] = s.order
	}
	return all
}

// Sorting returns what o compares and whether it is descending. ok is false for an
// unknown order.
func Sorting(o Order) (key SortKey, descending, ok bool) {
	for _, s := range sortings {
		if s.order == o {
			return s.key, s.descending, true
		}
	}
	return 0, false, false
}

// Position is the place of a visitor in an order. Fields that the order does not compare
// are zero.
type Position struct {
	Name   string // folded
	Micros int64  // since 1970; 0 for never
	ID     visitor.ID
}

// PositionOf returns the place of v in an order.
func PositionOf(o Order, v visitor.Visitor) Position {
	p := Position{ID: v.ID}
	key, _, _ := Sorting(o)
	switch key {
	case ByName:
		p.Name = text.Fold(v.Name)
	case BySeen:
		p.Micros = Micros(v.LastSeenAt)
	case ByUpdated:
		p.Micros = Micros(v.UpdatedAt)
	}
	return p
}

// Compare compares positions of one order, ascending.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Name, q.Name), cmp.Compare(p.Micros, q.Micros), cmp.Compare(p.ID, q.ID))
}

// Micros returns t in microseconds since 1970, 0 for the zero time: the resolution at
// which every store keeps times.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
