package memory

import (
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// merges holds what is needed to undo merges, and the ids that became aliases.
type merges struct {
	byFrom map[uuid.UUID]visitor.Merged // by the id that was merged away
	into   map[uuid.UUID][]uuid.UUID    // the ids that were merged into a visitor directly
}

func newMerges() merges {
	return merges{map[uuid.UUID]visitor.Merged{}, map[uuid.UUID][]uuid.UUID{}}
}

func (m *merges) add(merged visitor.Merged) {
	from, _ := parseID(merged.From.ID)
	into, _ := parseID(merged.Into.ID)
	m.byFrom[from] = merged
	m.into[into] = append(m.into[into], from)
}

func (m *merges) remove(from uuid.UUID) {
	into, _ := parseID(m.byFrom[from].Into.ID)
	delete(m.byFrom, from)
	rest := without(m.into[into], func(id uuid.UUID) bool { return id == from })
	if m.into[into] = rest; rest == nil {
		delete(m.into, into)
	}
}

// get returns the visitor with that id, or the one that it was merged into.
func (w *workspace) get(id visitor.ID) (visitor.Visitor, error) {
	for parsed, ok := parseID(id); ok; {
		if p, found := w.index.Position(parsed); found {
			return w.records[p].visitor(), nil
		}
		parsed, ok = parseID(w.merges.byFrom[parsed].Into.ID)
	}
	return visitor.Visitor{}, driver.NotFound("visitor", string(id))
}

func (t *tx) Aliases(ids []visitor.ID) (map[visitor.ID]visitor.ID, error) {
	aliases := map[visitor.ID]visitor.ID{}
	for _, id := range ids {
		parsed, _ := parseID(id)
		if m, ok := t.merges.byFrom[parsed]; ok {
			aliases[id] = m.Into.ID
		}
	}
	return aliases, nil
}

func (t *tx) MergedInto(ids []visitor.ID) ([]visitor.ID, error) {
	var from []visitor.ID
	for _, id := range ids {
		parsed, _ := parseID(id)
		for _, id := range t.merges.into[parsed] {
			from = append(from, formatID(id))
		}
	}
	return from, nil
}

func (t *tx) Merge(from visitor.ID) (visitor.Merged, bool, error) {
	parsed, _ := parseID(from)
	m, found := t.merges.byFrom[parsed]
	return cloneMerged(m), found, nil
}

func (t *tx) PutMerge(m visitor.Merged) error {
	from, _ := parseID(m.From.ID)
	t.merges.add(cloneMerged(m))
	t.onRollback(func() { t.merges.remove(from) })
	return nil
}

func (t *tx) DeleteMerges(from []visitor.ID) error {
	for _, id := range from {
		parsed, _ := parseID(id)
		if m, found := t.merges.byFrom[parsed]; found {
			t.merges.remove(parsed)
			t.onRollback(func() { t.merges.add(m) })
		}
	}
	return nil
}

func cloneMerged(m visitor.Merged) visitor.Merged {
	return visitor.Merged{Into: m.Into.Clone(), From: m.From.Clone(), Result: m.Result.Clone()}
}
