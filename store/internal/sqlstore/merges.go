package sqlstore

import (
	"context"
	"encoding/json"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// getVisitor returns the visitor with that id or, if the id was merged into another visitor,
// that visitor.
func (s scope) getVisitor(ctx context.Context, id visitor.ID) (visitor.Visitor, error) {
	seen := map[visitor.ID]bool{"": true} // old data may have a cycle
	for current := id; !seen[current]; {
		seen[current] = true
		found, err := s.visitors(ctx, []string{string(current)}, driver.AllParts)
		if err != nil {
			return visitor.Visitor{}, err
		}
		if len(found) > 0 {
			return found[0].Visitor, nil
		}
		if err := s.several(); err != nil {
			return visitor.Visitor{}, err
		}
		into, err := s.aliases(ctx, []visitor.ID{current})
		if err != nil {
			return visitor.Visitor{}, err
		}
		current = into[current]
	}
	return visitor.Visitor{}, driver.NotFound("visitor", string(id))
}

func (s scope) aliases(ctx context.Context, ids []visitor.ID) (map[visitor.ID]visitor.ID, error) {
	aliases := map[visitor.ID]visitor.ID{}
	q := s.from(mergedTable, "m", "m.id", "m.into_id").Where(s.d.InIDs("m.id", textsOf(ids)))
	err := s.queryByKey(ctx, q, func(r row) error {
		var from, to visitor.ID
		err := r.Scan(into(&from), into(&to))
		aliases[from] = to
		return err
	})
	return aliases, err
}

// Aliases reads into which visitors others were merged.
func (t *tx) Aliases(ids []visitor.ID) (map[visitor.ID]visitor.ID, error) {
	return t.aliases(t.ctx, ids)
}

// MergedInto reads which ids were merged into visitors.
func (t *tx) MergedInto(ids []visitor.ID) (merged []visitor.ID, err error) {
	q := t.from(mergedTable, "m", "m.id").Where(t.d.InIDs("m.into_id", textsOf(ids)))
	return list(t.ctx, t.queryByKey, q, scanID[visitor.ID])
}

// Merge reads the state of a merge.
func (t *tx) Merge(from visitor.ID) (m visitor.Merged, found bool, err error) {
	q := t.from(mergedTable, "m", "m.state").Where(t.d.InIDs("m.id", []string{string(from)}))
	states, err := list(t.ctx, t.queryByKey, q, func(r row) (state string, err error) {
		err = r.Scan(&state)
		return state, err
	})
	if err != nil || len(states) == 0 {
		return m, false, err
	}
	m, err = readMerge([]byte(states[0]))
	return m, true, err
}

// readMerge reads the state of a merge.
func readMerge(state []byte) (m visitor.Merged, err error) {
	if err := json.Unmarshal(state, &m); err != nil {
		return m, err
	}
	var old struct{ Into, From, Result visitorVersion2 }
	if err := json.Unmarshal(state, &old); err != nil {
		return m, err
	}
	old.Into.upgrade(&m.Into)
	old.From.upgrade(&m.From)
	old.Result.upgrade(&m.Result)
	return m, nil
}

// visitorVersion2 has the fields of a visitor that had another form in JSON before schema
// version 3.
type visitorVersion2 struct {
	Groups  []visitor.GroupID
	Tags    []struct{ By string }
	Origins map[string]struct {
		visitor.Provenance
		Claimed bool
	}
}

func (old visitorVersion2) upgrade(v *visitor.Visitor) {
	for _, g := range old.Groups {
		v.Memberships = append(v.Memberships, visitor.Membership{Group: g})
	}
	for n, a := range old.Tags {
		if a.By != "" {
			v.Tags[n].Actor = a.By
		}
	}
	for field, o := range old.Origins {
		if v.Provenance == nil {
			v.Provenance = visitor.Provenances{}
		}
		o.Unverified = o.Unverified || o.Claimed
		v.Provenance[field] = o.Provenance
	}
}

// PutMerge stores the state of a merge.
func (t *tx) PutMerge(m visitor.Merged) error {
	state, err := json.Marshal(m)
	if err != nil {
		return err
	}
	merges := []visitor.Merged{m}
	return t.insertRows(t.ctx, mergedTable,
		idCol(t.scope, "id", merges, func(m visitor.Merged) visitor.ID { return m.From.ID }),
		idCol(t.scope, "into_id", merges, func(m visitor.Merged) visitor.ID { return m.Into.ID }),
		col("at", "bigint", merges, func(m visitor.Merged) int64 { return driver.Micros(m.Result.UpdatedAt) }),
		col("state", "text", merges, func(visitor.Merged) string { return string(state) }))
}

// DeleteMerges deletes states of merges.
func (t *tx) DeleteMerges(from []visitor.ID) error {
	return t.deleteRows(t.ctx, mergedTable, idCol(t.scope, "id", from, func(id visitor.ID) visitor.ID { return id }))
}
