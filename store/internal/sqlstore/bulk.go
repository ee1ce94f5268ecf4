package sqlstore

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	insertTaggedAll = "INSERT INTO " + visitorTagTable + " (ws, visitor_id, tag_id, put_at, put_by, cause)" +
		" SELECT ?::text, u.visitor_id, u.tag_id, u.put_at, u.put_by, u.cause" +
		" FROM unnest(?::uuid[], ?::uuid[], ?::bigint[], ?::text[], ?::text[]) AS u (visitor_id, tag_id, put_at, put_by, cause)" +
		" ON CONFLICT (ws, visitor_id, tag_id) DO NOTHING RETURNING visitor_id, tag_id"
	deleteTaggedAll = "DELETE FROM " + visitorTagTable + " WHERE ws = ? AND (visitor_id, tag_id) IN" +
		" (SELECT u.visitor_id, u.tag_id FROM unnest(?::uuid[], ?::uuid[]) AS u (visitor_id, tag_id)) RETURNING visitor_id, tag_id"
	insertMembersAll = "INSERT INTO " + visitorGroupTable + " (ws, visitor_id, group_id, excluded)" +
		" SELECT ?::text, u.visitor_id, ?::uuid, 0 FROM unnest(?::uuid[]) AS u (visitor_id)" +
		" ON CONFLICT (ws, visitor_id, group_id) DO UPDATE SET excluded = 0" +
		" WHERE " + visitorGroupTable + ".excluded = 1 RETURNING visitor_id"
	insertExcludedAll = "INSERT INTO " + visitorGroupTable + " (ws, visitor_id, group_id, excluded)" +
		" SELECT ?::text, u.visitor_id, ?::uuid, 1 FROM unnest(?::uuid[]) AS u (visitor_id)" +
		" ON CONFLICT (ws, visitor_id, group_id) DO NOTHING RETURNING visitor_id"
	deleteMembersAll = "DELETE FROM " + visitorGroupTable + " WHERE ws = ? AND group_id = ? AND visitor_id = ANY(?::uuid[])" +
		" AND excluded = 0 RETURNING visitor_id"
)

// leading returns the first changes as long as they are of one type, are about different
// visitors, and fit.
func leading[C store.Change](changes []store.Change, of func(C) visitor.ID, fits func(C) bool) []C {
	var run []C
	seen := map[visitor.ID]bool{}
	for _, change := range changes {
		c, ok := change.(C)
		if !ok || seen[of(c)] || !fits(c) {
			break
		}
		seen[of(c)] = true
		run = append(run, c)
	}
	return run
}

// present returns which of the visitors are there.
func (a *applier) present(ctx context.Context, ids []visitor.ID) (map[visitor.ID]bool, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	there := map[visitor.ID]bool{}
	err := a.fetch(ctx, a.from(visitorTable, "v", "v.id").Where(a.d.InIDs("v.id", texts)), func(r row) error {
		var id visitor.ID
		err := r.Scan(into(&id))
		there[id] = true
		return err
	})
	return there, err
}

// link is a tag on a visitor, as changes ask for it.
type link struct {
	id  visitor.ID
	tag tag.ID
	how tag.Assignment
}

// links are what the changes of tags ask for; tags that are not there are left out.
func (a *applier) links(id visitor.ID, keys []string, how tag.Assignment) []link {
	var all []link
	for i, key := range keys {
		if t := a.tags[key]; t != nil && !slices.Contains(keys[:i], key) {
			all = append(all, link{id, t.ID, how})
		}
	}
	return all
}

// linksDone runs a statement that returns the links on which it had an effect.
func (a *applier) linksDone(ctx context.Context, text string, links []link, more ...column) (map[visitor.ID][]tag.ID, error) {
	done := map[visitor.ID][]tag.ID{}
	args := []any{
		ids("", links, func(l link) visitor.ID { return l.id }).values,
		ids("", links, func(l link) tag.ID { return l.tag }).values,
	}
	for _, c := range more {
		args = append(args, c.values)
	}
	err := a.find(ctx, text, func(r row) error {
		var v visitor.ID
		var t tag.ID
		err := r.Scan(into(&v), into(&t))
		done[v] = append(done[v], t)
		return err
	}, args...)
	for _, tags := range done {
		slices.Sort(tags)
	}
	return done, err
}

