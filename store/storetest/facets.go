package storetest

import (
	"fmt"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var facetPromises = []promise{
	{"facets count the matches by source, by tag and by group", "The numbers beside a filter must be right: people choose the next filter by them.", checkFacetsCount},
	{"facets are exact after every change", "Counts that are stored separately drift.", checkFacetsFollowChanges},
	{"facets of an empty workspace are zero", "The first screen of a new customer shows them.", checkFacetsEmpty},
}

func checkFacetsCount(f *fixture) {
	vip, lead, idle := f.tag("vip"), f.tag("Hot Lead"), f.tag("idle")
	team, crew, rule := f.group("Team", nil), f.group("Crew", nil), f.group("Rule", filter.Source.Is(visitor.Chat))
	changes := []driver.Change{
		driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateTag{Tag: idle},
		driver.CreateGroup{Group: team}, driver.CreateGroup{Group: crew}, driver.CreateGroup{Group: rule},
	}
	for i := range 30 {
		v := f.visitor(fmt.Sprintf("Ada %d", i))
		v.Source = visitor.Sources()[i%3]
		if i%7 == 0 {
			v = inGroups(v, team.ID, rule.ID)
		}
		c := create(v)
		if i%2 == 0 {
			c.Tags = append(c.Tags, "vip")
		}
		if i%5 == 0 {
			c.Tags = append(c.Tags, "hot lead")
		}
		changes = append(changes, c)
	}
	f.given(changes...)
	people := f.visitors(f.ws)
	for _, e := range []filter.Expr{
		filter.All(), filter.None(), filter.Source.Is(visitor.Instagram), filter.Tag.Has("vip"), filter.Not(filter.Tag.Has("vip")), filter.Tag.Has("idle"),
		filter.Group.Has("team"), filter.Search("1"), filter.And(filter.Tag.HasAll("vip", "hot lead"), filter.Not(filter.Group.Has("team"))),
	} {
		f.compareFacets("facets of "+format(e), e, people)
	}
}

func checkFacetsFollowChanges(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	for i, c := range changes {
		f.must(c)
		f.compareFacets(fmt.Sprintf("facets after change %d, %T", i, c), filter.All(), f.visitors(f.ws))
	}
}

func checkFacetsEmpty(f *fixture) {
	f.compareFacets("facets", filter.All(), nil)
}

// compareFacets compares the facets of the matches of e, as a Workspace and as the store
// return them, with counting one by one. people are all visitors of the workspace.
func (f *fixture) compareFacets(what string, e filter.Expr, people []visitor.Visitor) {
	f.Helper()
	where := f.bind(e)
	f.compareCounts(what, where, people)
	got, err := f.open(nil).Facets(f.Context(), where)
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
	counts := countFacets(where, people)
	want := store.Facets{Total: counts.Total}
	for _, s := range (visitor.Catalog{}).Sources() {
		want.Sources = append(want.Sources, store.SourceCount{Source: s, Count: counts.Sources[s]})
	}
	for _, t := range f.tags(f.ws) {
		want.Tags = append(want.Tags, store.TagCount{Tag: t, Count: counts.Tags[t.ID]})
	}
	for _, g := range f.groups(f.ws) {
		members := f.bind(filter.And(where, filter.Group.HasID(g.ID)))
		want.Groups = append(want.Groups, store.GroupCount{Group: g, Count: int64(len(matching(members, driver.OldestFirst, people)))})
	}
	f.same(what+", of a Workspace", got, want)
}

// compareCounts compares the facets of a store that is a driver.Faceter with counting one by
// one.
func (f *fixture) compareCounts(what string, where filter.Bound, people []visitor.Visitor) {
	f.Helper()
	st, ok := f.st.(driver.Faceter)
	if !ok {
		return
	}
	got, err := st.Facets(f.Context(), f.ws, where)
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
	want := countFacets(where, people)
	f.same(what+": total", got.Total, want.Total)
	f.same(what+": sources", withoutZeros(got.Sources), want.Sources)
	f.same(what+": tags", withoutZeros(got.Tags), want.Tags)
	f.same(what+": groups", withoutZeros(got.Groups), want.Groups)
}

// countFacets counts the people who match, one by one.
func countFacets(where filter.Bound, people []visitor.Visitor) driver.Facets {
	f := driver.Facets{Sources: map[visitor.Source]int64{}, Tags: map[tag.ID]int64{}, Groups: map[group.ID]int64{}}
	for _, v := range matching(where, driver.OldestFirst, people) {
		f.Total++
		f.Sources[v.Source]++
		for _, t := range v.Tags {
			f.Tags[t.Tag]++
		}
		for _, g := range v.Groups() {
			f.Groups[g]++
		}
	}
	return f
}

func withoutZeros[K comparable](counts map[K]int64) map[K]int64 {
	some := map[K]int64{}
	for k, n := range counts {
		if n != 0 {
			some[k] = n
		}
	}
	return some
}
