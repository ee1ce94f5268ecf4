package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
)

func (b *batch) createGroup(c CreateGroup) (Outcome, error) {
	g := c.Group
	g.CreatedAt = FromMicros(Micros(g.CreatedAt))
	if err := b.groupFree(List{Keys: []string{group.Key(g.Name)}, IDs: []string{string(g.ID)}}); err != nil {
		return Outcome{}, err
	}
	if err := b.checkRule(g); err != nil {
		return Outcome{}, err
	}
	if err := b.tx.PutGroup(nil, g); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: GroupCreated, Groups: []group.ID{g.ID}})
	return Outcome{Effect: Created, Group: &g}, nil
}

// groupFree is tagFree for groups.
func (b *batch) groupFree(l List) error {
	taken, err := b.tx.Groups(l)
	if err != nil || len(taken) == 0 {
		return err
	}
	n := max(slices.IndexFunc(taken, func(g group.Group) bool { return group.Key(g.Name) == l.Keys[0] }), 0)
	return AlreadyExists("group", string(taken[n].ID))
}

func (b *batch) updateGroup(c UpdateGroup) (Outcome, error) {
	found, err := b.tx.Groups(List{IDs: []string{string(c.ID)}})
	if err != nil {
		return Outcome{}, err
	}
	if len(found) == 0 {
		return Outcome{}, NotFound("group", string(c.ID))
	}
	before := found[0]
	after, err := c.Patch.Apply(before)
	if err != nil {
		return Outcome{}, err
	}
	ruleChanged, err := rulesDiffer(before, after)
	if err != nil {
		return Outcome{}, err
	}
	fields := differing(map[string]bool{
		"name": after.Name != before.Name, "description": after.Description != before.Description, "rule": ruleChanged,
	})
	if len(fields) == 0 {
		return Outcome{Effect: Unchanged, Group: &after}, nil
	}
	if key := group.Key(after.Name); key != group.Key(before.Name) {
		if err := b.groupFree(List{Keys: []string{key}}); err != nil {
			return Outcome{}, err
		}
	}
	if ruleChanged {
		if err := b.checkRule(after); err != nil {
			return Outcome{}, err
		}
	}
	if before.Rule == nil && after.Rule != nil {
		if err := b.checkGroupUnused(before); err != nil {
			return Outcome{}, err
		}
	}
	if err := b.tx.PutGroup(&before, after); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: GroupUpdated, Groups: []group.ID{c.ID}, Fields: fields})
	return Outcome{Effect: Updated, Group: &after}, nil
}

func (b *batch) deleteGroup(c DeleteGroup) (Outcome, error) {
	found, err := b.tx.Groups(List{IDs: []string{string(c.ID)}})
	if err != nil || len(found) == 0 {
		return Outcome{Effect: Missing}, err
	}
	if err := b.checkGroupUnused(found[0]); err != nil {
		return Outcome{}, err
	}
	if err := b.tx.DeleteGroup(c.ID); err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: GroupDeleted, Groups: []group.ID{c.ID}})
	return Outcome{Effect: Deleted}, nil
}
