package store

import (
	"context"
	"iter"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

// CreateGroup makes a group. The error matches ErrInvalid (the name, or a rule that
// group.CheckRule refuses or that names an unknown tag), or ErrExists when a group has that
// name.
func (w *Workspace) CreateGroup(ctx context.Context, d group.Draft) (group.Group, error) {
	const op = "create group"
	d, err := d.Normalize()
	if err != nil {
		return group.Group{}, fail(op, err)
	}
	if d.Rule, err = w.resolve(ctx, d.Rule); err != nil {
		return group.Group{}, fail(op, err)
	}
	now := w.now()
	g := group.Group{ID: group.NewID(now), Name: d.Name, Description: d.Description, Rule: d.Rule, CreatedAt: now}
	outcomes, err := w.apply(ctx, CreateGroup{g})
	if err != nil {
		return group.Group{}, fail(op, err)
	}
	return outcomes[0].Group, nil
}

// UpdateGroup renames or describes a group, or changes its rule. The error matches
// ErrInvalid, ErrNotFound, or ErrExists when another group has the new name.
func (w *Workspace) UpdateGroup(ctx context.Context, id group.ID, p group.Patch) (group.Group, error) {
	const op = "update group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return group.Group{}, fail(op, err)
	}
	if err := group.CheckRule(p.Rule); err != nil {
		return group.Group{}, fail(op, err)
	}
	if p.Rule, err = w.resolve(ctx, p.Rule); err != nil {
		return group.Group{}, fail(op, err)
	}
	outcomes, err := w.apply(ctx, UpdateGroup{ID: id, Patch: p, At: w.now()})
	if err != nil {
		return group.Group{}, fail(op, err)
	}
	return outcomes[0].Group, nil
}

// DeleteGroup removes a group; its members stay visitors. The error matches ErrNotFound.
func (w *Workspace) DeleteGroup(ctx context.Context, id group.ID) error {
	const op = "delete group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return fail(op, err)
	}
	outcomes, err := w.apply(ctx, DeleteGroup{ID: id, At: w.now()})
	if err == nil && outcomes[0].Effect == Missing {
		err = Missed("group", string(id))
	}
	return fail(op, err)
}

// Groups iterates over the groups, in the order of their folded names. How many members
// each has is in Facets; who they are, Find tells with filter.Group. An error ends it.
func (w *Workspace) Groups(ctx context.Context) iter.Seq2[group.Group, error] {
	return pages("list groups", func(after string, limit int) ([]group.Group, error) {
		return w.store.ListGroups(ctx, w.id, List{After: after, Limit: limit})
	}, func(g group.Group) string { return group.Key(g.Name) })
}

// Join puts visitors into a group by hand. The error matches ErrNotFound when the group
// is not there; ids that are not there are told in the result.
func (w *Workspace) Join(ctx context.Context, id group.ID, ids ...visitor.ID) (Bulk, error) {
	const op = "join group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	now := w.now()
	return w.bulk(ctx, op, nil, ids, func(v visitor.ID) Change { return JoinGroup{Group: id, ID: v, At: now} })
}

// Leave takes visitors out of a group; out of a group with a rule they stay out, whatever
// the rule says, until they join again. The error matches ErrNotFound when the group is
// not there; ids that are not there are told in the result.
func (w *Workspace) Leave(ctx context.Context, id group.ID, ids ...visitor.ID) (Bulk, error) {
	const op = "leave group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	now := w.now()
	return w.bulk(ctx, op, nil, ids, func(v visitor.ID) Change { return LeaveGroup{Group: id, ID: v, At: now} })
}

// resolve turns the names in a rule into ids, so that renaming a tag leaves it be.
func (w *Workspace) resolve(ctx context.Context, rule filter.Expr) (filter.Expr, error) {
	if rule == nil {
		return nil, nil
	}
	env, err := w.env(ctx, rule, w.now())
	if err != nil {
		return nil, err
	}
	if _, err := filter.Bind(rule, env); err != nil {
		return nil, err
	}
	return filter.Resolve(rule, env)
}
