package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	insertGroup = "INSERT INTO " + groupTable + " (ws, id, key, name, description, rule, created_at)" +
		" VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
	selectGroup  = "SELECT g.id, g.name, g.description, g.rule, g.created_at FROM " + groupTable + " g WHERE g.ws = ?"
	insertMember = "INSERT INTO " + visitorGroupTable + " (ws, visitor_id, group_id, excluded) VALUES (?, ?, ?, 0)" +
		" ON CONFLICT (ws, visitor_id, group_id) DO UPDATE SET excluded = 0" +
		" WHERE " + visitorGroupTable + ".excluded = 1"
	insertExcluded = "INSERT INTO " + visitorGroupTable + " (ws, visitor_id, group_id, excluded) VALUES (?, ?, ?, 1)" +
		" ON CONFLICT (ws, visitor_id, group_id) DO NOTHING"
	deleteMember = "DELETE FROM " + visitorGroupTable + " WHERE ws = ? AND visitor_id = ? AND group_id = ? AND excluded = 0"
)

// ruleOf tells whether a group has a rule, or that there is no such group.
func (a *applier) ruleOf(ctx context.Context, id group.ID) (hasRule, error) {
	if has, known := a.rules[id]; known {
		return has, nil
	}
	found, has := false, hasRule(false)
	err := a.find(ctx, "SELECT rule FROM "+groupTable+" WHERE ws = ? AND id = ?", func(r row) error {
		var rule string
		err := r.Scan(&rule)
		found, has = true, rule != ""
		return err
	}, a.d.ID(string(id)))
	switch {
	case err != nil:
		return false, err
	case !found:
		return false, store.Missed("group", string(id))
	}
	if a.rules == nil {
		a.rules = map[group.ID]hasRule{}
	}
	a.rules[id] = has
	return has, nil
}

// putMember puts a visitor into a group and reports whether that is news.
func (a *applier) putMember(ctx context.Context, g group.ID, id any) (bool, error) {
	n, err := a.affect(ctx, insertMember, id, a.d.ID(string(g)))
	a.counts.group(g, n)
	return n > 0, err
}

func (a *applier) joinGroup(ctx context.Context, c store.JoinGroup) (store.Outcome, error) {
	return a.member(ctx, c.Group, string(c.ID), func(id any, _ hasRule) (bool, error) {
		return a.putMember(ctx, c.Group, id)
	}, store.Event{Kind: store.VisitorJoined, At: c.At, Visitor: c.ID, Groups: []group.ID{c.Group}})
}

func (a *applier) leaveGroup(ctx context.Context, c store.LeaveGroup) (store.Outcome, error) {
	return a.member(ctx, c.Group, string(c.ID), func(id any, ruled hasRule) (bool, error) {
		left, err := a.affect(ctx, deleteMember, id, a.d.ID(string(c.Group)))
		a.counts.group(c.Group, -left)
		if err != nil || !ruled {
			return left > 0, err
		}
		barred, err := a.affect(ctx, insertExcluded, id, a.d.ID(string(c.Group)))
		return left+barred > 0, err
	}, store.Event{Kind: store.VisitorLeft, At: c.At, Visitor: c.ID, Groups: []group.ID{c.Group}})
}

// member changes a membership, if group and visitor are there, and tells the event if it
// was news.
func (a *applier) member(ctx context.Context, g group.ID, id string, change func(id any, ruled hasRule) (bool, error), e store.Event) (store.Outcome, error) {
	ruled, err := a.ruleOf(ctx, g)
	if err != nil {
		return store.Outcome{}, err
	}
	there, err := a.visitorThere(ctx, id)
	if err != nil {
		return store.Outcome{}, err
	}
	if !there {
		return store.Outcome{Effect: store.Missing}, nil
	}
	news, err := change(a.d.ID(id), ruled)
	if err != nil || !news {
		return store.Outcome{Effect: store.Unchanged}, err
	}
	if err := a.limit(ctx, "groups", visitorGroupTable, id, visitor.MaxGroups); err != nil {
		return store.Outcome{}, err
	}
	a.event(e)
	return store.Outcome{Effect: store.Updated}, nil
}

func (a *applier) oneGroup(ctx context.Context, text string, args ...any) (found *group.Group, err error) {
	err = a.find(ctx, text, func(r row) error {
		g, err := scanGroup(r)
		found = &g
		return err
	}, args...)
	return found, err
}

