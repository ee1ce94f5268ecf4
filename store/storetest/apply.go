package storetest

import (
	"fmt"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// script is one change of every kind, each with an effect, and what is there before.
func (r *room) script() (before, changes []store.Change) {
	vip, lead, fresh := r.tag("vip"), r.tag("Hot Lead"), r.tag("fresh")
	team, rule, newGroup := r.group("Team", nil), r.group("Rule", filter.All()), r.group("New", nil)
	a, b, c := r.everything("Ada", team.ID), r.visitor("Bob"), r.visitor("Cleo")
	before = []store.Change{
		store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, store.CreateGroup{Group: team}, store.CreateGroup{Group: rule}, create(a, vip, lead), create(b),
	}
	c.Groups = []group.ID{newGroup.ID}
	c.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: "c"}}
	changes = []store.Change{
		store.EnsureTag{Tag: fresh},
		store.CreateTag{Tag: r.tag("another")},
		store.CreateGroup{Group: newGroup},
		create(c, fresh),
		store.UpdateVisitor{ID: b.ID, Patch: visitor.Patch{Name: ptr("Ben"), Email: ptr("ben@example.com"), Set: visitor.Attributes{"n": visitor.Number(1)}}, At: r.now()},
		store.AddTags{ID: b.ID, Tags: []string{"vip", "fresh"}, At: r.now()},
		store.RemoveTags{ID: a.ID, Tags: []string{"vip"}, At: r.now()},
		store.UpdateTag{ID: lead.ID, Patch: tag.Patch{Name: ptr("Warm Lead")}, At: r.now()},
		store.JoinGroup{Group: team.ID, ID: b.ID, At: r.now()},
		store.LeaveGroup{Group: team.ID, ID: a.ID, At: r.now()},
		store.LeaveGroup{Group: rule.ID, ID: a.ID, At: r.now()},
		store.UpdateGroup{ID: rule.ID, Patch: group.Patch{Name: ptr("Rules"), Rule: filter.Email.Exists()}, At: r.now()},
		store.DeleteTag{ID: vip.ID, At: r.now()},
		store.DeleteGroup{ID: team.ID, At: r.now()},
		store.DeleteVisitor{ID: a.ID, At: r.now()},
	}
	return before, changes
}

