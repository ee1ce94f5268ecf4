package storetest

import (
	"strings"
	"sync"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// couple makes two visitors to be merged: a has a tag, a group and an e-mail, b the rest.
func (r *room) couple() (a, b visitor.Visitor, hot, vip tag.Tag, team group.Group) {
	r.Helper()
	hot, vip, team = r.tag("hot"), r.tag("vip"), r.group("Team", nil)
	r.given(store.CreateTag{Tag: hot}, store.CreateTag{Tag: vip}, store.CreateGroup{Group: team})
	a, b = r.visitor("Ada"), r.visitor("Bea")
	a.Email, b.Email, b.Phone = "ada@example.com", "bea@example.com", "+5511987654321"
	a.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	b.Identities = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "5511987654321"}}
	b.Groups = []group.ID{team.ID}
	a.Attributes = visitor.Attributes{"city": visitor.Text("Rio")}
	b.Attributes = visitor.Attributes{"city": visitor.Text("Lima"), "score": visitor.Number(7)}
	out := r.given(create(a, hot), create(b, vip))
	return out[0].Visitor, out[1].Visitor, hot, vip, team
}

func (r *room) merge(into, from visitor.ID) store.MergeVisitors {
	return store.MergeVisitors{Into: into, From: from, At: r.now()}
}

