package sqlstore

import (
	"bytes"
	"maps"
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// visitorWrite has the rows to write of some visitors.
type visitorWrite struct {
	newParts driver.Parts     // that new visitors have
	lookups  driver.Parts     // by which visitors are found
	numbers  map[string]int64 // of tags and groups; a server has none
	deleted  []visitor.ID
	created  []profile
	updated  []profileUpdate
	identity struct{ deleted, created []child[visitor.Identity] }
	inbox    struct{ deleted, created []child[string] } // of all identities of a visitor
	address  struct{ deleted, created []child[int64] }  // hashes
	tag      struct{ deleted, created []child[tag.ID] }
	group    struct{ deleted, created []child[groupRow] }
	attr     struct {
		deleted []child[string]
		created []child[attributeRow]
	}
}

// child is a row that belongs to a visitor.
type child[T any] struct {
	visitor visitor.ID
	row     T
}

func children[T any](id visitor.ID, rows []T) []child[T] {
	all := make([]child[T], len(rows))
	for n, row := range rows {
		all[n] = child[T]{id, row}
	}
	return all
}

// profile is a row of the visitor table.
type profile struct {
	visitor.Visitor
	words   Searchable
	origins string
	packed  packed
}

// profileUpdate is a row to update: its packed columns that are not nil, and the others.
type profileUpdate struct {
	profile
	before visitor.Visitor
	fields updated
}

// updated says which of the columns that are not packed are updated.
type updated int

const (
	nothing updated = iota
	contact         // only the time of the last contact and the provenance: indexes on other columns need no update
	everything
)

func (w *visitorWrite) newProfile(v visitor.Visitor) (profile, error) {
	origins, err := originsText(v.Provenance)
	return profile{v, searchable(v), origins, w.pack(&v, w.newParts)}, err
}

// pack packs parts of a visitor.
func (w *visitorWrite) pack(v *visitor.Visitor, parts driver.Parts) (p packed) {
	if parts.Has(driver.Tags) {
		p.tags = packTags(v, w.numbers)
	}
	if parts.Has(driver.Groups) {
		p.groups = packGroups(v, w.numbers)
	}
	if parts.Has(driver.Identities) {
		p.identities = packIdentities(v)
	}
	if parts.Has(driver.Attributes) {
		p.attributes = packAttributes(v.Attributes)
	}
	if parts.Has(driver.Consents) {
		p.consents = packConsents(v)
	}
	return p
}

// groupRow is a row of the table of memberships and exclusions.
type groupRow struct {
	group    visitor.GroupID
	excluded int16
}

func groupRows(v *visitor.Visitor) []groupRow {
	rows := make([]groupRow, 0, len(v.Memberships)+len(v.Excluded))
	for _, m := range v.Memberships {
		rows = append(rows, groupRow{m.Group, 0})
	}
	for _, g := range v.Excluded {
		rows = append(rows, groupRow{g, 1})
	}
	return rows
}

func tagIDs(v *visitor.Visitor) []tag.ID {
	ids := make([]tag.ID, len(v.Tags))
	for n, a := range v.Tags {
		ids[n] = a.Tag
	}
	return ids
}

// missing returns the items of a list that another list does not have.
func missing[T comparable](list, other []T) []T {
	var more []T
	for _, item := range list {
		if !slices.Contains(other, item) {
			more = append(more, item)
		}
	}
	return more
}

// note adds the tags and groups of a visitor to those whose numbers are needed.
func (w *visitorWrite) note(v *visitor.Visitor) {
	if v == nil {
		return
	}
	for _, a := range v.Tags {
		w.numbers[string(a.Tag)] += 0
	}
	for _, g := range groupRows(v) {
		w.numbers[string(g.group)] += 0
	}
}

// add adds the difference of one visitor.
func (w *visitorWrite) add(e driver.VisitorEdit, parts driver.Parts) error {
	if e.After == nil {
		w.deleted = append(w.deleted, e.Before.ID)
		return nil
	}
	before, after := e.Before, e.After
	if before == nil {
		p, err := w.newProfile(*after)
		if err != nil {
			return err
		}
		w.created = append(w.created, p)
		before, parts = &visitor.Visitor{}, driver.AllParts
	} else if err := w.addUpdate(before, after, parts); err != nil {
		return err
	}
	w.addLookups(before, after, parts)
	return nil
}

// addLookups adds the rows by which a visitor is found.
func (w *visitorWrite) addLookups(before, after *visitor.Visitor, parts driver.Parts) {
	id := after.ID
	parts &= w.lookups
	if parts.Has(driver.Profile) && (before.Email != after.Email || before.Phone != after.Phone) {
		old, now := AddressHashes(before), AddressHashes(after)
		w.address.deleted = append(w.address.deleted, children(id, missing(old, now))...)
		w.address.created = append(w.address.created, children(id, missing(now, old))...)
	}
	if parts.Has(driver.Identities) {
		w.addIdentities(before, after)
	}
	if parts.Has(driver.Tags) {
		old, now := tagIDs(before), tagIDs(after)
		w.tag.deleted = append(w.tag.deleted, children(id, missing(old, now))...)
		w.tag.created = append(w.tag.created, children(id, missing(now, old))...)
	}
	if parts.Has(driver.Groups) {
		old, now := groupRows(before), groupRows(after)
		w.group.deleted = append(w.group.deleted, children(id, missing(old, now))...)
		w.group.created = append(w.group.created, children(id, missing(now, old))...)
	}
	if parts.Has(driver.Attributes) {
		w.addAttributes(before, after)
	}
}

// addUpdate adds the columns of the row that change.
func (w *visitorWrite) addUpdate(before, after *visitor.Visitor, parts driver.Parts) (err error) {
	u := profileUpdate{profile: profile{Visitor: *after}, before: *before}
	if parts.Has(driver.Profile) {
		if u.fields = changedFields(*before, *after); u.fields != nothing {
			u.words = searchable(*after)
			if u.origins, err = originsText(after.Provenance); err != nil {
				return err
			}
		}
	}
	old, changed := w.pack(before, parts), u.fields != nothing
	u.packed = w.pack(after, parts)
	for _, p := range listParts {
		if now := p.of(&u.packed); bytes.Equal(*now, *p.of(&old)) {
			*now = nil
		} else {
			changed = true
		}
	}
	if changed {
		w.updated = append(w.updated, u)
	}
	return nil
}

func changedFields(old, now visitor.Visitor) updated {
	for _, v := range []*visitor.Visitor{&old, &now} {
		v.Identities, v.Tags, v.Memberships, v.Excluded, v.Attributes = nil, nil, nil, nil, nil
		v.Consents, v.Health = nil, nil
	}
	if reflect.DeepEqual(old, now) {
		return nothing
	}
	if old.LastSeenAt, old.Provenance = now.LastSeenAt, now.Provenance; reflect.DeepEqual(old, now) {
		return contact
	}
	return everything
}

func (w *visitorWrite) addIdentities(before, after *visitor.Visitor) {
	for _, i := range before.Identities {
		if after.Identified(i) < 0 {
			w.identity.deleted = append(w.identity.deleted, child[visitor.Identity]{after.ID, i})
		}
	}
	for _, i := range after.Identities {
		if before.Identified(i) < 0 {
			w.identity.created = append(w.identity.created, child[visitor.Identity]{after.ID, i})
		}
	}
	old, now := inboxesOf(before), inboxesOf(after)
	w.inbox.deleted = append(w.inbox.deleted, children(after.ID, missing(old, now))...)
	w.inbox.created = append(w.inbox.created, children(after.ID, missing(now, old))...)
}

// inboxesOf returns the distinct inboxes of all identities.
func inboxesOf(v *visitor.Visitor) (all []string) {
	for _, i := range v.Identities {
		all = append(all, missing(i.Inboxes, all)...)
	}
	return all
}

func (w *visitorWrite) addAttributes(before, after *visitor.Visitor) {
	for _, name := range slices.Sorted(maps.Keys(before.Attributes)) {
		if now, has := after.Attributes[name]; !has || !reflect.DeepEqual(now, before.Attributes[name]) {
			w.attr.deleted = append(w.attr.deleted, child[string]{after.ID, name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after.Attributes)) {
		if old, had := before.Attributes[name]; !had || !reflect.DeepEqual(old, after.Attributes[name]) {
			w.attr.created = append(w.attr.created, children(after.ID, attributeRows(name, after.Attributes[name]))...)
		}
	}
}
