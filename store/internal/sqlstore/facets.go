package sqlstore

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// facets counts the visitors that match by source, tag and group.
func (s scope) facets(ctx context.Context, n bound.Node) (f driver.Facets, err error) {
	m := s.matcherOf(n)
	switch {
	case n == bound.Constant(true):
		f, err = s.facetsOfAll(ctx)
	case len(m.rest) > 0:
		return s.facetsOfMatches(ctx, m)
	default:
		f, err = s.facetsOf(ctx, m.nodes)
	}
	f.Total = 0
	for _, n := range f.Sources {
		f.Total += n
	}
	return f, err
}

// facetsOfAll counts all visitors: by the counters if there are some, else by table.
func (s scope) facetsOfAll(ctx context.Context) (driver.Facets, error) {
	f := driver.NewFacets()
	if err := s.several(); err != nil {
		return f, err
	}
	source := tally{sourceTable, "c.source", "sum(c.visitors)"}
	tag, group := tally{tagTable, "c.id", "sum(c.uses)"}, tally{groupTable, "c.id", "sum(c.members)"}
	if s.d.Index() == nil {
		source = tally{visitorTable, "c.source", "count(*)"}
		tag = tally{visitorTagTable, "c.tag_id", "count(*)"}
		group = tally{visitorGroupTable, "c.group_id", "sum(1 - c.excluded)"}
	}
	if err := countBy(ctx, s, f.Sources, source); err != nil {
		return f, err
	}
	if err := countBy(ctx, s, f.Tags, tag); err != nil {
		return f, err
	}
	return f, countBy(ctx, s, f.Groups, group)
}

// tally is a number of visitors for each key of a table.
type tally struct{ table, key, number string }

// countBy reads a tally, without zeros.
func countBy[T ~string](ctx context.Context, s scope, counts map[T]int64, t tally) error {
	q := s.from(t.table, "c", t.key, t.number).GroupBy(t.key).Having(t.number + " > 0")
	return s.query(ctx, q, func(r row) error {
		var key T
		var n int64
		err := r.Scan(into(&key), &n)
		counts[key] = n
		return err
	})
}

// facetsOf counts the visitors that match all nodes in this process, since their tags and groups
// are packed. It counts a number by a label in place of the id, and looks the ids up at the end.
func (s scope) facetsOf(ctx context.Context, nodes []bound.Node) (driver.Facets, error) {
	f := driver.NewFacets()
	matches, err := s.matches(ctx, nodes, "id")
	if err != nil {
		return f, err
	}
	q := s.join(s.fromQuery(matches, "m", "v.source", "v.tags", "v.groups"), visitorTable, "v", "v.id = m.id")
	labels := map[int64]string{}
	label := func(number int64) string {
		if labels[number] == "" {
			labels[number] = strconv.FormatInt(number, 10)
		}
		return labels[number]
	}
	err = s.query(ctx, q, func(r row) error {
		var rec record
		err := r.Scan(&rec.Source, &rec.packed.tags, &rec.packed.groups)
		if err == nil {
			err = rec.unpack(label, driver.Tags|driver.Groups)
		}
		f.Add(rec.Visitor)
		return err
	})
	if err != nil || s.d.server != nil {
		return f, err
	}
	ids, err := s.numberedIDs(ctx, slices.Collect(maps.Keys(labels)))
	for number, label := range labels {
		if err != nil {
			break
		}
		relabel(f.Tags, tag.ID(label), tag.ID(ids(number)))
		relabel(f.Groups, visitor.GroupID(label), visitor.GroupID(ids(number)))
	}
	return f, err
}

func relabel[T ~string](counts map[T]int64, label, id T) {
	if n := counts[label]; n != 0 {
		delete(counts, label)
		counts[id] = n
	}
}
