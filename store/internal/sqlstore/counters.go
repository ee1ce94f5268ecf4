package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	addToSource = "INSERT INTO " + sourceTable + " (ws, source, visitors) VALUES (?, ?, ?)" +
		" ON CONFLICT (ws, source) DO UPDATE SET visitors = visitors + excluded.visitors"
	addToTag   = "UPDATE " + tagTable + " SET uses = uses + ?2 WHERE ws = ?1 AND id = ?3"
	addToGroup = "UPDATE " + groupTable + " SET members = members + ?2 WHERE ws = ?1 AND id = ?3"
)

// counterKey identifies the counter of the visitors with a source, tag or group.
type counterKey struct {
	update string // the statement that adds to it
	key    string // the source or id
}

// counts are what the changes of a transaction add to the counters.
type counts map[counterKey]int64

func (c counts) source(s visitor.Source, n int64) { c[counterKey{addToSource, string(s)}] += n }
func (c counts) tag(id tag.ID, n int64)           { c[counterKey{addToTag, string(id)}] += n }
func (c counts) group(id group.ID, n int64)       { c[counterKey{addToGroup, string(id)}] += n }

func (s scope) writeCounts(ctx context.Context, all counts) error {
	if s.d.Index() == nil {
		return nil
	}
	for of, n := range all {
		if n == 0 {
			continue
		}
		args := []any{n, s.d.ID(of.key)}
		if of.update == addToSource {
			args = []any{of.key, n}
		}
		if _, err := s.exec(ctx, of.update, args...); err != nil {
			return err
		}
	}
	return nil
}

// sizes are the counters of a workspace.
type sizes struct {
	total int64                // visitors
	of    map[counterKey]int64 // visitors by source, tag or group
}

// sum returns the number of visitors on the paths, with those on several counted several times.
func (z sizes) sum(paths []indexPath) (n int64) {
	for _, a := range paths {
		n += z.of[a.counter]
	}
	return n
}

// sizes reads the number of all visitors, and the counters of paths.
func (s scope) sizes(ctx context.Context, paths []indexPath) (sizes, error) {
	z := sizes{of: map[counterKey]int64{}}
	read := func(update string, q sq.SelectBuilder) error {
		return s.query(ctx, q, func(r row) error {
			var key string
			var n int64
			err := r.Scan(into(&key), &n)
			z.of[counterKey{update, key}] = n
			return err
		})
	}
	err := read(addToSource, s.from(sourceTable, "c", "c.source", "c.visitors"))
	for _, n := range z.of {
		z.total += n
	}
	ids := map[string][]string{}
	for _, a := range paths {
		ids[a.counter.update] = append(ids[a.counter.update], a.counter.key)
	}
	if some := ids[addToTag]; err == nil && some != nil {
		err = read(addToTag, s.from(tagTable, "c", "c.id", "c.uses").Where(s.d.InIDs("c.id", some)))
	}
	if some := ids[addToGroup]; err == nil && some != nil {
		err = read(addToGroup, s.from(groupTable, "c", "c.id", "c.members").Where(s.d.InIDs("c.id", some)))
	}
	return z, err
}