func (a *applier) addTagsTogether(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	run := leading(changes, func(c store.AddTags) visitor.ID { return c.ID }, func(c store.AddTags) bool {
		return !slices.ContainsFunc(c.Tags, func(key string) bool { return a.tags[key] == nil })
	})
	if len(run) < 2 {
		return 0, nil
	}
	return a.changeTogether(ctx, idsOf(run, func(c store.AddTags) visitor.ID { return c.ID }), outcomes, rules{visitorTagTable, "tags", visitor.MaxTags},
		func(there map[visitor.ID]bool) (map[visitor.ID][]tag.ID, error) {
			var all []link
			for _, c := range run {
				if there[c.ID] {
					all = append(all, a.links(c.ID, c.Tags, tag.Assignment{At: c.At, By: c.By, Cause: c.Cause})...)
				}
			}
			return a.linksDone(ctx, insertTaggedAll, all,
				col("", "", all, func(l link) int64 { return store.Micros(l.how.At) }),
				col("", "", all, func(l link) string { return l.how.By }),
				col("", "", all, func(l link) string { return l.how.Cause }))
		}, func(i int, put []tag.ID) store.Event {
			return store.Event{Kind: store.VisitorTagged, At: run[i].At, Visitor: run[i].ID, Tags: put}
		})
}

func (a *applier) removeTagsTogether(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	run := leading(changes, func(c store.RemoveTags) visitor.ID { return c.ID }, func(store.RemoveTags) bool { return true })
	if len(run) < 2 {
		return 0, nil
	}
	return a.changeTogether(ctx, idsOf(run, func(c store.RemoveTags) visitor.ID { return c.ID }), outcomes, rules{},
		func(there map[visitor.ID]bool) (map[visitor.ID][]tag.ID, error) {
			var all []link
			for _, c := range run {
				all = append(all, a.links(c.ID, c.Tags, tag.Assignment{})...)
			}
			return a.linksDone(ctx, deleteTaggedAll, all)
		}, func(i int, taken []tag.ID) store.Event {
			return store.Event{Kind: store.VisitorUntagged, At: run[i].At, Visitor: run[i].ID, Tags: taken}
		})
}

func (a *applier) joinTogether(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	g := changes[0].(store.JoinGroup).Group
	run := leading(changes, func(c store.JoinGroup) visitor.ID { return c.ID }, func(c store.JoinGroup) bool { return c.Group == g })
	if _, known := a.rules[g]; !known || len(run) < 2 {
		return 0, nil
	}
	return a.changeTogether(ctx, idsOf(run, func(c store.JoinGroup) visitor.ID { return c.ID }), outcomes, rules{visitorGroupTable, "groups", visitor.MaxGroups},
		func(there map[visitor.ID]bool) (map[visitor.ID][]tag.ID, error) {
			return a.membersDone(ctx, insertMembersAll, g, there)
		}, func(i int, _ []tag.ID) store.Event {
			return store.Event{Kind: store.VisitorJoined, At: run[i].At, Visitor: run[i].ID, Groups: []group.ID{g}}
		})
}

func (a *applier) leaveTogether(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	g := changes[0].(store.LeaveGroup).Group
	run := leading(changes, func(c store.LeaveGroup) visitor.ID { return c.ID }, func(c store.LeaveGroup) bool { return c.Group == g })
	ruled, known := a.rules[g]
	if !known || len(run) < 2 {
		return 0, nil
	}
	return a.changeTogether(ctx, idsOf(run, func(c store.LeaveGroup) visitor.ID { return c.ID }), outcomes, rules{visitorGroupTable, "groups", visitor.MaxGroups},
		func(there map[visitor.ID]bool) (map[visitor.ID][]tag.ID, error) {
			left, err := a.membersDone(ctx, deleteMembersAll, g, there)
			if err != nil || !bool(ruled) {
				return left, err
			}
			barred, err := a.membersDone(ctx, insertExcludedAll, g, there)
			for id := range barred {
				left[id] = nil
			}
			return left, err
		}, func(i int, _ []tag.ID) store.Event {
			return store.Event{Kind: store.VisitorLeft, At: run[i].At, Visitor: run[i].ID, Groups: []group.ID{g}}
		})
}

// membersDone runs a statement on a group that returns the visitors on which it had an
// effect.
func (a *applier) membersDone(ctx context.Context, text string, g group.ID, there map[visitor.ID]bool) (map[visitor.ID][]tag.ID, error) {
	all := make([]visitor.ID, 0, len(there))
	for id := range there {
		all = append(all, id)
	}
	slices.Sort(all)
	done := map[visitor.ID][]tag.ID{}
	err := a.find(ctx, text, func(r row) error {
		var id visitor.ID
		err := r.Scan(into(&id))
		done[id] = nil
		return err
	}, a.d.ID(string(g)), ids("", all, func(id visitor.ID) visitor.ID { return id }).values)
	return done, err
}