var mergePromises = []promise{
	{
		name: "a merge keeps all that both had",
		why:  "Whoever joins two records of one person must lose nothing.",
		keep: func(r *room) {
			a, b, _, _, team := r.couple()
			out := r.given(r.merge(a.ID, b.ID))[0]
			r.same("effect", out.Effect, store.Updated)
			v := r.get(a.ID)
			r.same("the visitor", out.Visitor, v)
			r.same("fields", []string{v.Name, v.Email, v.Phone, v.Attributes["city"].Text()}, []string{"Ada", "ada@example.com", "+5511987654321", "Rio"})
			r.same("score", v.Attributes["score"].Number(), 7.0)
			r.same("revision", v.Revision, int64(2))
			for _, e := range []filter.Expr{
				filter.Tag.HasAll("hot", "vip"), filter.Group.Has("Team"), filter.Search("9876"), filter.Identity.On(visitor.WhatsApp),
				filter.Identity.On(visitor.Telegram), filter.Attr("score").Equals(7),
			} {
				r.same("visitors found", r.matches(e), "Ada")
			}
			r.same("found by the name that is no more", r.matches(filter.Search("bea")), "")
			r.same("visitors", r.count(filter.All()), int64(1))
			r.same("groups", v.Groups, []group.ID{team.ID})
			if f, ok := r.st.(store.Faceter); ok {
				facets, err := f.Facets(r.Context(), r.ws, r.bind(filter.All()))
				if err != nil {
					r.Fatalf("facets: %v", err)
				}
				r.same("counted", []int64{facets.Total, facets.Tags[0].Count, facets.Tags[1].Count, facets.Groups[0].Count}, []int64{1, 1, 1, 1})
			}
		},
	},
	{
		name: "the id that went stands for the survivor in every call",
		why:  "Links, orders and conversations elsewhere hold the old id.",
		keep: func(r *room) {
			a, b, hot, vip, team := r.couple()
			r.given(r.merge(a.ID, b.ID))
			c := r.visitor("Cleo")
			r.given(create(c), r.merge(c.ID, a.ID))
			for _, old := range []visitor.ID{a.ID, b.ID} {
				r.same("the visitor", r.get(old).ID, c.ID)
				r.effects(r.must(
					store.UpdateVisitor{ID: old, Patch: visitor.Patch{Name: ptr("Name " + string(old))}, At: r.now()},
					store.RemoveTags{ID: old, Tags: keys(hot, vip), At: r.now()},
					store.AddTags{ID: old, Tags: keys(hot, vip), At: r.now()},
					store.LeaveGroup{Group: team.ID, ID: old, At: r.now()},
					store.JoinGroup{Group: team.ID, ID: old, At: r.now()},
					store.LinkIdentity{ID: old, Identity: visitor.Identity{Source: visitor.Chat, ExternalID: string(old)}, At: r.now()},
				), store.Updated, store.Updated, store.Updated, store.Updated, store.Updated, store.Updated)
			}
			// More than one of a kind in one call, which a back end may make together.
			r.effects(r.must(
				store.AddTags{ID: a.ID, Tags: keys(hot), At: r.now()}, store.AddTags{ID: b.ID, Tags: keys(hot), At: r.now()},
				store.RemoveTags{ID: a.ID, Tags: keys(hot), At: r.now()}, store.RemoveTags{ID: b.ID, Tags: keys(hot), At: r.now()},
				store.JoinGroup{Group: team.ID, ID: a.ID, At: r.now()}, store.JoinGroup{Group: team.ID, ID: b.ID, At: r.now()},
			), store.Unchanged, store.Unchanged, store.Updated, store.Unchanged, store.Unchanged, store.Unchanged)
			r.effects(r.must(store.DeleteVisitor{ID: a.ID, At: r.now()}, store.DeleteVisitor{ID: b.ID, At: r.now()}), store.Deleted, store.Missing)
			for _, gone := range []visitor.ID{a.ID, b.ID, c.ID} {
				_, err := r.st.GetVisitor(r.Context(), r.ws, gone)
				r.about(err, store.ErrNotFound, "visitor", string(gone))
				r.refused(store.ErrNotFound, "visitor", string(gone), 0, store.UnmergeVisitor{From: gone, At: r.now()})
			}
		},
	},
	{
		name: "a merge can be undone",
		why:  "Two people were taken for one; nothing of either may be lost by that.",
		keep: func(r *room) {
			a, b, _, _, _ := r.couple()
			r.given(r.merge(a.ID, b.ID))
			out := r.given(store.UnmergeVisitor{From: b.ID, At: r.now()})[0]
			r.same("the survivor", out.Visitor, r.get(a.ID))
			r.same("the other", out.Other, r.get(b.ID))
			for _, pair := range [][2]visitor.Visitor{{a, r.get(a.ID)}, {b, r.get(b.ID)}} {
				was, now := pair[0], pair[1]
				was.UpdatedAt, was.Revision = now.UpdatedAt, now.Revision
				r.same("a visitor after it was undone", now, was)
			}
			r.same("found", r.matches(filter.Tag.Has("vip")), "Bea")
			r.same("found", r.matches(filter.Search("9876")), "Bea")
			r.refused(store.ErrNotFound, "visitor", string(b.ID), 0, store.UnmergeVisitor{From: b.ID, At: r.now()})
		},
	},
	{
		name: "what changed since a merge stays on the right side",
		why:  "Weeks may pass until somebody sees the mistake.",
		keep: func(r *room) {
			a, b, hot, vip, _ := r.couple()
			late := r.tag("late")
			r.given(store.CreateTag{Tag: late}, r.merge(a.ID, b.ID))
			r.given(
				store.UpdateVisitor{ID: a.ID, Patch: visitor.Patch{Email: ptr("new@example.com"), Set: visitor.Attributes{"lang": visitor.Text("pt")}}, At: r.now()},
				store.AddTags{ID: b.ID, Tags: keys(late), At: r.now()}, store.RemoveTags{ID: a.ID, Tags: keys(vip), At: r.now()},
				store.DeleteTag{ID: hot.ID, At: r.now()},
			)
			told := r.contact("5511987654321", "Bea on WhatsApp")
			told.Source = visitor.WhatsApp
			told.Attributes = visitor.Attributes{"told": visitor.Bool(true)}
			r.captured(told)
			r.given(store.UnmergeVisitor{From: b.ID, At: r.now()})
			now, back := r.get(a.ID), r.get(b.ID)
			r.same("the survivor's e-mail", now.Email, "new@example.com")
			r.same("the other's", back.Email, "bea@example.com")
			r.same("the survivor's phone", now.Phone, "")
			r.same("the survivor's tags", carried(now), "late")
			r.same("the other's", carried(back), "")
			r.same("an attribute given since", now.Attributes["lang"].Text(), "pt")
			r.same("an attribute told to the other since", back.Attributes["told"].Bool(), true)
			r.same("not the survivor's", now.Attributes["told"].Kind(), visitor.Kind(""))
			r.same("last seen", back.LastSeenAt, told.OccurredAt)
			r.same("the survivor last seen", now.LastSeenAt, a.LastSeenAt)
		},
	},
	{
		name: "merges of merges are undone from the last",
		why:  "What the last one made is what there is.",
		keep: func(r *room) {
			a, b, _, _, _ := r.couple()
			c := r.visitor("Cleo")
			r.given(create(c), r.merge(a.ID, b.ID), r.merge(c.ID, a.ID))
			r.refused(store.ErrConflict, "visitor", string(a.ID), 0, store.UnmergeVisitor{From: b.ID, At: r.now()})
			r.given(store.UnmergeVisitor{From: a.ID, At: r.now()})
			r.same("the other's id", r.get(b.ID).ID, a.ID)
			r.given(store.UnmergeVisitor{From: b.ID, At: r.now()})
			r.same("visitors", r.matches(filter.All()), "Ada, Bea, Cleo")
		},
	},
	{
		name: "one and the same is not merged",
		why:  "A into B and B into A, at once, must end in one visitor.",
		keep: func(r *room) {
			a, b, _, _, _ := r.couple()
			r.given(r.merge(a.ID, b.ID))
			r.effects(r.given(r.merge(b.ID, a.ID), r.merge(a.ID, b.ID), r.merge(a.ID, a.ID)), store.Unchanged, store.Unchanged, store.Unchanged)
			gone := visitor.ID(r.id(r.now()))
			r.refused(store.ErrNotFound, "visitor", string(gone), 0, r.merge(a.ID, gone))
			r.refused(store.ErrNotFound, "visitor", string(gone), 0, r.merge(gone, a.ID))
		},
	},
	{
		name: "merges and captures at once end in one state",
		why:  "While somebody joins two records the person goes on writing.",
		keep: func(r *room) {
			for range r.effort.rounds {
				inner := r.enter(r.reporter)
				a, b, _, _, _ := inner.couple()
				changes := []store.Change{inner.merge(a.ID, b.ID), inner.merge(b.ID, a.ID)}
				for range 4 {
					c := inner.contact("5511987654321", "Bea")
					c.Source = visitor.WhatsApp
					changes = append(changes, inner.capture(inner.contact("42", "Ada")), inner.capture(c))
				}
				errs := make([]error, len(changes))
				var all sync.WaitGroup
				for i, c := range changes {
					all.Go(func() { _, errs[i] = inner.apply(c) })
				}
				all.Wait()
				for _, err := range errs {
					if err != nil {
						r.Fatalf("apply: %v", err)
					}
				}
				r.same("visitors", inner.count(filter.All()), int64(1))
				r.same("one by either id", inner.get(a.ID), inner.get(b.ID))
				r.same("its ids", len(inner.get(a.ID).Identities), 2)
			}
		},
	},
	{
		name: "an identity is linked and unlinked by hand",
		why:  "Somebody sees that the person on the phone is the one in the chat.",
		keep: func(r *room) {
			a, b, _, _, _ := r.couple()
			i := visitor.Identity{Source: visitor.Messenger, Account: "page", ExternalID: "7", Username: "ada"}
			linking := store.LinkIdentity{ID: a.ID, Identity: i, At: r.now()}
			r.effects(r.given(linking, linking), store.Updated, store.Unchanged)
			r.same("found", r.matches(filter.Identity.Is(visitor.Messenger, "page", "7")), "Ada")
			r.same("the identities", r.get(a.ID).Identities, []visitor.Identity{i, a.Identities[0]})
			r.refused(store.ErrExists, "identity", string(b.ID), 0, store.LinkIdentity{ID: a.ID, Identity: b.Identities[0], At: r.now()})
			unlinking := store.UnlinkIdentity{ID: a.ID, Identity: i, At: r.now()}
			r.effects(r.given(unlinking, unlinking), store.Updated, store.Unchanged)
			r.same("found", r.matches(filter.Identity.On(visitor.Messenger)), "")
			r.effects(r.given(store.LinkIdentity{ID: b.ID, Identity: i, At: r.now()}), store.Updated)
			events := r.events(r.ws, 0)
			r.same("the last event's fields", events[len(events)-1].Fields, []string{"identities"})
		},
	},
}

// carried are the names of the tags on v.
func carried(v visitor.Visitor) string {
	var names []string
	for _, t := range v.Tags {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}
