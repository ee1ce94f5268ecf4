package storetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// facets counts as the store does or, for one that cannot, as a Workspace does for it,
// which also counts those whom the rule of a group makes members.
func (r *room) facets(where filter.Bound) store.Facets {
	r.Helper()
	if st, ok := r.st.(store.Faceter); ok {
		f, err := st.Facets(r.Context(), r.ws, where)
		if err != nil {
			r.Fatalf("facets: %v", err)
		}
		return f
	}
	f, err := r.open(nil).Facets(r.Context(), where)
	if err != nil {
		r.Fatalf("facets: %v", err)
	}
	var seen []store.SourceCount
	for _, s := range f.Sources {
		if s.Count > 0 {
			seen = append(seen, s)
		}
	}
	slices.SortFunc(seen, func(a, b store.SourceCount) int { return cmp.Compare(a.Source, b.Source) })
	f.Sources = seen
	return f
}

// tally counts the facets of the visitors that match, one by one.
func (r *room) tally(where filter.Bound, people []visitor.Visitor) store.Facets {
	r.Helper()
	var f store.Facets
	matches := matching(where, store.OldestFirst, people)
	f.Total = int64(len(matches))
	sources := map[visitor.Source]int64{}
	ids := map[string]int64{}
	for _, v := range matches {
		sources[v.Source]++
		for _, t := range v.Tags {
			ids[string(t.Tag)]++
		}
		for _, g := range v.Groups {
			ids[string(g)]++
		}
	}
	for _, s := range sorted(visitor.Sources()) {
		if sources[s] > 0 {
			f.Sources = append(f.Sources, store.SourceCount{Source: s, Count: sources[s]})
		}
	}
	for _, t := range r.tags(r.ws) {
		f.Tags = append(f.Tags, store.TagCount{Tag: t, Count: ids[string(t.ID)]})
	}
	_, byHand := r.st.(store.Faceter)
	for _, g := range r.groups(r.ws) {
		n := ids[string(g.ID)]
		if !byHand {
			n = int64(len(matching(r.bind(filter.Group.HasID(g.ID)), store.OldestFirst, matches)))
		}
		f.Groups = append(f.Groups, store.GroupCount{Group: g, Count: n})
	}
	return f
}

var facetPromises = []promise{
	{
		name: "facets count what a filter matches by source, by tag and by group",
		why:  "The numbers beside a filter are what people trust when they pick the next one.",
		keep: func(r *room) {
			vip, lead, idle := r.tag("vip"), r.tag("Hot Lead"), r.tag("idle")
			team, crew := r.group("Team", nil), r.group("Crew", nil)
			var people []visitor.Visitor
			changes := []store.Change{
				store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, store.CreateTag{Tag: idle}, store.CreateGroup{Group: team}, store.CreateGroup{Group: crew},
			}
			for i := range 30 {
				v := r.visitor(fmt.Sprintf("Ada %d", i))
				v.Source = visitor.Sources()[i%3]
				c := create(v)
				if i%2 == 0 {
					c.Tags = append(c.Tags, "vip")
					v = with(v, vip)
				}
				if i%5 == 0 {
					c.Tags = append(c.Tags, "hot lead")
					v.Tags = append(v.Tags, with(v, lead).Tags...)
				}
				if i%7 == 0 {
					v.Groups = []group.ID{team.ID}
					c.Visitor.Groups = v.Groups
				}
				people, changes = append(people, v), append(changes, c)
			}
			r.given(changes...)
			for _, e := range []filter.Expr{
				filter.All(), filter.None(), filter.Source.Is(visitor.Instagram), filter.Tag.Has("vip"), filter.Not(filter.Tag.Has("vip")), filter.Tag.Has("idle"),
				filter.Group.Has("team"), filter.Search("1"), filter.And(filter.Tag.HasAll("vip", "hot lead"), filter.Not(filter.Group.Has("team"))),
			} {
				where := r.bind(e)
				r.same(fmt.Sprintf("facets of %+v", e), r.facets(where), r.tally(where, people))
			}
		},
	},
	{
		name: "facets follow every change at once",
		why:  "Counts that are kept on the side drift; these must not.",
		keep: func(r *room) {
			before, changes := r.script()
			r.given(before...)
			for i, c := range append([]store.Change{}, changes...) {
				r.must(c)
				where := r.bind(filter.All())
				r.same(fmt.Sprintf("facets after change %d, %T", i, c), r.facets(where), r.tally(where, r.visitors(r.ws)))
			}
		},
	},
	{
		name: "facets of an empty workspace are zero",
		why:  "The first screen of a new customer shows them.",
		keep: func(r *room) {
			r.same("facets", r.facets(r.bind(filter.All())), store.Facets{})
		},
	},
}
