package storetest

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var workspacePromises = []promise{
	{
		name: "what is in another workspace is not found",
		why:  "A workspace is the wall between two customers of a host.",
		keep: func(r *room) {
			vip, team := r.tag("their tag"), r.group("Their Group", nil)
			v := r.everything("Theirs", team.ID)
			r.besides(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, create(v, vip))
			ours := r.visitor("Ours")
			r.must(create(ours))
			_, err := r.st.GetVisitor(r.Context(), r.ws, v.ID)
			r.about(err, store.ErrNotFound, "visitor", string(v.ID))
			at := r.now()
			r.refused(store.ErrNotFound, "visitor", string(v.ID), 0, store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("x")}, At: at})
			r.refused(store.ErrNotFound, "tag", "", 0, store.AddTags{ID: ours.ID, Tags: keys(vip), At: at})
			r.refused(store.ErrNotFound, "tag", string(vip.ID), 0, store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("x")}, At: at})
			r.refused(store.ErrNotFound, "group", string(team.ID), 0, store.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("x")}, At: at})
			r.refused(store.ErrNotFound, "group", string(team.ID), 0, store.JoinGroup{Group: team.ID, ID: ours.ID, At: at})
			r.refused(store.ErrNotFound, "group", string(team.ID), 0, store.LeaveGroup{Group: team.ID, ID: ours.ID, At: at})
			r.effects(r.must(
				store.DeleteVisitor{ID: v.ID, At: at}, store.RemoveTags{ID: v.ID, Tags: keys(vip), At: at}, store.RemoveTags{ID: ours.ID, Tags: keys(vip), At: at},
				store.DeleteTag{ID: vip.ID, At: at}, store.DeleteGroup{ID: team.ID, At: at},
			), store.Missing, store.Missing, store.Unchanged, store.Missing, store.Missing)
			for _, e := range []filter.Expr{
				filter.ID.Is(v.ID), filter.Tag.HasID(vip.ID), filter.Tag.Exists(), filter.Group.Exists(), filter.Identity.Exists(), filter.Search("theirs"), filter.Attr("city").Exists(), filter.Email.Exists(),
			} {
				r.same(fmt.Sprintf("found by %+v", e), r.matches(e), "")
				r.same(fmt.Sprintf("counted by %+v", e), r.count(e), int64(0))
			}
			r.same("everyone", r.matches(filter.All()), "Ours")
			r.same("everyone, counted", r.count(filter.All()), int64(1))
			r.same("tags by id", r.listTags(store.List{IDs: []string{string(vip.ID)}}), []tag.Tag(nil))
			r.same("tags by key", r.listTags(store.List{Keys: keys(vip)}), []tag.Tag(nil))
			r.same("groups by id", r.listGroups(store.List{IDs: []string{string(team.ID)}}), []group.Group(nil))
		},
	},
	{
		name: "a workspace may hold the same ids, names and identities as another",
		why:  "Two customers know the same person, and a copy of a workspace is one, too.",
		keep: func(r *room) {
			before, changes := r.script()
			r.given(before...)
			r.given(changes...)
			other := r.enter(r.reporter)
			other.given(before...)
			r.must(create(r.visitor("Ours")))
			other.checkNeighbour()
		},
	},
	{
		name: "changes to one workspace touch no other",
		why:  "A condition on the workspace that was forgotten in one statement shows only here.",
		keep: func(r *room) {
			before, changes := r.script()
			r.given(before...)
			for _, c := range changes {
				r.must(c)
				r.checkNeighbour()
			}
		},
	},
	{
		name: "names of workspaces that look alike are different workspaces",
		why:  "Case, punctuation and prefixes must not let one customer see another.",
		keep: func(r *room) {
			base := "s" + strings.TrimPrefix(string(r.ws), "st-")
			full := strings.Repeat(base+base+base, 3)[:63]
			alike := []string{base, base + "x", base + ".", base + "_", base + "-", base + "_-", base + "%", strings.ToUpper(base), strings.ToUpper(base[:1]) + base[1:], "_" + base, "-" + base, base[1:], full + "a", full + "A", full}
			var rooms []*room
			for _, name := range alike {
				ws, err := store.ParseWorkspaceID(name)
				if err != nil {
					continue // not a name at all
				}
				room := *r
				room.ws = ws
				room.must(create(room.visitor(name)))
				rooms = append(rooms, &room)
			}
			if len(rooms) < len(alike)-1 {
				r.Fatalf("only %d of %d names are names", len(rooms), len(alike))
			}
			for _, room := range rooms {
				r.same("visitors of "+string(room.ws), room.matches(filter.All()), string(room.ws))
				r.same("count of "+string(room.ws), room.count(filter.All()), int64(1))
				r.same("search in "+string(room.ws), room.matches(filter.Search(base[2:])), string(room.ws))
				r.same("events of "+string(room.ws), len(room.events(room.ws, 0)), 1)
			}
		},
	},
	{
		name: "a workspace that nobody wrote to is empty",
		why:  "Workspaces are not made; they are there as soon as something is in them.",
		keep: func(r *room) {
			r.same("all that is in it", r.dump(r.ws), dump{})
			for _, o := range store.Orders() {
				r.same("order "+string(o), r.find(store.Select{Where: r.bind(filter.All()), Order: o, Limit: 5}), []visitor.Visitor(nil))
			}
			r.effects(r.must(store.DeleteVisitor{ID: visitor.ID(r.id(r.clock)), At: r.now()}), store.Missing)
			r.same("all that is in it after a change without effect", r.dump(r.ws), dump{})
		},
	},
	{
		name: "a position of another workspace leads to nobody there",
		why:  "Cursors travel through browsers; one from elsewhere must not open a door.",
		keep: func(r *room) {
			theirs := []visitor.Visitor{r.visitor("A1"), r.visitor("A2"), r.visitor("A3")}
			r.besides(create(theirs[0]), create(theirs[1]), create(theirs[2]))
			ours := r.visitor("B")
			r.must(create(ours))
			for _, o := range store.Orders() {
				for _, v := range theirs {
					got := r.find(store.Select{Where: r.bind(filter.All()), Order: o, After: ptr(store.PositionOf(o, v)), Limit: 9})
					if len(got) > 1 || len(got) == 1 && got[0].ID != ours.ID {
						r.Errorf("order %s: found %s", o, names(got))
					}
				}
			}
		},
	},
}
