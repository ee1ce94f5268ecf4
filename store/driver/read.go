package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

// read reads the rows that the changes are known to need.
func (b *batch) read(changes []Change) error {
	if err := b.readOwners(); err != nil {
		return err
	}
	for _, c := range changes {
		if c, ok := c.(CaptureContact); ok {
			if err := b.needMatches(c); err != nil {
				return err
			}
		}
	}
	if err := b.readHolders(); err != nil {
		return err
	}
	if err := b.readVisitors(); err != nil {
		return err
	}
	if err := b.readAliases(b.visitors.keys); err != nil {
		return err
	}
	if err := b.readAddressesOf(changes); err != nil {
		return err
	}
	if err := b.readTags(); err != nil {
		return err
	}
	if err := b.readGroups(); err != nil {
		return err
	}
	return b.readEvents()
}

// readVisitors reads those of the visitors, and of those that need has added, that were not
// read before. The other methods of this kind do the same for other rows.
func (b *batch) readVisitors(ids ...visitor.ID) error {
	b.visitors.want(ids...)
	ids = b.visitors.unread()
	edits := make([]edit, len(ids))
	for n, id := range ids {
		b.visitors.set(id, &edits[n])
	}
	if !slices.IsSorted(ids) { // engines lock rows in the order in which they are written
		ids = slices.Sorted(slices.Values(ids))
	}
	return inChunks(ids, func(ids []visitor.ID) error {
		found, err := b.tx.Visitors(ids, b.parts)
		for n := range found {
			e := b.visitors.get(found[n].ID)
			e.before, e.now = &found[n], &found[n]
		}
		return err
	})
}

// readAliases reads the visitors into which visitors that do not exist were merged.
func (b *batch) readAliases(ids []visitor.ID) error {
	var missing, into []visitor.ID
	for _, id := range ids {
		if b.visitors.get(id).now == nil {
			missing = append(missing, id)
		}
	}
	b.aliases.want(missing...)
	err := inChunks(b.aliases.unread(), func(from []visitor.ID) error {
		found, err := b.tx.Aliases(from)
		for from, id := range found {
			b.aliases.set(from, id)
			into = append(into, id)
		}
		return err
	})
	if err != nil || len(into) == 0 {
		return err
	}
	if err := b.readVisitors(into...); err != nil {
		return err
	}
	return b.readAliases(into)
}

func (b *batch) readOwners(identities ...visitor.Identity) error {
	b.needOwners(identities...)
	return inChunks(b.owners.unread(), func(keys []identityKey) error {
		identities := make([]visitor.Identity, len(keys))
		for n, k := range keys {
			identities[n] = visitor.Identity{Source: k.source, Account: k.account, ExternalID: k.externalID}
		}
		owners, err := b.tx.Owners(identities)
		for n, owner := range owners {
			b.owners.set(keys[n], owner)
		}
		return err
	})
}

func (b *batch) readTags(keys ...string) error {
	b.tags.want(keys...)
	return inChunks(b.tags.unread(), func(keys []string) error {
		found, err := b.tx.Tags(List{Keys: keys})
		for n := range found {
			b.tags.set(keyOf(found[n]), &found[n])
		}
		return err
	})
}

func (b *batch) readGroups(ids ...group.ID) error {
	b.groups.want(ids...)
	return inChunks(b.groups.unread(), func(ids []group.ID) error {
		found, err := b.tx.Groups(List{IDs: textsOf(ids)})
		for n := range found {
			b.groups.set(found[n].ID, &found[n])
		}
		return err
	})
}

func (b *batch) readEvents(keys ...DedupKey) error {
	b.events.want(keys...)
	return inChunks(b.events.unread(), func(keys []DedupKey) error {
		processed, err := b.tx.Processed(keys)
		for _, key := range keys {
			b.events.set(key, processed[key])
		}
		return err
	})
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
	if err := b.readVisitors(id); err != nil {
		return nil, err
	}
	if err := b.readAliases([]visitor.ID{id}); err != nil {
		return nil, err
	}
	for n := 0; id != "" && n <= len(b.aliases.keys); n++ { // old data may have a cycle
		if e := b.visitors.get(id); e != nil && e.now != nil {
			return e.now, nil
		}
		id = b.aliases.get(id)
	}
	return nil, nil
}

// existing is target with ErrNotFound instead of nil.
func (b *batch) existing(id visitor.ID) (*visitor.Visitor, error) {
	v, err := b.target(id)
	if err == nil && v == nil {
		err = NotFound("visitor", string(id))
	}
	return v, err
}

// owner returns the id of the visitor that has an identity, "" for none.
func (b *batch) owner(i visitor.Identity) (visitor.ID, error) {
	err := b.readOwners(i)
	return b.owners.get(identityKeyOf(i)), err
}
