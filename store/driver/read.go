package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

// read reads all rows that the changes are known to need.
func (b *batch) read(changes []Change) error {
	var visitors []visitor.ID
	var identities []visitor.Identity
	var keys []string
	var groups []group.ID
	var events []DedupKey
	var created []needs
	var last needs
	b.parts = 0
	b.log = slices.Grow(b.log, len(changes))
	for _, c := range changes {
		n := needsOf(c)
		b.parts |= n.parts
		if n.target != "" {
			visitors = append(visitors, n.target)
		}
		if n.created != "" {
			created = append(created, n)
		}
		identities = append(identities, n.identities...)
		if !slices.Equal(n.tags, last.tags) { // many changes about the same tags are common
			keys = append(keys, n.tags...)
		}
		groups = append(groups, n.groups...)
		if n.event != nil {
			events = append(events, *n.event)
		}
		last = n
	}
	if err := b.readOwners(identities); err != nil {
		return err
	}
	for _, n := range created {
		if owners := b.ownersOf(n.identities); n.mayExist && len(owners) > 0 {
			visitors = append(visitors, owners...)
		} else {
			visitors = append(visitors, n.created)
		}
	}
	slices.Sort(visitors) // so that engines lock rows in the order in which they are written
	if err := b.readVisitors(visitors); err != nil {
		return err
	}
	if err := b.readAliases(visitors); err != nil {
		return err
	}
	if err := b.readTags(keys); err != nil {
		return err
	}
	if err := b.readGroups(groups); err != nil {
		return err
	}
	return b.readEvents(events)
}

// unknown returns the keys that a map does not have, each once, and adds them with zero
// values.
func unknown[K comparable, V any](known map[K]V, keys []K) []K {
	var missing []K
	for _, k := range keys {
		if _, ok := known[k]; !ok {
			var zero V
			known[k] = zero
			missing = append(missing, k)
		}
	}
	return missing
}

// readVisitors reads visitors that were not read before.
func (b *batch) readVisitors(ids []visitor.ID) error {
	ids = unknown(b.visitors, ids)
	edits := make([]edit, len(ids))
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
		for missing := range slices.Chunk(unknown(b.aliases, missing), maxBatch) {
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
	var unread []visitor.Identity
	for _, i := range identities {
		if _, known := b.owners[identityKeyOf(i)]; !known {
			b.owners[identityKeyOf(i)] = ""
			unread = append(unread, i)
		}
	}
	for some := range slices.Chunk(unread, maxBatch) {
		owners, err := b.tx.Owners(some)
		if err != nil {
			return err
		}
		for n, i := range some {
			b.owners[identityKeyOf(i)] = owners[n]
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
	for keys := range slices.Chunk(unknown(b.tags, keys), maxBatch) {
		found, err := b.tx.Tags(List{Keys: keys})
		if err != nil {
			return err
		}
		for _, t := range found {
			b.tags[keyOf(t)] = &t
		}
	}
	return nil
}

func (b *batch) readGroups(ids []group.ID) error {
	for ids := range slices.Chunk(unknown(b.groups, ids), maxBatch) {
		found, err := b.tx.Groups(List{IDs: textsOf(ids)})
		if err != nil {
			return err
		}
		for _, g := range found {
			b.groups[g.ID] = &g
		}
	}
	return nil
}

func (b *batch) readEvents(keys []DedupKey) error {
	for keys := range slices.Chunk(unknown(b.events, keys), maxBatch) {
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
	if err := b.readAliases([]visitor.ID{id}); err != nil {
		return nil, err
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
