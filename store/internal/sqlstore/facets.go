package sqlstore

import (
	"context"
	"maps"
	"slices"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Facets is store.Faceter's.
func (e *Engine) Facets(ctx context.Context, ws store.WorkspaceID, where filter.Bound) (f store.Facets, err error) {
	err = e.read(ctx, ws, func(s scope) error {
		f, err = s.facets(ctx, where.Node())
		return err
	})
	return f, err
}

func (s scope) facets(ctx context.Context, n filter.Node) (store.Facets, error) {
	var t tallies
	var err error
	_, isServer := s.d.(Server)
	switch m := s.matcherOf(n); {
	case len(m.rest) > 0:
		t, err = s.tallyMatches(ctx, m)
	case isServer:
		t, err = s.tallyDirectly(ctx, n)
	default:
		t, err = s.tallyByCounters(ctx, n)
	}
	if err != nil {
		return store.Facets{}, err
	}
	return s.named(ctx, t)
}

// tallies are how many visitors there are by source, tag and group.
type tallies struct {
	sources map[visitor.Source]int64
	tags    map[tag.ID]int64
	groups  map[group.ID]int64
}

// tallyDirectly leaves the way to the server.
func (s scope) tallyDirectly(ctx context.Context, n filter.Node) (t tallies, err error) {
	nodes := conjuncts(n)
	matches, err := s.where(s.from(visitorTable, "v", "v.id AS id", "v.source AS source"), access{alias: "v", id: "v.id"}, nodes, ordering{}, nil)
	if err != nil {
		return t, err
	}
	sources := s.over(matches, "m", "m.source", "count(*)").GroupBy("m.source")
	t.sources = map[visitor.Source]int64{}
	err = s.query(ctx, sources, func(r row) error {
		var source visitor.Source
		var n int64
		err := r.Scan(&source, &n)
		t.sources[source] = n
		return err
	})
	if err != nil {
		return t, err
	}
	t.tags, err = countBy[tag.ID](ctx, s, s.hangingOn(matches, nodes, visitorTagTable, "h.tag_id", "count(*)").GroupBy("h.tag_id"))
	if err != nil {
		return t, err
	}
	t.groups, err = countBy[visitor.GroupID](ctx, s, s.hangingOn(matches, nodes, visitorGroupTable, "h.group_id", "count(*)").Where("h.excluded = 0").GroupBy("h.group_id"))
	return t, err
}

// named puts the counts to every tag and group.
func (s scope) named(ctx context.Context, t tallies) (f store.Facets, err error) {
	for _, source := range slices.Sorted(maps.Keys(t.sources)) {
		if n := t.sources[source]; n > 0 {
			f.Sources = append(f.Sources, store.SourceCount{Source: source, Count: n})
			f.Total += n
		}
	}
	tags, err := s.tags(ctx, store.List{})
	if err != nil {
		return f, err
	}
	for _, tag := range tags {
		f.Tags = append(f.Tags, store.TagCount{Tag: tag, Count: t.tags[tag.ID]})
	}
	groups, err := s.groups(ctx, store.List{})
	if err != nil {
		return f, err
	}
	for _, g := range groups {
		f.Groups = append(f.Groups, store.GroupCount{Group: g, Count: t.groups[g.ID]})
	}
	return f, nil
}

// countBy reads rows of an id and a count.
func countBy[T ~string](ctx context.Context, s scope, q sq.SelectBuilder) (map[T]int64, error) {
	counts := map[T]int64{}
	err := s.query(ctx, q, func(r row) error {
		var id T
		var n int64
		err := r.Scan(into(&id), &n)
		counts[id] = n
		return err
	})
	return counts, err
}