// rules are how many rows of a table a visitor may have; none without a table.
type rules struct {
	table, field string
	most         int
}

// changeTogether makes one change to each of the visitors, all by do, which is told who is
// there and tells on whom it had an effect, and with which tags.
func (a *applier) changeTogether(ctx context.Context, of []visitor.ID, outcomes []store.Outcome, limit rules,
	do func(there map[visitor.ID]bool) (map[visitor.ID][]tag.ID, error), event func(i int, tags []tag.ID) store.Event) (int, error) {
	there, err := a.present(ctx, of)
	if err != nil {
		return 0, err
	}
	done, err := do(there)
	if err != nil {
		return 0, err
	}
	if err := a.limitTogether(ctx, of, done, limit); err != nil {
		return 0, err
	}
	for i, id := range of {
		tags, changed := done[id]
		switch {
		case !there[id]:
			outcomes[i] = store.Outcome{Effect: store.Missing}
		case !changed:
			outcomes[i] = store.Outcome{Effect: store.Unchanged}
		default:
			outcomes[i] = store.Outcome{Effect: store.Updated}
			a.event(event(i, tags))
		}
	}
	return len(of), nil
}

// limitTogether checks the visitors on whom there was an effect, and tells the first that
// has too many rows.
func (a *applier) limitTogether(ctx context.Context, of []visitor.ID, done map[visitor.ID][]tag.ID, limit rules) error {
	if limit.table == "" || len(done) == 0 {
		return nil
	}
	changed := slices.DeleteFunc(slices.Clone(of), func(id visitor.ID) bool { _, ok := done[id]; return !ok })
	too := map[visitor.ID]int{}
	err := a.find(ctx, "SELECT visitor_id, count(*) FROM "+limit.table+" WHERE ws = ? AND visitor_id = ANY(?::uuid[])"+
		" GROUP BY visitor_id HAVING count(*) > ?", func(r row) error {
		var id visitor.ID
		var has int
		err := r.Scan(into(&id), &has)
		too[id] = has
		return err
	}, ids("", changed, func(id visitor.ID) visitor.ID { return id }).values, limit.most)
	if err != nil {
		return err
	}
	for i, id := range of {
		if has, ok := too[id]; ok {
			return &store.ChangeError{Index: i, Err: visitor.CheckLimit(limit.field, has, limit.most)}
		}
	}
	return nil
}

func (a *applier) deleteTogether(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	run := leading(changes, func(c store.DeleteVisitor) visitor.ID { return c.ID }, func(store.DeleteVisitor) bool { return true })
	if len(run) < 2 {
		return 0, nil
	}
	all := ids("", run, func(c store.DeleteVisitor) visitor.ID { return c.ID }).values
	gone := map[visitor.ID]bool{}
	err := a.find(ctx, "DELETE FROM "+visitorTable+" WHERE ws = ? AND id = ANY(?::uuid[]) RETURNING id", func(r row) error {
		var id visitor.ID
		err := r.Scan(into(&id))
		gone[id] = true
		return err
	}, all)
	if err != nil {
		return 0, err
	}
	for _, table := range []string{visitorTagTable, visitorGroupTable, identityTable, attributeTable} {
		if _, err := a.exec(ctx, "DELETE FROM "+table+" WHERE ws = ? AND visitor_id = ANY(?::uuid[])", all); err != nil {
			return 0, err
		}
	}
	if err := a.forgetMerged(ctx, idsOf(run, func(c store.DeleteVisitor) visitor.ID { return c.ID })...); err != nil {
		return 0, err
	}
	for i, c := range run {
		outcomes[i] = store.Outcome{Effect: store.Missing}
		if gone[c.ID] {
			outcomes[i] = store.Outcome{Effect: store.Deleted}
			a.event(store.Event{Kind: store.VisitorDeleted, At: c.At, Visitor: c.ID})
		}
	}
	return len(run), nil
}

func idsOf[C any](run []C, of func(C) visitor.ID) []visitor.ID {
	all := make([]visitor.ID, len(run))
	for i, c := range run {
		all[i] = of(c)
	}
	return all
}
