package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

var nilPromises = []promise{
	{
		name: "lists of a visitor that are empty are nil",
		why:  "null in the answer of one back end and [] in that of another breaks a front end.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			given := v
			given.Identities, given.Groups, given.Attributes = []visitor.Identity{}, []group.ID{}, visitor.Attributes{}
			out := r.given(store.CreateVisitor{Visitor: given, Tags: []string{}})
			r.same("the visitor in the outcome", out[0].Visitor, v)
			r.same("the visitor that is got", r.get(v.ID), v)
			r.same("the visitor that is found", r.find(store.Select{Where: r.bind(filter.All()), Order: store.NewestFirst, Limit: 1}), []visitor.Visitor{v})
			r.same("the event", r.events(r.ws, 0), []store.Event{{Seq: 1, Kind: store.VisitorCreated, At: v.UpdatedAt, Visitor: v.ID}})
		},
	},
	{
		name: "lists of a visitor that have become empty are nil",
		why:  "What is empty again must look like what always was.",
		keep: func(r *room) {
			vip, team, rule, v := r.tag("vip"), r.group("Team", nil), r.group("Rule", filter.All()), r.visitor("Ada")
			made := v
			made.Groups, made.Attributes = []group.ID{team.ID}, visitor.Attributes{"n": visitor.Number(1)}
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, store.CreateGroup{Group: rule}, create(made, vip), store.LeaveGroup{Group: rule.ID, ID: v.ID, At: r.now()})
			at := r.now()
			r.must(
				store.RemoveTags{ID: v.ID, Tags: keys(vip), At: at}, store.LeaveGroup{Group: team.ID, ID: v.ID, At: at}, store.DeleteGroup{ID: rule.ID, At: at},
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Unset: []string{"n"}}, At: at},
			)
			v.UpdatedAt, v.Revision = at, 2
			r.same("the visitor", r.get(v.ID), v)
			r.same("the visitors", r.visitors(r.ws), []visitor.Visitor{v})
		},
	},
	{
		name: "results without anything are nil",
		why:  "Nil and empty are told apart by JSON and by tests of a host.",
		keep: func(r *room) {
			r.given(create(r.visitor("Ada")))
			none, err := r.st.FindVisitors(r.Context(), r.ws, store.Select{Where: r.bind(filter.None()), Order: store.NewestFirst, Limit: 5})
			if none != nil || err != nil {
				r.Errorf("visitors: %#v, error %v", none, err)
			}
			tags, err := r.st.ListTags(r.Context(), r.ws, store.List{Limit: 5})
			if tags != nil || err != nil {
				r.Errorf("tags: %#v, error %v", tags, err)
			}
			groups, err := r.st.ListGroups(r.Context(), r.ws, store.List{Limit: 5})
			if groups != nil || err != nil {
				r.Errorf("groups: %#v, error %v", groups, err)
			}
			events, err := r.st.Events(r.Context(), r.ws, 1, 5)
			if events != nil || err != nil {
				r.Errorf("events: %#v, error %v", events, err)
			}
		},
	},
}
