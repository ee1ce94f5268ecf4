package sqlstore

import (
	"context"
	"maps"
	"slices"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func (s scope) tags(ctx context.Context, l driver.List) ([]tag.Tag, error) {
	return list(ctx, s.queryByKey, s.listed(s.from(tagTable, "t", tagColumns...), "t", l), scanTag)
}

func (s scope) groups(ctx context.Context, l driver.List) ([]group.Group, error) {
	return list(ctx, s.queryByKey, s.listed(s.from(groupTable, "g", groupColumns...), "g", l), scanGroup)
}

// listed adds the conditions of a list to a SELECT of tags or groups.
func (s scope) listed(q sq.SelectBuilder, alias string, l driver.List) sq.SelectBuilder {
	q = q.OrderBy(alias + ".key")
	switch {
	case len(l.Keys) > 0 && len(l.IDs) > 0:
		return q.Where(anyOf(s.d.InTexts(alias+".key", l.Keys), s.d.InIDs(alias+".id", l.IDs)))
	case len(l.Keys) > 0:
		return q.Where(s.d.InTexts(alias+".key", l.Keys))
	case len(l.IDs) > 0:
		return q.Where(s.d.InIDs(alias+".id", l.IDs))
	}
	if l.After != "" {
		q = q.Where(alias+".key > ?", l.After)
	}
	if l.Limit > 0 {
		q = q.Limit(uint64(l.Limit))
	}
	return q
}

// Tags reads tags.
func (t *tx) Tags(l driver.List) ([]tag.Tag, error) { return t.tags(t.ctx, l) }

// Groups reads groups.
func (t *tx) Groups(l driver.List) ([]group.Group, error) { return t.groups(t.ctx, l) }

// PutTag inserts or updates a tag.
func (t *tx) PutTag(before *tag.Tag, after tag.Tag) error {
	tags := []tag.Tag{after}
	text := func(name string, of func(tag.Tag) string) column { return col(name, "text", tags, of) }
	id := idCol(t.scope, "id", tags, func(t tag.Tag) tag.ID { return t.ID })
	columns := []column{
		text("key", func(t tag.Tag) string { return tag.Key(t.Name) }),
		text("name", func(t tag.Tag) string { return t.Name }),
		text("color", func(t tag.Tag) string { return string(t.Color) }),
		text("description", func(t tag.Tag) string { return t.Description }),
	}
	if err := t.newCatalog(); err != nil {
		return err
	}
	if before != nil {
		return t.updateRows(t.ctx, tagTable, []column{id}, columns)
	}
	if err := t.giveNumber(string(after.ID)); err != nil {
		return err
	}
	created := col("created_at", "bigint", tags, func(t tag.Tag) int64 { return driver.Micros(t.CreatedAt) })
	return t.insertRows(t.ctx, tagTable, append(columns, id, created)...)
}

// PutGroup inserts or updates a group.
func (t *tx) PutGroup(before *group.Group, after group.Group) error {
	rule, err := ruleText(after.Rule)
	if err != nil {
		return err
	}
	groups := []group.Group{after}
	text := func(name string, of func(group.Group) string) column { return col(name, "text", groups, of) }
	id := idCol(t.scope, "id", groups, func(g group.Group) group.ID { return g.ID })
	columns := []column{
		text("key", func(g group.Group) string { return group.Key(g.Name) }),
		text("name", func(g group.Group) string { return g.Name }),
		text("description", func(g group.Group) string { return g.Description }),
		text("rule", func(group.Group) string { return rule }),
	}
	if before != nil {
		return t.updateRows(t.ctx, groupTable, []column{id}, columns)
	}
	if err := t.newCatalog(); err != nil {
		return err
	}
	if err := t.giveNumber(string(after.ID)); err != nil {
		return err
	}
	created := col("created_at", "bigint", groups, func(g group.Group) int64 { return driver.Micros(g.CreatedAt) })
	return t.insertRows(t.ctx, groupTable, append(columns, id, created)...)
}

// ruleText returns a rule as it is stored, "" for none.
func ruleText(rule filter.Expr) (string, error) {
	if rule == nil {
		return "", nil
	}
	b, err := filter.Marshal(rule)
	return string(b), err
}

// Tagged returns visitors with a tag. See driver.Tx.
func (t *tx) Tagged(id tag.ID, after visitor.ID, limit int) ([]visitor.ID, error) {
	return t.having(visitorTagTable, "l.tag_id", string(id), after, limit)
}

// InGroup returns visitors that were added to a group or removed from it. See driver.Tx.
func (t *tx) InGroup(id group.ID, after visitor.ID, limit int) ([]visitor.ID, error) {
	return t.having(visitorGroupTable, "l.group_id", string(id), after, limit)
}

func (t *tx) having(table, column, id string, after visitor.ID, limit int) ([]visitor.ID, error) {
	q := t.from(table, "l", "l.visitor_id").Distinct().Where(t.ref(column, []string{id})).OrderBy("l.visitor_id").Limit(uint64(limit))
	if after != "" {
		q = q.Where("l.visitor_id > ?", t.d.ID(string(after)))
	}
	return list(t.ctx, t.query, q, scanID[visitor.ID])
}

// DeleteTag deletes a tag and its assignments.
func (t *tx) DeleteTag(id tag.ID) error {
	had, err := t.leave(visitorTagTable, "tag_id", string(id), driver.Tags)
	if err != nil {
		return err
	}
	return t.deleteCounted(tagTable, "uses", counterKey{addToTag, string(id)}, had)
}

// DeleteGroup deletes a group, its memberships and exclusions.
func (t *tx) DeleteGroup(id group.ID) error {
	members, err := t.leave(visitorGroupTable, "group_id", string(id), driver.Groups)
	if err != nil {
		return err
	}
	return t.deleteCounted(groupTable, "members", counterKey{addToGroup, string(id)}, members)
}

// leave removes a tag or a group from all visitors, a thousand at a time, and returns the
// number of visitors who had the tag or were members.
func (t *tx) leave(table, column, id string, part driver.Parts) (had int64, err error) {
	of := t.ref(column, []string{id})
	for {
		q := t.from(table, "l", "l.visitor_id").Where(t.ref("l."+column, []string{id})).Limit(1_000)
		ids, err := list(t.ctx, t.query, q, scanID[visitor.ID])
		if err != nil || len(ids) == 0 {
			return had, err
		}
		found, err := t.Visitors(ids, part)
		if err != nil {
			return had, err
		}
		w := visitorWrite{numbers: map[string]int64{}}
		for i := range found {
			w.note(&found[i])
		}
		if err := t.numbersOf(t.ctx, w.numbers, slices.Collect(maps.Keys(w.numbers))); err != nil {
			return had, err
		}
		for i := range found {
			before, after := found[i], found[i]
			after.Tags = lo.Reject(before.Tags, func(a tag.Assignment, _ int) bool { return string(a.Tag) == id })
			after.Memberships = lo.Reject(before.Memberships, func(m visitor.Membership, _ int) bool { return string(m.Group) == id })
			after.Excluded = lo.Without(before.Excluded, group.ID(id))
			if err := w.addUpdate(&before, &after, part); err != nil {
				return had, err
			}
			had += int64(len(before.Tags) - len(after.Tags) + len(before.Memberships) - len(after.Memberships))
		}
		if err := t.writeProfiles(&w); err != nil {
			return had, err
		}
		if _, err := t.do(t.ctx, t.delete(table).Where(of).Where(t.d.InIDs("visitor_id", textsOf(ids)))); err != nil {
			return had, err
		}
	}
}

// deleteCounted deletes a tag or group that had visitors had. It cancels what is pending for
// the counter, since one with the same id may be created in the same transaction.
func (t *tx) deleteCounted(table, counter string, of counterKey, had int64) error {
	if err := t.newCatalog(); err != nil {
		return err
	}
	q := t.delete(table).Where("id = ?", t.d.ID(of.key))
	if t.d.Index() == nil {
		_, err := t.do(t.ctx, q)
		return err
	}
	return t.queryByKey(t.ctx, q.Suffix("RETURNING "+counter), func(r row) error {
		var written int64
		err := r.Scan(&written)
		t.counts[of] += written - had
		return err
	})
}
