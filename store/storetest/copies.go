package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// scribble changes all that can be changed within v.
func scribble(v *visitor.Visitor) {
	for i := range v.Identities {
		v.Identities[i] = visitor.Identity{Source: "scribble", ExternalID: "scribble"}
	}
	for i := range v.Tags {
		v.Tags[i] = tag.Assignment{Name: "scribble"}
	}
	for i := range v.Groups {
		v.Groups[i] = "scribble"
	}
	for i := range v.Excluded {
		v.Excluded[i] = "scribble"
	}
	for name, value := range v.Attributes {
		if items := value.List(); items != nil {
			items[0] = "scribble"
		}
		v.Attributes[name] = visitor.Text("scribble")
	}
	if v.Attributes != nil {
		v.Attributes["scribble"] = visitor.Text("scribble")
	}
	for field := range v.Origins {
		v.Origins[field] = visitor.Origin{Source: "scribble"}
	}
	v.Tags = append(v.Tags[:0], tag.Assignment{Name: "scribble"})
	v.Groups = append(v.Groups[:0], "scribble")
	v.Name = "scribble"
}

// full puts a visitor that has everything into the room, and returns it as it is then.
func (r *room) full() (visitor.Visitor, store.CreateVisitor) {
	r.Helper()
	vip, team, rule := r.tag("vip"), r.group("Team", nil), r.group("Rule", filter.Or(filter.Tag.Has("vip"), filter.Email.Exists()))
	v := r.everything("Ada", team.ID)
	c := create(v.Clone(), vip)
	r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, store.CreateGroup{Group: rule}, c, store.LeaveGroup{Group: rule.ID, ID: v.ID, At: r.now()})
	want := with(v, vip)
	want.Excluded = []group.ID{rule.ID}
	return want, c
}

var copyPromises = []promise{
	{
		name: "what a caller was given it may scribble on",
		why:  "A store in memory that hands out its own slices is changed by whoever sorts them.",
		keep: func(r *room) {
			want, _ := r.full()
			before := r.dump(r.ws)
			got := r.get(want.ID)
			scribble(&got)
			r.same("the visitor after scribbling on what was got", r.get(want.ID), want)
			for _, o := range store.Orders() {
				found := r.find(store.Select{Where: r.bind(filter.All()), Order: o, Limit: 5})
				for i := range found {
					scribble(&found[i])
				}
			}
			r.same("the visitor after scribbling on what was found", r.get(want.ID), want)
			out := r.must(store.UpdateVisitor{ID: want.ID, Patch: visitor.Patch{Name: ptr("Ada")}, At: r.now()})
			scribble(&out[0].Visitor)
			r.same("the visitor after scribbling on an outcome", r.get(want.ID), want)
			events := r.events(r.ws, 0)
			for i := range events {
				for j := range events[i].Tags {
					events[i].Tags[j] = "scribble"
				}
				for j := range events[i].Groups {
					events[i].Groups[j] = "scribble"
				}
				for j := range events[i].Fields {
					events[i].Fields[j] = "scribble"
				}
				events[i].Kind = "scribble"
			}
			tags, groups := r.tags(r.ws), r.groups(r.ws)
			tags[0], groups[0] = tag.Tag{}, group.Group{}
			r.same("the workspace after scribbling on all that was read", r.dump(r.ws), before)
			r.same("who has what it had", r.matches(filter.And(filter.Tag.Has("vip"), filter.Group.Has("Team"), filter.Identity.On(visitor.Telegram), filter.Attr("langs").Is("pt"))), "Ada")
		},
	},
	{
		name: "what a caller gave it may use again",
		why:  "Importers fill one buffer over and over.",
		keep: func(r *room) {
			want, given := r.full()
			before := r.dump(r.ws)
			scribble(&given.Visitor)
			given.Tags[0] = "scribble"
			r.same("the workspace after scribbling on what created it", r.dump(r.ws), before)
			set, unset, name := visitor.Attributes{"new": visitor.List("a", "b")}, []string{"score"}, "Eve"
			at := r.now()
			r.must(store.UpdateVisitor{ID: want.ID, Patch: visitor.Patch{Name: &name, Set: set, Unset: unset}, At: at})
			name, unset[0] = "scribble", "city"
			set["new"], set["scribble"] = visitor.Text("scribble"), visitor.Text("scribble")
			want.Name, want.UpdatedAt, want.Revision = "Eve", at, 2
			want.Attributes = want.Attributes.Merge(visitor.Attributes{"new": visitor.List("a", "b")}, []string{"score"})
			want.Origins = visitor.Origins{"attr.score": {At: at}}
			r.same("the visitor after scribbling on what updated it", r.get(want.ID), want)
			keys := []string{"second"}
			r.must(store.CreateTag{Tag: r.tag("second")}, store.CreateTag{Tag: r.tag("third")}, store.AddTags{ID: want.ID, Tags: keys, At: r.now()})
			keys[0] = "third"
			r.same("who carries the tag", r.matches(filter.Tag.Has("second")), "Eve")
			r.same("who carries the other tag", r.matches(filter.Tag.Has("third")), "")
		},
	},
	{
		name: "an outcome is the visitor as it is then, not as it becomes",
		why:  "Whoever keeps a returned visitor for a moment must not see it change.",
		keep: func(r *room) {
			vip, v := r.tag("vip"), r.visitor("Ada")
			r.besides(store.CreateTag{Tag: vip}, create(v))
			out := r.must(store.CreateTag{Tag: vip}, create(v),
				store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), Set: visitor.Attributes{"n": visitor.Number(1)}}, At: v.UpdatedAt},
				store.AddTags{ID: v.ID, Tags: keys(vip), At: v.UpdatedAt},
				store.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("best")}, At: v.UpdatedAt},
				store.DeleteVisitor{ID: v.ID, At: v.UpdatedAt})
			updated := v
			updated.Name, updated.Revision, updated.Attributes = "Eve", 2, visitor.Attributes{"n": visitor.Number(1)}
			r.same("what was created", out[1].Visitor, v)
			r.same("what was updated", out[2].Visitor, updated)
			r.same("the tag that was created", out[0].Tag, vip)
		},
	},
}
