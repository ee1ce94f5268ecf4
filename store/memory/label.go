package memory

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/store"
)

// mark is a value that visitors share: a source, a channel, the name of an attribute.
type mark struct {
	name    string
	members *roaring.Bitmap // positions of those that have it
}

// index finds the bitmaps of marks by name.
type index map[string]*mark

// at returns the mark of that name, and makes it if need be.
func (x index) at(name string) *mark {
	m := x[name]
	if m == nil {
		m = &mark{name: strings.Clone(name), members: roaring.New()}
		x[m.name] = m
	}
	return m
}

// label is a tag or a group.
type label[T any] struct {
	id, key  string
	value    T
	members  *roaring.Bitmap // positions of those that carry it
	excluded *roaring.Bitmap // of a group: those that were taken out of it by hand
}

func newLabel[T any](id, key string, value T) *label[T] {
	return &label[T]{id: id, key: key, value: value, members: roaring.New(), excluded: roaring.New()}
}

func compareID[T any](a, b *label[T]) int { return strings.Compare(a.id, b.id) }

// shelf holds the tags or the groups of a workspace, by id and in the order of keys.
type shelf[T any] struct {
	byID  map[string]*label[T]
	byKey []*label[T]
}

func newShelf[T any]() shelf[T] { return shelf[T]{byID: map[string]*label[T]{}} }

func (s *shelf[T]) place(key string) (int, bool) {
	return slices.BinarySearchFunc(s.byKey, key, func(l *label[T], key string) int {
		return strings.Compare(l.key, key)
	})
}

// at returns the label with that key, or nil.
func (s *shelf[T]) at(key string) *label[T] {
	if i, found := s.place(key); found {
		return s.byKey[i]
	}
	return nil
}

// holder returns the label that has the id or the key, or nil.
func (s *shelf[T]) holder(id, key string) *label[T] {
	if l := s.byID[id]; l != nil {
		return l
	}
	return s.at(key)
}

func (s *shelf[T]) put(l *label[T]) {
	i, _ := s.place(l.key)
	s.byID[l.id], s.byKey = l, slices.Insert(s.byKey, i, l)
}

func (s *shelf[T]) drop(l *label[T]) {
	i, _ := s.place(l.key)
	s.byKey = slices.Delete(s.byKey, i, i+1)
	delete(s.byID, l.id)
}

// change gives l another value and key.
func (s *shelf[T]) change(l *label[T], key string, value T) {
	s.drop(l)
	l.key, l.value = key, value
	s.put(l)
}

func (s *shelf[T]) list(want store.List) []T {
	var chosen []*label[T]
	switch {
	case len(want.Keys)+len(want.IDs) > 0:
		for _, key := range want.Keys {
			chosen = append(chosen, s.at(key))
		}
		for _, id := range want.IDs {
			chosen = append(chosen, s.byID[id])
		}
		chosen = slices.DeleteFunc(chosen, func(l *label[T]) bool { return l == nil })
		slices.SortFunc(chosen, func(a, b *label[T]) int { return strings.Compare(a.key, b.key) })
		chosen = slices.Compact(chosen)
	default:
		from, found := s.place(want.After)
		if found {
			from++
		}
		chosen = s.byKey[from:]
		if want.Limit > 0 {
			chosen = chosen[:min(want.Limit, len(chosen))]
		}
	}
	var values []T
	for _, l := range chosen {
		values = append(values, l.value)
	}
	return values
}
