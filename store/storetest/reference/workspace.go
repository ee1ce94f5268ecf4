package reference

import (
	"maps"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// workspace is the content of one workspace. It is never changed once it is in the store:
// Apply changes a copy and replaces it. So a reader needs no lock, and a failed Apply has no
// effect.
type workspace struct {
	visitors  map[visitor.ID]visitor.Visitor // in the form in which they are returned
	tags      map[tag.ID]tag.Tag
	groups    map[group.ID]group.Group
	merges    map[visitor.ID]visitor.Merged // by the id that was merged away
	processed map[driver.DedupKey]time.Time // events of channels
	records   map[recordKey][]byte
	events    []driver.Event // event n is events[n-1]
}

// recordKey identifies a record.
type recordKey struct {
	kind driver.RecordKind
	key  string
}

func newWorkspace() *workspace {
	return &workspace{
		visitors: map[visitor.ID]visitor.Visitor{}, tags: map[tag.ID]tag.Tag{}, groups: map[group.ID]group.Group{},
		merges: map[visitor.ID]visitor.Merged{}, processed: map[driver.DedupKey]time.Time{},
		records: map[recordKey][]byte{},
	}
}

// clone returns a copy that can be changed. The values in the maps are shared: a change
// replaces a value as a whole.
func (w *workspace) clone() *workspace {
	return &workspace{
		visitors: maps.Clone(w.visitors), tags: maps.Clone(w.tags), groups: maps.Clone(w.groups),
		merges: maps.Clone(w.merges), processed: maps.Clone(w.processed), events: slices.Clip(w.events),
		records: maps.Clone(w.records),
	}
}

// visitor returns the visitor with that id or, if the id was merged into another visitor,
// that visitor.
func (w *workspace) visitor(id visitor.ID) (visitor.Visitor, bool) {
	v, found := w.visitors[id]
	if m, merged := w.merges[id]; !found && merged {
		return w.visitor(m.Into.ID)
	}
	return v, found
}

// listTags and listGroups return the requested tags and groups, ordered by key.
func (w *workspace) listTags(l driver.List) []tag.Tag {
	return list(w.tags, l, func(t tag.Tag) (string, string) { return tag.Key(t.Name), string(t.ID) })
}

func (w *workspace) listGroups(l driver.List) []group.Group {
	return list(w.groups, l, func(g group.Group) (string, string) { return group.Key(g.Name), string(g.ID) })
}

func list[ID comparable, T any](all map[ID]T, l driver.List, keyAndID func(T) (key, id string)) []T {
	byKey := map[string]T{}
	for _, item := range all {
		key, id := keyAndID(item)
		wanted := slices.Contains(l.Keys, key) || slices.Contains(l.IDs, id)
		if len(l.Keys)+len(l.IDs) == 0 {
			wanted = key > l.After
		}
		if wanted {
			byKey[key] = item
		}
	}
	var items []T
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		if l.Limit == 0 || len(items) < l.Limit {
			items = append(items, byKey[key])
		}
	}
	return items
}
