package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// mentions returns the ids, or the numbers, of tags and groups in packed columns.
func mentions(rows []record) (ids []string, numbers []int64) {
	note := func(n int64) string {
		numbers = append(numbers, n)
		return "-"
	}
	for _, r := range rows {
		var v visitor.Visitor
		v.Tags, _ = unpackTags(r.packed.tags, "", note)
		unpackGroups(r.packed.groups, note, &v)
		for _, a := range v.Tags {
			ids = append(ids, string(a.Tag))
		}
	}
	if len(numbers) > 0 {
		slices.Sort(numbers)
		return nil, slices.Compact(numbers)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// unpack fills parts of visitors in from the packed columns. If the profile is among the parts,
// it fills the names and colors of tags in, else only their ids.
func (s scope) unpack(ctx context.Context, rows []record, parts driver.Parts) error {
	if len(rows) == 0 {
		return nil
	}
	var n *names
	named := parts.Has(driver.Tags | driver.Profile)
	if s.d.server == nil && parts&(driver.Tags|driver.Groups) != 0 || named {
		var err error
		n, err = s.namesOf(ctx, rows[0].catalog, func() ([]string, []int64) { return mentions(rows) })
		if err != nil {
			return err
		}
	}
	var ids func(int64) string
	if n != nil {
		ids = n.id
	}
	for i := range rows {
		r := &rows[i]
		if err := r.unpack(ids, parts); err != nil {
			return err
		}
		if named {
			r.Tags = slices.DeleteFunc(r.Tags, func(a tag.Assignment) bool { _, ok := n.tags[a.Tag]; return !ok })
			for k := range r.Tags {
				t := n.tags[r.Tags[k].Tag]
				r.Tags[k].Name, r.Tags[k].Color = t.name, t.color
			}
		}
		r.Visitor = r.Sorted()
	}
	return nil
}

// unpack fills parts in, without names; ids finds the id of a tag or a group by its number.
func (r *record) unpack(ids func(int64) string, parts driver.Parts) (err error) {
	if parts.Has(driver.Tags) {
		if r.Tags, err = unpackTags(r.packed.tags, r.ID, ids); err != nil {
			return err
		}
	}
	if parts.Has(driver.Groups) {
		if err = unpackGroups(r.packed.groups, ids, &r.Visitor); err != nil {
			return err
		}
	}
	if parts.Has(driver.Identities) {
		if r.Identities, err = unpackIdentities(r.packed.identities, r.ID); err != nil {
			return err
		}
	}
	if parts.Has(driver.Consents) {
		if err = unpackConsents(r.packed.consents, &r.Visitor); err != nil {
			return err
		}
	}
	if parts.Has(driver.Attributes) {
		r.Attributes, err = unpackAttributes(r.packed.attributes)
	}
	return err
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

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }
