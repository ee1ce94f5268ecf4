package memory

import (
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// internedName is a text that many visitors share, stored once: a source, a channel, the
// name of an attribute.
type internedName struct {
	text    string
	members *roaring.Bitmap // positions of the visitors that have it
}

// nameTable finds interned names by their text.
type nameTable map[string]*internedName

// intern returns the interned name with that text, which it adds if it is new.
func (t nameTable) intern(text string) *internedName {
	n := t[text]
	if n == nil {
		n = &internedName{text: strings.Clone(text), members: roaring.New()}
		t[n.text] = n
	}
	return n
}

// sets returns the bitmaps of those names that exist.
func (t nameTable) sets(names ...string) (sets []*roaring.Bitmap) {
	for _, name := range names {
		if n := t[name]; n != nil {
			sets = append(sets, n.members)
		}
	}
	return sets
}
