package store

import (
	"context"
	"iter"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// CreateGroup creates a group. A rule can mention groups that have no rule. The error
// matches ErrInvalid (the name, or a rule that is malformed or mentions a tag or group that
// does not exist or a group with a rule), or ErrExists if a group has that name.
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
	outcome, err := w.applyLast(ctx, op, driver.CreateGroup{Audit: w.audit(now), Group: g})
	return lo.FromPtr(outcome.Group), err
}

// UpdateGroup changes a group's name, description or rule. The error matches ErrInvalid as for
// CreateGroup, or if the group is watched and the rule cannot be, ErrNotFound, ErrExists if another
// group has the new name, or ErrInUse if the group would get a rule and another group's rule mentions
// it. If the rule of a watched group changes, the visitors concerned enter or leave the group now; see
// PreviewRule. Should the call end before all of these events are recorded, the next call of Advance
// records the rest.
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
	outcome, err := w.applyLast(ctx, op, driver.UpdateGroup{Audit: w.audit(w.now()), ID: id, Patch: p})
	if err == nil && outcome.Effect == driver.Updated && (p.Rule != nil || p.ClearRule) {
		_, _ = w.advance(ctx, w.now(), 0) // the group is updated; what is not recorded now is recorded later
	}
	return lo.FromPtr(outcome.Group), err
}

// DeleteGroup deletes a group; its members stay visitors. The error matches ErrNotFound, or
// ErrInUse if a group's rule mentions it.
func (w *Workspace) DeleteGroup(ctx context.Context, id group.ID) error {
	const op = "delete group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return fail(op, err)
	}
	outcome, err := w.applyLast(ctx, op, driver.DeleteGroup{Audit: w.audit(w.now()), ID: id})
	if outcome.Effect == driver.Missing {
		err = fail(op, driver.NotFound("group", string(id)))
	}
	return err
}

// Groups iterates over all groups, ordered by folded name. Facets counts the members of each;
// Find with filter.Group returns them. An error ends the iteration.
func (w *Workspace) Groups(ctx context.Context) iter.Seq2[group.Group, error] {
	return pages("list groups", func(after string, limit int) ([]group.Group, error) {
		return w.store.ListGroups(ctx, w.id, driver.List{After: after, Limit: limit})
	}, func(g group.Group) string { return group.Key(g.Name) })
}

// AddToGroup makes visitors members of a group. The error matches ErrNotFound if the group
// does not exist; ids that do not exist are listed in the result.
func (w *Workspace) AddToGroup(ctx context.Context, id group.ID, ids ...visitor.ID) (Bulk, error) {
	const op = "add to group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	return w.bulk(ctx, op, nil, ids, func(a driver.Audit, v visitor.ID) driver.Change {
		return driver.AddToGroup{Audit: a, Group: id, ID: v}
	})
}

// RemoveFromGroup ends memberships. If the group has a rule, the visitors are excluded,
// regardless of the rule, until they are added again. The error matches ErrNotFound if the
// group does not exist; ids that do not exist are listed in the result.
func (w *Workspace) RemoveFromGroup(ctx context.Context, id group.ID, ids ...visitor.ID) (Bulk, error) {
	const op = "remove from group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	return w.bulk(ctx, op, nil, ids, func(a driver.Audit, v visitor.ID) driver.Change {
		return driver.RemoveFromGroup{Audit: a, Group: id, ID: v}
	})
}

// resolve replaces the names in a rule by ids, so that the rule survives a renamed tag.
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
