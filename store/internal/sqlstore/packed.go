package sqlstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// The lists of a visitor are packed in columns of its row, so that a visitor is read by one
// statement: tags; groups (memberships and exclusions); identities; attributes. A column is
// empty if there is nothing in it, else:
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
type packed struct{ tags, groups, identities, attributes []byte }

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

func zigzag(n int64) uint64   { return uint64(n)<<1 ^ uint64(n>>63) }
func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

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

// errPacked says that a packed column was not written by packer.
var errPacked = errors.New("malformed")

// unpacker reads a packed column. After an error, it returns zeros.
type unpacker struct {
	from string
	ids  func(number int64) string // ids of tags and groups by number; "" if there is none
	at   int64                     // last time
	last stamp
	err  error
}

func (u *unpacker) fail() {
	u.from = ""
	if u.err == nil {
		u.err = errPacked
	}
}

// unpacking returns an unpacker of a visitor's column after its first byte.
func unpacking(column []byte, of visitor.ID, ids func(int64) string) *unpacker {
	u := &unpacker{from: string(column), ids: ids, at: idTime(of)}
	if version := u.byte() &^ packedMark; version != packedVersion && u.err == nil {
		u.fail()
		u.err = fmt.Errorf("packed by a newer release: version %d", version)
	}
	return u
}

func (u *unpacker) byte() byte {
	if u.from == "" {
		u.fail()
		return 0
	}
	b := u.from[0]
	u.from = u.from[1:]
	return b
}

func (u *unpacker) number() uint64 {
	n, shift := uint64(0), 0
	for {
		b := u.byte()
		if shift == 63 && b > 1 {
			u.fail()
			return 0
		}
		n |= uint64(b&0x7F) << shift
		if b < 0x80 {
			return n
		}
		shift += 7
	}
}

// count reads the length of a list or text, of which each item has a byte or more.
func (u *unpacker) count() int {
	n := u.number()
	if n > uint64(len(u.from)) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unpacker) bytes(n int) string {
	if n > len(u.from) {
		u.fail()
		return ""
	}
	s := u.from[:n]
	u.from = u.from[n:]
	return s
}

func (u *unpacker) text() string { return u.bytes(u.count()) }

func (u *unpacker) time() time.Time {
	n := u.number()
	if n == 0 {
		return time.Time{}
	}
	u.at += unzigzag(n - 1)
	return driver.FromMicros(u.at)
}

func (u *unpacker) ref() string {
	if n := u.number(); n != 0 {
		id := ""
		if u.ids != nil && n <= math.MaxInt64 {
			id = u.ids(int64(n))
		}
		if id == "" {
			u.fail()
		}
		return id
	}
	if b := u.bytes(16); u.err == nil {
		return formatID(uuid.UUID([]byte(b)))
	}
	return ""
}

func (u *unpacker) stamp() stamp {
	if u.number() != 0 {
		u.last = stamp{u.time(), u.text(), u.text()}
	}
	return u.last
}

// end returns the error, also if there is more to read.
func (u *unpacker) end(column string) error {
	if u.from != "" {
		u.fail()
	}
	if u.err != nil {
		return fmt.Errorf("read %s of a visitor: %w", column, u.err)
	}
	return nil
}

// unpackTags reads tags, whose names and colors the caller fills in.
func unpackTags(column []byte, of visitor.ID, ids func(int64) string) ([]tag.Assignment, error) {
	if len(column) == 0 {
		return nil, nil
	}
	u := unpacking(column, of, ids)
	tags := make([]tag.Assignment, u.count())
	for n := range tags {
		tags[n].Tag = tag.ID(u.ref())
		s := u.stamp()
		tags[n].At, tags[n].Actor, tags[n].Cause = s.at, s.actor, s.cause
	}
	return tags, u.end("tags")
}

func unpackGroups(column []byte, ids func(int64) string, v *visitor.Visitor) error {
	if len(column) == 0 {
		return nil
	}
	u := unpacking(column, v.ID, ids)
	v.Memberships = make([]visitor.Membership, u.count())
	for n := range v.Memberships {
		g := group.ID(u.ref())
		s := u.stamp()
		v.Memberships[n] = visitor.Membership{Group: g, At: s.at, Actor: s.actor, Cause: s.cause}
	}
	v.Excluded = make([]visitor.GroupID, u.count())
	for n := range v.Excluded {
		v.Excluded[n] = group.ID(u.ref())
	}
	return u.end("groups")
}

func unpackIdentities(column []byte, of visitor.ID) ([]visitor.Identity, error) {
	if len(column) == 0 {
		return nil, nil
	}
	u := unpacking(column, of, nil)
	identities := make([]visitor.Identity, u.count())
	for n := range identities {
		i := &identities[n]
		i.Source, i.Account, i.ExternalID, i.Username = visitor.Source(u.text()), u.text(), u.text(), u.text()
		i.FirstSeen, i.LastSeen, i.UsernameAt = u.time(), u.time(), u.time()
		for range u.count() {
			i.Inboxes = append(i.Inboxes, u.text())
		}
		for range u.count() {
			i.InboxTimes = append(i.InboxTimes, u.time())
		}
	}
	return identities, u.end("identities")
}

func unpackAttributes(column []byte) (visitor.Attributes, error) {
	if len(column) == 0 {
		return nil, nil
	}
	u := unpacking(column, "", nil)
	attributes := visitor.Attributes{}
	for range u.count() {
		name := u.text()
		attributes[name] = u.value()
	}
	return attributes, u.end("attributes")
}

func (u *unpacker) value() visitor.Value {
	switch u.byte() {
	case textRow:
		return visitor.Text(u.text())
	case numberRow:
		if b := u.bytes(8); u.err == nil {
			return visitor.Number(math.Float64frombits(binary.LittleEndian.Uint64([]byte(b))))
		}
	case boolRow:
		return visitor.Bool(u.byte() == 1)
	case timeRow:
		return visitor.Time(time.UnixMicro(unzigzag(u.number())))
	case listRow:
		var items []string
		for range u.count() {
			items = append(items, u.text())
		}
		return visitor.List(items...)
	default:
		u.fail()
	}
	return visitor.Value{}
}