var applyPromises = []promise{
	{
		name: "changes see the changes before them",
		why:  "A visitor is created together with the tag that it carries.",
		keep: func(r *room) {
			before, changes := r.script()
			r.given(before...)
			out := r.must(changes...)
			r.effects(out, store.Created, store.Created, store.Created, store.Created, store.Updated, store.Updated, store.Updated, store.Updated,
				store.Updated, store.Updated, store.Updated, store.Updated, store.Deleted, store.Deleted, store.Deleted)
			r.same("visitors", r.matches(filter.All()), "Ben, Cleo")
			r.same("who carries the new tag", r.matches(filter.Tag.Has("fresh")), "Ben, Cleo")
			r.same("who is in the new group", r.matches(filter.Group.Has("new")), "Cleo")
			r.same("tags", tagNames(r.tags(r.ws)), []string{"another", "fresh", "Warm Lead"})
		},
	},
	{
		name: "changes in one call do what they do one by one",
		why:  "How a host cuts its work into calls must not change what comes out.",
		keep: func(r *room) {
			before, changes := r.script()
			r.given(before...)
			together := r.must(changes...)
			single := r.enter(r.reporter)
			single.given(before...)
			for i, c := range changes {
				r.same(fmt.Sprintf("outcome of %T", c), together[i], single.must(c)[0])
			}
			r.same("the workspace", r.dump(r.ws), single.dump(single.ws))
		},
	},
	{
		name: "changes are made all or none, wherever one fails",
		why:  "Half an import can neither be kept nor be repeated.",
		keep: func(r *room) {
			before, changes := r.script()
			r.given(before...)
			gone := visitor.ID(r.id(r.clock))
			failing := store.UpdateVisitor{ID: gone, Patch: visitor.Patch{Name: ptr("x")}, At: r.now()}
			for i := range len(changes) + 1 {
				r.refused(store.ErrNotFound, "visitor", string(gone), i, append(append([]store.Change{}, changes[:i]...), failing)...)
			}
			r.refused(store.ErrNotFound, "visitor", string(gone), 2, append([]store.Change{changes[0], changes[1], failing}, changes[2:]...)...)
		},
	},
	{
		name: "what a failed call named is free, and events leave no gap",
		why:  "After a failure the same call, mended, must work.",
		keep: func(r *room) {
			before, changes := r.script()
			r.given(before...)
			n := len(r.events(r.ws, 0))
			failing := store.UpdateGroup{ID: group.ID(r.id(r.clock)), Patch: group.Patch{Name: ptr("x")}, At: r.now()}
			r.refused(store.ErrNotFound, "group", string(failing.ID), len(changes), append(append([]store.Change{}, changes...), failing)...)
			r.must(changes...)
			events := r.events(r.ws, 0)
			r.same("events", len(events), n+len(changes))
			r.same("the last number", events[len(events)-1].Seq, store.Seq(n+len(changes)))
		},
	},
	{
		name: "no changes do nothing",
		why:  "An empty list is what is left when all of a batch was refused.",
		keep: func(r *room) {
			r.given(create(r.visitor("Ada")))
			before := r.dump(r.ws)
			for _, none := range [][]store.Change{nil, {}} {
				out, err := r.apply(none...)
				if len(out) != 0 || err != nil {
					r.Errorf("outcomes %v, error %v", out, err)
				}
			}
			r.same("the workspace", r.dump(r.ws), before)
		},
	},
	{
		name: "thousands of changes are made in one call",
		why:  "Bulk work is safe only if it is one transaction.",
		keep: func(r *room) {
			vip := r.tag("vip")
			changes := []store.Change{store.CreateTag{Tag: vip}}
			for range r.effort.rows / 10 {
				v := r.visitor("Ada")
				changes = append(changes, create(v, vip), store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Phone: ptr("+15550001234")}, At: r.now()})
			}
			out := r.must(changes...)
			r.same("the last effect", out[len(out)-1].Effect, store.Updated)
			r.same("how many carry the tag", r.count(filter.And(filter.Tag.Has("vip"), filter.Phone.Exists())), int64(r.effort.rows/10))
			events, err := r.st.Events(r.Context(), r.ws, store.Seq(len(changes)-1), 5)
			if err != nil || len(events) != 1 || events[0].Kind != store.VisitorUpdated {
				r.Errorf("the last event: %v, error %v", events, err)
			}
		},
	},
	{
		name: "one call does and undoes",
		why:  "A rule engine that adds and takes away in one go must end where it says.",
		keep: func(r *room) {
			vip, team, v := r.tag("vip"), r.group("Team", nil), r.visitor("Ada")
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, create(v))
			out := r.must(
				store.AddTags{ID: v.ID, Tags: keys(vip), At: r.now()}, store.RemoveTags{ID: v.ID, Tags: keys(vip), At: r.now()},
				store.JoinGroup{Group: team.ID, ID: v.ID, At: r.now()}, store.LeaveGroup{Group: team.ID, ID: v.ID, At: r.now()},
				store.DeleteTag{ID: vip.ID, At: r.now()}, store.EnsureTag{Tag: vip},
				store.DeleteVisitor{ID: v.ID, At: r.now()}, create(v), store.AddTags{ID: v.ID, Tags: keys(vip), At: v.UpdatedAt, By: "ann", Cause: "import"},
			)
			r.effects(out, store.Updated, store.Updated, store.Updated, store.Updated, store.Deleted, store.Created, store.Deleted, store.Created, store.Updated)
			r.same("the visitor", r.get(v.ID), with(v, vip))
		},
	},
}
