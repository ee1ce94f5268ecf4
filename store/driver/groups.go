package driver

import (
	"bytes"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

func (b *batch) groupCatalog() catalog[group.Group, group.ID] {
	return catalog[group.Group, group.ID]{
		kind: "group", tx: b.tx, list: b.tx.Groups, put: b.tx.PutGroup, remove: b.tx.DeleteGroup,
		id:       func(g group.Group) group.ID { return g.ID },
		key:      func(g group.Group) string { return group.Key(g.Name) },
		mentions: func(r filter.Refs) ([]string, []group.ID) { return keysOf(r.Groups, group.Key), r.GroupIDs },
	}
}

func (c CreateGroup) apply(b *batch) (Outcome, error) {
	g := c.Group
	g.CreatedAt = FromMicros(Micros(g.CreatedAt))
	if err := b.groupCatalog().checkFree(group.Key(g.Name), g.ID); err != nil {
		return Outcome{}, err
	}
	if err := b.checkRule(g); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: GroupCreated, Groups: []group.ID{g.ID}})
	return Outcome{Effect: Created, Group: &g}, b.tx.PutGroup(nil, g)
}

func (c UpdateGroup) apply(b *batch) (Outcome, error) {
	g, fields, err := b.groupCatalog().update(c.ID, c.Patch.Apply, b.compareGroups)
	if len(fields) == 0 {
		return Outcome{Effect: Unchanged, Group: &g}, err
	}
	b.event(c.Audit, Event{Kind: GroupUpdated, Groups: []group.ID{c.ID}, Fields: fields})
	if err == nil && slices.Contains(fields, "rule") {
		err = b.watchRule(c.Audit, g)
	}
	return Outcome{Effect: Updated, Group: &g}, err
}

// compareGroups returns the names of the fields that differ. It checks a rule that differs.
func (b *batch) compareGroups(before, after group.Group) ([]string, error) {
	ruleDiffers, err := rulesDiffer(before, after)
	if err == nil && ruleDiffers {
		err = b.checkRule(after)
	}
	if err == nil && before.Rule == nil && after.Rule != nil { // rules mention groups without a rule only
		err = b.groupCatalog().checkUnused(before)
	}
	return differing(map[string]bool{
		"name": after.Name != before.Name, "description": after.Description != before.Description, "rule": ruleDiffers,
	}), err
}

func (c DeleteGroup) apply(b *batch) (Outcome, error) {
	err := b.lose("group", func(after visitor.ID) ([]visitor.ID, error) { return b.tx.InGroup(c.ID, after, maxBatch) }, func(v *visitor.Visitor) {
		v.Memberships = slices.DeleteFunc(slices.Clone(v.Memberships), func(m visitor.Membership) bool { return m.Group == c.ID })
		v.Excluded = slices.DeleteFunc(slices.Clone(v.Excluded), func(g group.ID) bool { return g == c.ID })
	})
	if err != nil {
		return Outcome{}, err
	}
	effect, err := b.groupCatalog().delete(c.ID)
	if effect == Deleted {
		b.event(c.Audit, Event{Kind: GroupDeleted, Groups: []group.ID{c.ID}})
		if err == nil {
			_, err = b.unwatch(c.ID)
		}
	}
	return Outcome{Effect: effect}, err
}

// checkRule refuses a rule that mentions a tag or group that does not exist, or a group
// that has a rule itself. A store.Workspace has replaced the names in rules by ids, which
// renaming does not change; other callers may leave names.
func (b *batch) checkRule(g group.Group) error {
	if g.Rule == nil {
		return nil
	}
	if err := group.CheckRule(g.Rule); err != nil {
		return err
	}
	refs := filter.References(g.Rule)
	if _, err := b.tagCatalog().mentioned(refs); err != nil {
		return err
	}
	groups, err := b.groupCatalog().mentioned(refs)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(groups, func(other group.Group) bool { return other.Rule != nil || other.ID == g.ID }) {
		return &filter.Error{Path: "rule", Reason: "mentions a group that has a rule"}
	}
	return nil
}

// rulesDiffer compares the forms in which rules are stored.
func rulesDiffer(a, b group.Group) (bool, error) {
	if a.Rule == nil || b.Rule == nil {
		return (a.Rule == nil) != (b.Rule == nil), nil
	}
	x, err := filter.Marshal(a.Rule)
	if err != nil {
		return false, err
	}
	y, err := filter.Marshal(b.Rule)
	return !bytes.Equal(x, y), err
}
