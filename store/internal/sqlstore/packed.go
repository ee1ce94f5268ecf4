package sqlstore

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// The lists of a visitor are packed in columns of its row, so that a visitor is read by one
// statement: tags; groups (memberships and exclusions); identities; attributes; consents with
// health. A column is empty if there is nothing in it, else:
//
//	1 byte: packedVersion, with the bit packedMark if a group is a membership, or if an
//	        identity has an inbox: a filter tests that bit
//	the rest depends on the column; see the functions pack… below
//
// Numbers are varints of encoding/binary. A text is its length and its bytes. A time is 0 for the
// zero time, else the difference in microseconds from the last time in the column (at first from
// the time in the visitor's id), zigzag encoded, plus 1. A tag or group is its number on a database
// that has numbers of ids, else 0 and the 16 bytes of the id. Who assigned it, when and why is 0 if
// that is as for the one before it, else 1, the time, the actor and the cause.
const (
	packedVersion = 1
	packedMark    = 0x80
)

// packed are the packed columns of a row. A column that was not read is nil.
type packed struct{ tags, groups, identities, attributes, consents []byte }

// stamp is who changed something, when and why.
type stamp struct {
	at           time.Time
	actor, cause string
}

// packer appends to a packed column.
type packer struct {
	to      []byte
	numbers map[string]int64 // of tags and groups; nil if the database has none
	at      int64            // last time
	last    stamp
	stamped bool
}

// idTime returns the time in a visitor's id, from which times in packed columns are counted.
func idTime(id visitor.ID) int64 {
	at, _ := id.Time() // zero for a malformed id
	return driver.Micros(at)
}

func (p *packer) number(n uint64) { p.to = binary.AppendUvarint(p.to, n) }

func (p *packer) text(s string) {
	p.number(uint64(len(s)))
	p.to = append(p.to, s...)
}

func (p *packer) time(t time.Time) {
	us := driver.Micros(t)
	if us == 0 {
		p.number(0)
		return
	}
	p.number(zigzag(us-p.at) + 1)
	p.at = us
}

func zigzag(n int64) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }

// ref appends a tag or a group. Like Dialect.ID, it makes a malformed id the nil id.
func (p *packer) ref(id string) {
	if n := p.numbers[id]; n != 0 {
		p.number(uint64(n))
		return
	}
	u, _ := uuid.Parse(id) // the nil id with an error
	p.to = append(append(p.to, 0), u[:]...)
}

func (p *packer) stamp(at time.Time, actor, cause string) {
	s := stamp{at, actor, cause}
	if p.stamped && s.at.Equal(p.last.at) && s.actor == p.last.actor && s.cause == p.last.cause {
		p.number(0)
		return
	}
	p.number(1)
	p.time(at)
	p.text(actor)
	p.text(cause)
	p.last, p.stamped = s, true
}

// packTags packs the number of tags, and of each the tag and the stamp.
func packTags(v *visitor.Visitor, numbers map[string]int64) []byte {
	if len(v.Tags) == 0 {
		return []byte{}
	}
	p := packer{to: []byte{packedVersion}, numbers: numbers, at: idTime(v.ID)}
	p.number(uint64(len(v.Tags)))
	for _, a := range v.Tags {
		p.ref(string(a.Tag))
		p.stamp(a.At, a.Actor, a.Cause)
	}
	return p.to
}

// packGroups packs the number of memberships, of each the group and the stamp, the number of
// exclusions, and the group of each.
func packGroups(v *visitor.Visitor, numbers map[string]int64) []byte {
	if len(v.Memberships)+len(v.Excluded) == 0 {
		return []byte{}
	}
	p := packer{to: []byte{packedVersion}, numbers: numbers, at: idTime(v.ID)}
	if len(v.Memberships) > 0 {
		p.to[0] |= packedMark
	}
	p.number(uint64(len(v.Memberships)))
	for _, m := range v.Memberships {
		p.ref(string(m.Group))
		p.stamp(m.At, m.Actor, m.Cause)
	}
	p.number(uint64(len(v.Excluded)))
	for _, g := range v.Excluded {
		p.ref(string(g))
	}
	return p.to
}

// packIdentities packs the number of identities, and the fields of each.
func packIdentities(v *visitor.Visitor) []byte {
	if len(v.Identities) == 0 {
		return []byte{}
	}
	p := packer{to: []byte{packedVersion}, at: idTime(v.ID)}
	p.number(uint64(len(v.Identities)))
	for _, i := range v.Identities {
		for _, s := range []string{string(i.Source), i.Account, i.ExternalID, i.Username} {
			p.text(s)
		}
		p.time(i.FirstSeen)
		p.time(i.LastSeen)
		p.time(i.UsernameAt)
		if len(i.Inboxes) > 0 {
			p.to[0] |= packedMark
		}
		p.number(uint64(len(i.Inboxes)))
		for _, s := range i.Inboxes {
			p.text(s)
		}
		p.number(uint64(len(i.InboxTimes)))
		for _, t := range i.InboxTimes {
			p.time(t)
		}
	}
	return p.to
}

// packAttributes packs the number of attributes, and of each, in the order of names: the name, the
// kind as textRow and so on, and the value: a text; the 8 bytes of a number, the lowest first; 0 or
// 1; the microseconds of a time, zigzag encoded; the number of items and the items of a list.
func packAttributes(attributes visitor.Attributes) []byte {
	if len(attributes) == 0 {
		return []byte{}
	}
	p := packer{to: []byte{packedVersion}}
	p.number(uint64(len(attributes)))
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		p.text(name)
		switch v := attributes[name]; v.Kind() {
		case visitor.NumberKind:
			p.to = binary.LittleEndian.AppendUint64(append(p.to, numberRow), math.Float64bits(v.Number()))
		case visitor.BoolKind:
			p.to = append(p.to, boolRow, 0)
			if v.Bool() {
				p.to[len(p.to)-1] = 1
			}
		case visitor.TimeKind:
			p.to = append(p.to, timeRow)
			p.number(zigzag(v.Micros()))
		case visitor.ListKind:
			p.to = append(p.to, listRow)
			items := v.List()
			p.number(uint64(len(items)))
			for _, item := range items {
				p.text(item)
			}
		default:
			p.to = append(p.to, textRow)
			p.text(v.Text())
		}
	}
	return p.to
}
