package driver

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
)

// checkRule refuses a rule that mentions a tag or group that does not exist, or a group
// that has a rule itself. A store.Workspace has replaced the names in rules by ids, which
// renaming does not change; other callers may leave names.
func (b *batch) checkRule(g group.Group) error {
	if g.Rule == nil {
		return nil
	}
	if err := group.CheckRule(g.Rule); err != nil {
		return err
	}
	refs := filter.References(g.Rule)
	_, exist, err := mentioned(b.tx.Tags, refs.Tags, tag.Key, refs.TagIDs)
	switch {
	case err != nil:
		return err
	case !exist:
		return &filter.Error{Path: "rule", Reason: "mentions a tag that does not exist"}
	}
	groups, exist, err := mentioned(b.tx.Groups, refs.Groups, group.Key, refs.GroupIDs)
	switch {
	case err != nil:
		return err
	case !exist:
		return &filter.Error{Path: "rule", Reason: "mentions a group that does not exist"}
	case slices.ContainsFunc(groups, func(other group.Group) bool { return other.Rule != nil || other.ID == g.ID }):
		return &filter.Error{Path: "rule", Reason: "mentions a group that has a rule"}
	}
	return nil
}

// mentioned lists the tags or groups that a rule mentions, and reports whether all exist.
func mentioned[T any, ID ~string](list func(List) ([]T, error), names []string, key func(string) string, ids []ID) (found []T, exist bool, err error) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = key(name)
	}
	var lists []List
	for keys := range slices.Chunk(distinct(keys), maxBatch) {
		lists = append(lists, List{Keys: keys})
	}
	for ids := range slices.Chunk(distinct(textsOf(ids)), maxBatch) {
		lists = append(lists, List{IDs: ids})
	}
	exist = true
	for _, l := range lists {
		some, err := list(l)
		if err != nil {
			return nil, false, err
		}
		found, exist = append(found, some...), exist && len(some) == len(l.Keys)+len(l.IDs)
	}
	return found, exist, nil
}

// distinct returns the items in order, each once.
func distinct[T cmp.Ordered](items []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(items)))
}

// checkUnused returns an *InUseError with the groups whose rules mention something.
func (b *batch) checkUnused(kind string, mentions func(filter.Refs) bool) error {
	groups, err := b.tx.Groups(List{})
	if err != nil {
		return err
	}
	var users []group.ID
	for _, g := range groups {
		if g.Rule != nil && mentions(filter.References(g.Rule)) {
			users = append(users, g.ID)
		}
	}
	if users == nil {
		return nil
	}
	return &InUseError{Kind: kind, Groups: users}
}

func (b *batch) checkGroupUnused(g group.Group) error {
	key := group.Key(g.Name)
	return b.checkUnused("group", func(r filter.Refs) bool {
		return slices.Contains(r.GroupIDs, g.ID) || slices.ContainsFunc(r.Groups, func(name string) bool { return group.Key(name) == key })
	})
}

// rulesDiffer compares the forms in which rules are stored.
func rulesDiffer(a, b group.Group) (bool, error) {
	if a.Rule == nil || b.Rule == nil {
		return (a.Rule == nil) != (b.Rule == nil), nil
	}
	x, err := filter.Marshal(a.Rule)
	if err != nil {
		return false, err
	}
	y, err := filter.Marshal(b.Rule)
	return !bytes.Equal(x, y), err
}
