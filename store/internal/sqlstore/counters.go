package sqlstore

import (
	"context"

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
