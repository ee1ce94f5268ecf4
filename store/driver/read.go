package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

// read forgets all rows and reads those that the changes are known to need.
func (b *batch) read(changes []Change) error {
	b.reset()
	n := needs{visitors: make([]visitor.ID, 0, len(changes))}
	for _, c := range changes {
		n.add(c)
	}
	b.parts, b.log = n.parts, slices.Grow(b.log, len(changes))
	if err := b.readOwners(n.identities); err != nil {
		return err
	}
	for _, c := range n.contacts {
		owners := b.ownersOf(c.identities)
		if len(owners) == 0 {
			owners = []visitor.ID{c.id}
		}
		n.visitors = append(n.visitors, owners...)
	}
	slices.Sort(n.visitors) // so that engines lock rows in the order in which they are written
	if err := b.readVisitors(n.visitors); err != nil {
		return err
	}
	if err := b.readAliases(n.visitors); err != nil {
		return err
	}
	if err := b.readTags(n.tags); err != nil {
		return err
	}
	if err := b.readGroups(n.groups); err != nil {
		return err
	}
	return b.readEvents(n.events)
}

// unknown returns the keys that a map does not have, each once, and adds them with zero
// values.
func unknown[K comparable, V any](known *map[K]V, keys []K) []K {
	if *known == nil && len(keys) > 0 {
		*known = make(map[K]V, len(keys))
	}
	var missing []K
	for _, k := range keys {
		if _, ok := (*known)[k]; !ok {
			var zero V
			(*known)[k] = zero
			missing = append(missing, k)
		}
	}
	return missing
}

func put[K comparable, V any](known *map[K]V, k K, v V) {
	if *known == nil {
		*known = map[K]V{}
	}
	(*known)[k] = v
}

// readVisitors reads visitors that were not read before.
func (b *batch) readVisitors(ids []visitor.ID) error {
	ids = unknown(&b.visitors, ids)
	edits := make([]edit, len(ids))
	b.order = slices.Grow(b.order, len(ids))
	for n, id := range ids {
		b.visitors[id] = &edits[n]
		b.order = append(b.order, &edits[n])
	}
	for ids := range slices.Chunk(ids, maxBatch) {
		found, err := b.tx.Visitors(ids, b.parts)
		if err != nil {
			return err
		}
		for n := range found {
			e := b.visitors[found[n].ID]
			e.before, e.now = &found[n], &found[n]
		}
	}
	return nil
}

// readAliases reads the visitors into which visitors that do not exist were merged.
func (b *batch) readAliases(ids []visitor.ID) error {
	for len(ids) > 0 {
		var missing []visitor.ID
		for _, id := range ids {
			if b.visitors[id].now == nil {
				missing = append(missing, id)
			}
		}
		ids = nil
		for missing := range slices.Chunk(unknown(&b.aliases, missing), maxBatch) {
			found, err := b.tx.Aliases(missing)
			if err != nil {
				return err
			}
			for from, into := range found {
				b.aliases[from] = into
				ids = append(ids, into)
			}
		}
		if err := b.readVisitors(ids); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) readOwners(identities []visitor.Identity) error {
	keys := make([]identityKey, len(identities))
	for n, i := range identities {
		keys[n] = identityKeyOf(i)
	}
	for keys := range slices.Chunk(unknown(&b.owners, keys), maxBatch) {
		identities := make([]visitor.Identity, len(keys))
		for n, k := range keys {
			identities[n] = visitor.Identity{Source: k.source, Account: k.account, ExternalID: k.externalID}
		}
		owners, err := b.tx.Owners(identities)
		if err != nil {
			return err
		}
		for n, k := range keys {
			b.owners[k] = owners[n]
		}
	}
	return nil
}

func (b *batch) ownersOf(identities []visitor.Identity) []visitor.ID {
	var owners []visitor.ID
	for _, i := range identities {
		if owner := b.owners[identityKeyOf(i)]; owner != "" {
			owners = append(owners, owner)
		}
	}
	return owners
}

func (b *batch) readTags(keys []string) error {
	for keys := range slices.Chunk(unknown(&b.tags, keys), maxBatch) {
		found, err := b.tx.Tags(List{Keys: keys})
		if err != nil {
			return err
		}
		for n := range found {
			b.tags[keyOf(found[n])] = &found[n]
		}
	}
	return nil
}

func (b *batch) readGroups(ids []group.ID) error {
	for ids := range slices.Chunk(unknown(&b.groups, ids), maxBatch) {
		found, err := b.tx.Groups(List{IDs: textsOf(ids)})
		if err != nil {
			return err
		}
		for n := range found {
			b.groups[found[n].ID] = &found[n]
		}
	}
	return nil
}

func (b *batch) readEvents(keys []DedupKey) error {
	for keys := range slices.Chunk(unknown(&b.events, keys), maxBatch) {
		processed, err := b.tx.Processed(keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			b.events[key] = processed[key]
		}
	}
	return nil
}

// textsOf returns ids as a List has them.
func textsOf[T ~string](ids []T) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return texts
}

// visitor returns the visitor with that id, nil if none has it. It does not look for aliases.
func (b *batch) visitor(id visitor.ID) (*visitor.Visitor, error) {
	if e := b.visitors[id]; e != nil {
		return e.now, nil
	}
	if err := b.readVisitors([]visitor.ID{id}); err != nil {
		return nil, err
	}
	return b.visitors[id].now, nil
}

// checkFree returns ErrExists if an id is a visitor's or an alias. Deletions by earlier
// changes of the batch are written first, so that a new visitor with a deleted id does not
// get the aliases of the old one.
func (b *batch) checkFree(id visitor.ID) error {
	if len(b.deleted) > 0 {
		if err := b.write(); err != nil {
			return err
		}
		b.reset()
	}
	existing, err := b.target(id)
	if err == nil && existing != nil {
		err = AlreadyExists("visitor", string(id))
	}
	return err
}

// target returns the visitor with that id or, if the id was merged into another visitor,
// that one. It is nil if neither exists.
func (b *batch) target(id visitor.ID) (*visitor.Visitor, error) {
	if found, err := b.visitor(id); found != nil || err != nil {
		return found, err
	}
	if _, known := b.aliases[id]; !known {
		if err := b.readAliases([]visitor.ID{id}); err != nil {
			return nil, err
		}
	}
	for n := 0; id != "" && n <= len(b.aliases); n++ { // old data may have a cycle
		if e := b.visitors[id]; e != nil && e.now != nil {
			return e.now, nil
		}
		id = b.aliases[id]
	}
	return nil, nil
}

// owner returns the id of the visitor that has an identity, "" for none.
func (b *batch) owner(i visitor.Identity) (visitor.ID, error) {
	if owner, known := b.owners[identityKeyOf(i)]; known {
		return owner, nil
	}
	err := b.readOwners([]visitor.Identity{i})
	return b.owners[identityKeyOf(i)], err
}
