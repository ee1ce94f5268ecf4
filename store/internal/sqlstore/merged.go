package sqlstore

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	selectMerged = "SELECT state FROM " + mergedTable + " WHERE ws = ? AND id = ?"
	selectInto   = "SELECT into_id FROM " + mergedTable + " WHERE ws = ? AND id = ?"
	insertMerged = "INSERT INTO " + mergedTable + " (ws, id, into_id, at, state) VALUES (?, ?, ?, ?, ?)" +
		" ON CONFLICT (ws, id) DO UPDATE SET into_id = excluded.into_id, at = excluded.at, state = excluded.state"
	deleteMerged = "DELETE FROM " + mergedTable + " WHERE ws = ? AND id = ?"
)

func (s scope) merged(ctx context.Context, id visitor.ID) (m visitor.Merged, found bool, err error) {
	err = s.find(ctx, selectMerged, func(r row) error {
		var state string
		if err := r.Scan(&state); err != nil {
			return err
		}
		found = true
		return json.Unmarshal([]byte(state), &m)
	}, s.d.ID(string(id)))
	return m, found, err
}

func (s scope) putMerged(ctx context.Context, m visitor.Merged) error {
	state, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, insertMerged, s.d.ID(string(m.From.ID)), s.d.ID(string(m.Into.ID)), store.Micros(m.Result.UpdatedAt), string(state))
	return err
}

// forgetMerged drops what is kept of all who were merged into one of the visitors, by
// whatever way: it is about them too.
func (s scope) forgetMerged(ctx context.Context, survivors ...visitor.ID) error {
	for len(survivors) > 0 {
		gone, err := s.mergedInto(ctx, survivors)
		if err != nil || len(gone) == 0 {
			return err
		}
		survivors = gone
		for _, id := range gone {
			if _, err := s.exec(ctx, deleteMerged, s.d.ID(string(id))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s scope) mergedInto(ctx context.Context, survivors []visitor.ID) (ids []visitor.ID, err error) {
	q := s.from(mergedTable, "m", "m.id").Where(s.d.InIDs("m.into_id", textsOf(survivors)))
	err = s.fetch(ctx, q, func(r row) error {
		var id visitor.ID
		err := r.Scan(into(&id))
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// follow returns the visitor that an id stands for: its own, or that of the one it was
// merged into.
func (s scope) follow(ctx context.Context, id visitor.ID) (v visitor.Visitor, err error) {
	asked := id
	for {
		found, err := s.visitors(ctx, []string{string(id)})
		if err != nil {
			return v, err
		}
		if len(found) > 0 {
			return found[0].Visitor, nil
		}
		merged := false
		err = s.find(ctx, selectInto, func(r row) error {
			merged = true
			return r.Scan(into(&id))
		}, s.d.ID(string(id)))
		if err != nil {
			return v, err
		}
		if !merged {
			return v, store.Missed("visitor", string(asked))
		}
	}
}

// redirected returns the changes, those about visitors who were merged being about the
// ones they were merged into.
func (a *applier) redirected(ctx context.Context, changes []store.Change) ([]store.Change, error) {
	ids := lo.Without(lo.Map(changes, func(c store.Change, _ int) visitor.ID { return store.About(c) }), "")
	stands := map[visitor.ID]visitor.ID{}
	for len(ids) > 0 {
		away, err := a.mergedAway(ctx, ids)
		if err != nil {
			return nil, err
		}
		if len(away) == 0 {
			break
		}
		there, err := a.present(ctx, lo.Keys(away))
		if err != nil {
			return nil, err
		}
		ids = nil
		for from, to := range away {
			if !there[from] {
				stands[from] = to
				ids = append(ids, to)
			}
		}
	}
	if len(stands) == 0 {
		return changes, nil
	}
	changes = slices.Clone(changes)
	for i, c := range changes {
		id := store.About(c)
		for stands[id] != "" {
			id = stands[id]
		}
		if id != "" {
			changes[i] = store.Redirect(c, id)
		}
	}
	return changes, nil
}

// mergedAway returns which of the visitors were merged, and into whom.
func (s scope) mergedAway(ctx context.Context, ids []visitor.ID) (map[visitor.ID]visitor.ID, error) {
	away := map[visitor.ID]visitor.ID{}
	q := s.from(mergedTable, "m", "m.id", "m.into_id").Where(s.d.InIDs("m.id", textsOf(ids)))
	err := s.fetch(ctx, q, func(r row) error {
		var from, to visitor.ID
		err := r.Scan(into(&from), into(&to))
		away[from] = to
		return err
	})
	return away, err
}

func textsOf[T ~string](ids []T) []string {
	return lo.Map(ids, func(id T, _ int) string { return string(id) })
}
