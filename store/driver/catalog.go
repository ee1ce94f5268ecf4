package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
)

// catalog is the tags or the groups of a workspace: what the changes to both have in common.
type catalog[T any, ID ~string] struct {
	kind     string // "tag" or "group", for errors
	tx       Tx
	list     func(List) ([]T, error)
	put      func(before *T, after T) error
	remove   func(ID) error
	id       func(T) ID
	key      func(T) string
	mentions func(filter.Refs) (keys []string, ids []ID)
}

// find returns what exists of those with the keys and of those with the ids.
func (c catalog[T, ID]) find(keys []string, ids []ID) (found []T, err error) {
	add := func(l List) error {
		some, err := c.list(l)
		found = append(found, some...)
		return err
	}
	if err := inChunks(keys, func(keys []string) error { return add(List{Keys: keys}) }); err != nil {
		return nil, err
	}
	return found, inChunks(ids, func(ids []ID) error { return add(List{IDs: textsOf(ids)}) })
}

// checkFree returns ErrExists if a tag or group has the key or one of the ids. The error
// names the one that has the key, if there is one.
func (c catalog[T, ID]) checkFree(key string, ids ...ID) error {
	taken, err := c.list(List{Keys: []string{key}, IDs: textsOf(ids)})
	if err != nil || len(taken) == 0 {
		return err
	}
	n := max(slices.IndexFunc(taken, func(t T) bool { return c.key(t) == key }), 0)
	return AlreadyExists(c.kind, string(c.id(taken[n])))
}

// update replaces a tag or group by what patch makes of it, and returns the names of the
// fields that differ, which compare returns. It changes nothing if none do.
func (c catalog[T, ID]) update(
	id ID, patch func(T) (T, error), compare func(before, after T) (fields []string, err error),
) (after T, fields []string, err error) {
	found, err := c.find(nil, []ID{id})
	if err != nil {
		return after, nil, err
	}
	if len(found) == 0 {
		return after, nil, NotFound(c.kind, string(id))
	}
	before := found[0]
	if after, err = patch(before); err != nil {
		return after, nil, err
	}
	if fields, err = compare(before, after); err != nil || len(fields) == 0 {
		return after, nil, err
	}
	if key := c.key(after); key != c.key(before) {
		if err := c.checkFree(key); err != nil {
			return after, nil, err
		}
	}
	return after, fields, c.put(&before, after)
}

// delete deletes a tag or group that no rule mentions.
func (c catalog[T, ID]) delete(id ID) (Effect, error) {
	found, err := c.find(nil, []ID{id})
	if err != nil || len(found) == 0 {
		return Missing, err
	}
	if err := c.checkUnused(found[0]); err != nil {
		return Missing, err
	}
	return Deleted, c.remove(id)
}

// checkUnused returns an *InUseError with the groups whose rules mention a tag or group.
func (c catalog[T, ID]) checkUnused(t T) error {
	return checkUnused(c.tx, c.kind, func(refs filter.Refs) bool {
		keys, ids := c.mentions(refs)
		return slices.Contains(keys, c.key(t)) || slices.Contains(ids, c.id(t))
	})
}

// checkUnused returns an *InUseError with the groups whose rules mention something of a kind.
func checkUnused(tx Tx, kind string, mentioned func(filter.Refs) bool) error {
	groups, err := tx.Groups(List{})
	if err != nil {
		return err
	}
	var users []group.ID
	for _, g := range groups {
		if g.Rule != nil && mentioned(filter.References(g.Rule)) {
			users = append(users, g.ID)
		}
	}
	if users == nil {
		return nil
	}
	return &InUseError{Kind: kind, Groups: users}
}

// mentioned returns the tags or groups that a rule mentions. All must exist.
func (c catalog[T, ID]) mentioned(refs filter.Refs) ([]T, error) {
	keys, ids := c.mentions(refs)
	keys, ids = distinct(keys), distinct(ids)
	found, err := c.find(keys, ids)
	if err == nil && len(found) < len(keys)+len(ids) {
		err = &filter.Error{Path: "rule", Reason: "mentions a " + c.kind + " that does not exist"}
	}
	return found, err
}

// differing returns the names of fields that differ, in order.
func differing(names map[string]bool) []string {
	var fields []string
	for name, differs := range names {
		if differs {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return fields
}
