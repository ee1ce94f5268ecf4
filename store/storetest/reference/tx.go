package reference

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// tx gives driver.Apply access to a workspace that can be changed. Its methods return no
// errors: driver.Apply checks everything that can be wrong with a change.
type tx struct {
	w  *workspace
	id driver.WorkspaceID
}

var _ driver.Tx = tx{}

// Visitors returns only the requested parts, so that a test fails if driver.Apply uses a part
// that it did not request.
func (t tx) Visitors(ids []visitor.ID, parts driver.Parts) ([]visitor.Visitor, error) {
	var found []visitor.Visitor
	for _, id := range ids {
		if v, ok := t.w.visitors[id]; ok {
			part := visitor.Visitor{ID: id}
			copyParts(&part, v.Clone(), parts)
			found = append(found, part)
		}
	}
	return found, nil
}

// WriteVisitors replaces the given parts. Before is not needed here; a store on disk writes
// only what differs from it.
func (t tx) WriteVisitors(edits []driver.VisitorEdit, parts driver.Parts) error {
	for _, e := range edits {
		switch {
		case e.After == nil:
			delete(t.w.visitors, e.Before.ID)
		case e.Before == nil:
			t.w.visitors[e.After.ID] = e.After.Clone()
		default:
			v := t.w.visitors[e.After.ID]
			copyParts(&v, e.After.Clone(), parts)
			t.w.visitors[v.ID] = v
		}
	}
	return nil
}

func copyParts(to *visitor.Visitor, from visitor.Visitor, parts driver.Parts) {
	old := *to
	if parts.Has(driver.Profile) {
		*to = from
		to.Identities, to.Tags, to.Memberships, to.Excluded, to.Attributes = old.Identities, old.Tags, old.Memberships, old.Excluded, old.Attributes
		to.Consents, to.Health = old.Consents, old.Health
	}
	if parts.Has(driver.Identities) {
		to.Identities = from.Identities
	}
	if parts.Has(driver.Tags) {
		to.Tags = from.Tags
	}
	if parts.Has(driver.Groups) {
		to.Memberships, to.Excluded = from.Memberships, from.Excluded
	}
	if parts.Has(driver.Attributes) {
		to.Attributes = from.Attributes
	}
	if parts.Has(driver.Consents) {
		to.Consents, to.Health = from.Consents, from.Health
	}
}

func (t tx) Owners(identities []visitor.Identity) ([]visitor.ID, error) {
	owners := make([]visitor.ID, len(identities))
	for id, v := range t.w.visitors {
		for _, has := range v.Identities {
			if n := slices.IndexFunc(identities, has.Is); n >= 0 {
				owners[n] = id
			}
		}
	}
	return owners, nil
}

func (t tx) ByAddress(email, phone string, limit int) ([]visitor.ID, error) {
	var ids []visitor.ID
	for id, v := range t.w.visitors {
		if email != "" && text.Equal(v.Email, text.Fold(email)) || phone != "" && v.Phone == phone {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids) // the order of ids is the order of creation
	return ids[:min(limit, len(ids))], nil
}

func (t tx) Tags(l driver.List) ([]tag.Tag, error)       { return t.w.listTags(l), nil }
func (t tx) Groups(l driver.List) ([]group.Group, error) { return t.w.listGroups(l), nil }

// PutTag also changes the name and the colour where the tag is assigned.
func (t tx) PutTag(before *tag.Tag, after tag.Tag) error {
	t.w.tags[after.ID] = after
	if before != nil {
		t.editVisitors(func(v *visitor.Visitor) {
			for n := range v.Tags {
				if v.Tags[n].Tag == after.ID {
					v.Tags[n].Name, v.Tags[n].Color = after.Name, after.Color
				}
			}
		})
	}
	return nil
}

func (t tx) PutGroup(_ *group.Group, after group.Group) error {
	t.w.groups[after.ID] = after
	return nil
}

func (t tx) Tagged(id tag.ID, after visitor.ID, limit int) ([]visitor.ID, error) {
	return t.having(after, limit, func(v visitor.Visitor) bool {
		return slices.ContainsFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == id })
	}), nil
}

func (t tx) InGroup(id group.ID, after visitor.ID, limit int) ([]visitor.ID, error) {
	return t.having(after, limit, func(v visitor.Visitor) bool { return v.MemberOf(id) || slices.Contains(v.Excluded, id) }), nil
}

// having returns the first limit visitors after an id that has reports.
func (t tx) having(after visitor.ID, limit int, has func(visitor.Visitor) bool) []visitor.ID {
	var ids []visitor.ID
	for id, v := range t.w.visitors {
		if id > after && has(v) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))]
}

func (t tx) DeleteTag(id tag.ID) error {
	delete(t.w.tags, id)
	t.editVisitors(func(v *visitor.Visitor) {
		v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool { return a.Tag == id })
	})
	return nil
}

func (t tx) DeleteGroup(id group.ID) error {
	delete(t.w.groups, id)
	t.editVisitors(func(v *visitor.Visitor) {
		v.Memberships = slices.DeleteFunc(v.Memberships, func(m visitor.Membership) bool { return m.Group == id })
		v.Excluded = slices.DeleteFunc(v.Excluded, func(g group.ID) bool { return g == id })
	})
	return nil
}

// editVisitors changes every visitor.
func (t tx) editVisitors(edit func(*visitor.Visitor)) {
	for id, v := range t.w.visitors {
		v = v.Clone()
		edit(&v)
		t.w.visitors[id] = v.Sorted()
	}
}

func (t tx) Processed(keys []driver.DedupKey) (map[driver.DedupKey]bool, error) {
	processed := map[driver.DedupKey]bool{}
	for _, key := range keys {
		_, processed[key] = t.w.processed[key]
	}
	return processed, nil
}

func (t tx) PutProcessed(keys []driver.DedupKey, at time.Time) error {
	for key, then := range t.w.processed {
		if at.Sub(then) > driver.DedupWindow {
			delete(t.w.processed, key)
		}
	}
	for _, key := range keys {
		t.w.processed[key] = at
	}
	return nil
}

func (t tx) Aliases(ids []visitor.ID) (map[visitor.ID]visitor.ID, error) {
	into := map[visitor.ID]visitor.ID{}
	for _, id := range ids {
		if m, ok := t.w.merges[id]; ok {
			into[id] = m.Into.ID
		}
	}
	return into, nil
}

func (t tx) MergedInto(ids []visitor.ID) ([]visitor.ID, error) {
	var from []visitor.ID
	for id, m := range t.w.merges {
		if slices.Contains(ids, m.Into.ID) {
			from = append(from, id)
		}
	}
	return from, nil
}

func (t tx) Merge(from visitor.ID) (visitor.Merged, bool, error) {
	m, found := t.w.merges[from]
	return visitor.Merged{Into: m.Into.Clone(), From: m.From.Clone(), Result: m.Result.Clone()}, found, nil
}

func (t tx) PutMerge(m visitor.Merged) error {
	t.w.merges[m.From.ID] = m
	return nil
}

func (t tx) DeleteMerges(from []visitor.ID) error {
	for _, id := range from {
		delete(t.w.merges, id)
	}
	return nil
}

func (t tx) AppendEvents(events []driver.Event) error {
	for _, e := range events {
		e.Seq = driver.Seq(len(t.w.events) + 1)
		t.w.events = append(t.w.events, e)
	}
	return nil
}
