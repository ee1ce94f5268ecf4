package sqlstore

import (
	"context"
	"errors"

	sq "github.com/Masterminds/squirrel"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/visitor"
)

// byIndex returns what f reads from the index of a workspace, as of a moment after the call began.
// The error is errBySQL if there is no index, or not yet all that f needs.
func byIndex[T any](ctx context.Context, e *Engine, ws driver.WorkspaceID, f func(*index.Index) (T, error)) (found T, err error) {
	l := e.indexes.of(ctx, ws)
	if l == nil {
		return found, errBySQL
	}
	at, err := e.logState(ctx, ws)
	if err != nil {
		return found, err
	}
	return readNow(ctx, e.indexes, l, at, f)
}

// readNow calls f with the index when it is complete up to a position in the log, or further.
func readNow[T any](ctx context.Context, all *indexes, l *liveIndex, at logState, f func(*index.Index) (T, error)) (found T, err error) {
	followed := false
	for loads := 0; ; {
		found, ok, err := readAt(l, at, followed, f)
		missing := (*unknownCondition)(nil)
		switch {
		case !ok && followed:
			return found, errBySQL // others follow many events
		case !ok:
			at, err = all.follow(ctx, l)
			followed = true
		case errors.As(err, &missing):
			if loads++; loads > maxConditions {
				return found, errBySQL // an index does not keep so many: the first ones would be missing again
			}
			err = all.load(ctx, l, missing.node)
		default:
			return found, err
		}
		if err != nil {
			return found, err
		}
	}
}

// maxTries is how often a page is read again because the workspace has changed meanwhile.
const maxTries = 3

// pageByIndex reads a page in the orders that the index knows: the ids from the index, then the
// visitors. The error is errBySQL as for byIndex.
func (e *Engine) pageByIndex(ctx context.Context, ws driver.WorkspaceID, sel driver.Select) ([]visitor.Visitor, error) {
	key, descending, known := driver.Sorting(sel.Order)
	if !known || key == driver.ByName || sel.Limit < 1 {
		return nil, errBySQL
	}
	page := index.Page{Key: key, Descending: descending, Limit: sel.Limit}
	if sel.After != nil {
		id, err := uuid.Parse(string(sel.After.ID))
		if err != nil {
			return nil, errBySQL
		}
		page.After = &index.Rank{Micros: sel.After.Micros, ID: id}
	}
	l := e.indexes.of(ctx, ws)
	if l == nil || e.walks(sel.Where.Node(), key) {
		return nil, errBySQL
	}
	var at logState
	ids := func(x *index.Index) (ids []string, err error) {
		at = l.at
		positions, err := x.Page(ctx, sel.Where.Node(), page)
		for _, p := range positions {
			ids = append(ids, x.ID(p).String())
		}
		return ids, err
	}
	for range maxTries {
		// Whether the index is up to date is read together with the visitors.
		l.mu.RLock()
		now := l.at
		l.mu.RUnlock()
		wanted, err := readNow(ctx, e.indexes, l, now, ids)
		if err != nil {
			return nil, err
		}
		found, same, err := e.visitorsAt(ctx, ws, at, wanted)
		if errors.Is(err, errDiscard) {
			e.indexes.discard(l)
			return nil, errBySQL
		}
		if err != nil || same {
			return found, err
		}
		if _, err := e.indexes.follow(ctx, l); err != nil {
			return nil, err
		}
	}
	return nil, errBySQL
}

// walks reports whether SQL finds a page by a walk along one of its indexes, with nothing to test. This
// is faster than to look up ids: a server does so for all visitors; SQLite also for those with one
// source, tag or group in the order of ids.
func (e *Engine) walks(where bound.Node, key driver.SortKey) bool {
	nodes := conjuncts(where)
	if len(nodes) == 1 && key == driver.ByID && e.d.server == nil {
		return len(scope{d: e.d}.orderedPaths(nodes[0])) == 1
	}
	return len(nodes) == 0
}

// visitorsAt reads visitors in the order of ids, if the log still ends at a position. Both are one
// statement.
func (e *Engine) visitorsAt(ctx context.Context, ws driver.WorkspaceID, at logState, ids []string) (found []visitor.Visitor, same bool, err error) {
	if len(ids) == 0 {
		now, err := e.logState(ctx, ws)
		return nil, now == at, err
	}
	err = e.readOnce(ctx, ws, func(s scope) error {
		found, same = make([]visitor.Visitor, 0, len(ids)), true
		var now logState
		q := s.withLogState(s.withCatalog(s.byIDs(ids, s.visitorColumns(driver.AllParts)...)))
		scan := s.scanVisitor(driver.AllParts)
		records, err := listed(ctx, make([]record, 0, len(ids)), s.queryByKey, q, func(r row) (record, error) {
			rec, err := scan(rowWith{r, []any{&now.seq, &now.stamp}})
			same = same && now == at
			return rec, err
		})
		if same = same && len(records) > 0; err != nil || !same {
			return err
		}
		if err := s.unpack(ctx, records, driver.AllParts); err != nil {
			return err
		}
		byID := make(map[visitor.ID]*visitor.Visitor, len(records))
		for i := range records {
			byID[records[i].ID] = &records[i].Visitor
		}
		for _, id := range ids {
			v := byID[visitor.ID(id)]
			if v == nil {
				return errDiscard // the tables were changed without an event
			}
			found = append(found, *v)
		}
		return nil
	})
	return found, same, err
}

// withLogState adds the last event of the workspace to a SELECT, as logState reads it.
func (s scope) withLogState(q sq.SelectBuilder) sq.SelectBuilder {
	last := "FROM " + workspaceTable + " w LEFT JOIN " + eventTable + " e ON e.ws = ? AND e.seq = w.seq WHERE w.ws = ?)"
	return q.Column("(SELECT w.seq FROM "+workspaceTable+" w WHERE w.ws = ?)", s.ws).Column("(SELECT "+stampOf("e")+" "+last, s.ws, s.ws)
}

// rowWith scans more columns after those that are asked for.
type rowWith struct {
	row
	more []any
}

func (r rowWith) Scan(into ...any) error { return r.row.Scan(append(into, r.more...)...) }
