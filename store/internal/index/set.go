package index

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// Kind is what the visitors of a Set have in common.
type Kind uint8

// The kinds of sets.
const (
	Source    Kind = iota // came from a source; each visitor has one
	Tag                   // has a tag
	Group                 // was added to a group
	Excluded              // was removed from a group although its rule matches
	Channel               // has an identity of a source
	Inbox                 // has an identity that wrote to an inbox
	Attribute             // has an attribute
	Text                  // has a text: Name is that of the field, for example "email"
	kinds
)

// Set is the visitors that have one thing in common, for example a tag. An owner may keep it
// to save the lookup by name, until it calls Remove.
type Set struct {
	Name string

	kind     Kind
	number   uint32 // in Index.sets and in the lists of visitors
	members  *roaring.Bitmap
	has, had uint64 // the last Put with this set after it, or before it
}

// Members returns the positions of the visitors in the set, which must not be modified. It is
// valid until the next change of the index.
func (s *Set) Members() *roaring.Bitmap { return s.members }

// kindSets is the sets of one kind.
type kindSets struct {
	byName map[string]*Set
	any    *roaring.Bitmap // the union of the sets
}

// Set returns the set of a kind with that name, which it adds, empty, if there is none.
func (x *Index) Set(kind Kind, name string) *Set {
	s := x.kinds[kind].byName[name]
	if s != nil {
		return s
	}
	s = &Set{Name: strings.Clone(name), kind: kind, members: roaring.New()}
	if last := len(x.free) - 1; last >= 0 {
		s.number, x.free = x.free[last], x.free[:last]
		x.sets[s.number] = s
	} else {
		s.number = uint32(len(x.sets))
		x.sets = append(x.sets, s)
	}
	x.kinds[kind].byName[s.Name] = s
	return s
}

// Sets returns all sets, also those without visitors.
func (x *Index) Sets() []*Set {
	return slices.DeleteFunc(slices.Clone(x.sets), func(s *Set) bool { return s == nil })
}

// Remove removes a set, for example of a tag that was deleted. Its visitors stay.
func (x *Index) Remove(s *Set) {
	for p := range s.members.Iterate {
		x.list = x.list[:0]
		sameKind := false
		for list := x.lists.of(p); len(list) > 0; {
			var n uint32
			if n, list = next(list); n != s.number {
				x.list = binary.AppendUvarint(x.list, uint64(n))
				sameKind = sameKind || x.sets[n].kind == s.kind
			}
		}
		if !sameKind {
			x.kinds[s.kind].any.Remove(p)
		}
		x.lists.set(p, x.list)
	}
	delete(x.kinds[s.kind].byName, s.Name)
	x.sets[s.number] = nil
	x.free = append(x.free, s.number)
}

// existing returns the members of those sets that exist.
func (x *Index) existing(kind Kind, names ...string) (all []*roaring.Bitmap) {
	for _, name := range names {
		if s := x.kinds[kind].byName[name]; s != nil {
			all = append(all, s.members)
		}
	}
	return all
}

// Kind returns what the visitors of the set have in common.
func (s *Set) Kind() Kind { return s.kind }