// ruleText is a rule as it is stored.
func ruleText(rule filter.Expr) (string, error) {
	if rule == nil {
		return "", nil
	}
	b, err := filter.Marshal(rule)
	return string(b), err
}

func (a *applier) createGroup(ctx context.Context, c store.CreateGroup) (store.Outcome, error) {
	g := c.Group
	if err := group.CheckRule(g.Rule); err != nil {
		return store.Outcome{}, err
	}
	rule, err := ruleText(g.Rule)
	if err != nil {
		return store.Outcome{}, err
	}
	key := group.Key(g.Name)
	n, err := a.affect(ctx, insertGroup, a.d.ID(string(g.ID)), key, g.Name, g.Description, rule, store.Micros(g.CreatedAt))
	if err != nil {
		return store.Outcome{}, err
	}
	if n == 0 {
		owner, err := a.oneGroup(ctx, selectGroup+" AND g.key = ?", key)
		if owner == nil {
			owner = &g
		}
		return store.Outcome{}, orTaken(err, "group", string(owner.ID))
	}
	a.event(store.Event{Kind: store.GroupCreated, At: g.CreatedAt, Groups: []group.ID{g.ID}})
	return store.Outcome{Effect: store.Created, Group: g}, nil
}

func (a *applier) updateGroup(ctx context.Context, c store.UpdateGroup) (store.Outcome, error) {
	before, err := a.oneGroup(ctx, selectGroup+" AND g.id = ?", a.d.ID(string(c.ID)))
	if err != nil {
		return store.Outcome{}, err
	}
	if before == nil {
		return store.Outcome{}, store.Missed("group", string(c.ID))
	}
	after, err := c.Patch.Apply(*before)
	if err != nil {
		return store.Outcome{}, err
	}
	was, err := ruleText(before.Rule)
	if err != nil {
		return store.Outcome{}, err
	}
	rule, err := ruleText(after.Rule)
	if err != nil {
		return store.Outcome{}, err
	}
	var fields []string
	if after.Description != before.Description {
		fields = append(fields, "description")
	}
	if after.Name != before.Name {
		fields = append(fields, "name")
	}
	if rule != was {
		fields = append(fields, "rule")
	}
	if len(fields) == 0 {
		return store.Outcome{Effect: store.Unchanged, Group: after}, nil
	}
	key := group.Key(after.Name)
	owner, err := a.oneGroup(ctx, selectGroup+" AND g.key = ?", key)
	if err != nil {
		return store.Outcome{}, err
	}
	if owner != nil && owner.ID != c.ID {
		return store.Outcome{}, store.Taken("group", string(owner.ID))
	}
	a.rules = nil
	err = a.update(ctx, groupTable, a.d.ID(string(c.ID)), map[string]any{
		"key": key, "name": after.Name, "description": after.Description, "rule": rule,
	})
	if err != nil {
		return store.Outcome{}, err
	}
	a.event(store.Event{Kind: store.GroupUpdated, At: c.At, Groups: []group.ID{c.ID}, Fields: fields})
	return store.Outcome{Effect: store.Updated, Group: after}, nil
}

func (a *applier) deleteGroup(ctx context.Context, c store.DeleteGroup) (store.Outcome, error) {
	id := a.d.ID(string(c.ID))
	a.rules = nil
	if _, err := a.exec(ctx, "DELETE FROM "+visitorGroupTable+" WHERE ws = ? AND group_id = ? AND excluded = 1", id); err != nil {
		return store.Outcome{}, err
	}
	members, err := a.affect(ctx, "DELETE FROM "+visitorGroupTable+" WHERE ws = ? AND group_id = ? AND excluded = 0", id)
	if err != nil {
		return store.Outcome{}, err
	}
	there, err := a.deleteCounted(ctx, "DELETE FROM "+groupTable+" WHERE ws = ? AND id = ?", "members", counted{addToGroup, string(c.ID)}, members)
	if err != nil || !there {
		return store.Outcome{Effect: store.Missing}, err
	}
	a.event(store.Event{Kind: store.GroupDeleted, At: c.At, Groups: []group.ID{c.ID}})
	return store.Outcome{Effect: store.Deleted}, nil
}
