package sqlstore

import (
	"maps"
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// visitorWrite has the rows to write of some visitors.
type visitorWrite struct {
	deleted  []visitor.ID
	created  []profile
	updated  []profileUpdate
	touched  []profile // only the times of last contact changed
	identity struct{ deleted, created, updated []child[visitor.Identity] }
	inbox    struct{ deleted, created []child[string] } // of all identities of a visitor
	tag      struct{ deleted, created []child[tag.Assignment] }
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
}

type profileUpdate struct {
	profile
	before visitor.Visitor
}

func newProfile(v visitor.Visitor) (profile, error) {
	origins, err := originsText(v.Provenance)
	return profile{v, searchable(v), origins}, err
}

// groupRow is a row of the table of memberships and exclusions.
type groupRow struct {
	visitor.Membership
	excluded int16
}

func groupRows(v *visitor.Visitor) []groupRow {
	rows := make([]groupRow, 0, len(v.Memberships)+len(v.Excluded))
	for _, m := range v.Memberships {
		rows = append(rows, groupRow{m, 0})
	}
	for _, g := range v.Excluded {
		rows = append(rows, groupRow{visitor.Membership{Group: g}, 1})
	}
	return rows
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

// add adds the difference of one visitor.
func (w *visitorWrite) add(e driver.VisitorEdit, parts driver.Parts) error {
	if e.After == nil {
		w.deleted = append(w.deleted, e.Before.ID)
		return nil
	}
	before, after, id := e.Before, e.After, e.After.ID
	if before == nil {
		p, err := newProfile(*after)
		if err != nil {
			return err
		}
		w.created = append(w.created, p)
		before, parts = &visitor.Visitor{}, driver.AllParts
	} else if parts.Has(driver.Profile) {
		if err := w.addProfile(*before, *after); err != nil {
			return err
		}
	}
	if parts.Has(driver.Identities) {
		w.addIdentities(before, after)
	}
	if parts.Has(driver.Tags) {
		w.tag.deleted = append(w.tag.deleted, children(id, missing(before.Tags, after.Tags))...)
		w.tag.created = append(w.tag.created, children(id, missing(after.Tags, before.Tags))...)
	}
	if parts.Has(driver.Groups) {
		old, now := groupRows(before), groupRows(after)
		w.group.deleted = append(w.group.deleted, children(id, missing(old, now))...)
		w.group.created = append(w.group.created, children(id, missing(now, old))...)
	}
	if parts.Has(driver.Attributes) {
		w.addAttributes(before, after)
	}
	return nil
}

func (w *visitorWrite) addProfile(before, after visitor.Visitor) error {
	profileOf := func(v visitor.Visitor) visitor.Visitor {
		v.Identities, v.Tags, v.Memberships, v.Excluded, v.Attributes = nil, nil, nil, nil, nil
		return v
	}
	old, now := profileOf(before), profileOf(after)
	if reflect.DeepEqual(old, now) {
		return nil
	}
	p, err := newProfile(after)
	if err != nil {
		return err
	}
	// If only these two differ, the indexes on other columns need no update.
	if old.LastSeenAt, old.Provenance = now.LastSeenAt, now.Provenance; reflect.DeepEqual(old, now) {
		w.touched = append(w.touched, p)
	} else {
		w.updated = append(w.updated, profileUpdate{p, before})
	}
	return nil
}

func (w *visitorWrite) addIdentities(before, after *visitor.Visitor) {
	for _, i := range before.Identities {
		if after.Identified(i) < 0 {
			w.identity.deleted = append(w.identity.deleted, child[visitor.Identity]{after.ID, i})
		}
	}
	for _, i := range after.Identities {
		switch n := before.Identified(i); {
		case n < 0:
			w.identity.created = append(w.identity.created, child[visitor.Identity]{after.ID, i})
		case !before.Identities[n].Equal(i):
			w.identity.updated = append(w.identity.updated, child[visitor.Identity]{after.ID, i})
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
