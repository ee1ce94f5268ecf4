package sqlstore

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// captureTogether takes in the first of the changes that are captures. What they will ask
// for is read before, all at once.
func (a *applier) captureTogether(ctx context.Context, changes []store.Change, outcomes []store.Outcome) (int, error) {
	var run []store.CaptureContact
	for _, change := range changes {
		c, ok := change.(store.CaptureContact)
		if !ok {
			break
		}
		run = append(run, c)
	}
	k := a.keeper(ctx)
	k.many = true
	if err := k.ahead(run); err != nil {
		return 0, err
	}
	for i, c := range run {
		var err error
		if outcomes[i], err = store.Keep(k, c); err != nil {
			return 0, &store.ChangeError{Index: i, Err: err}
		}
	}
	return len(run), k.flush()
}

// ahead reads what captures are about to ask for.
func (k *keeper) ahead(run []store.CaptureContact) error {
	if err := k.readOwners(run); err != nil {
		return err
	}
	var ids []visitor.ID
	wanted := map[visitor.ID]bool{"": true}
	want := func(id visitor.ID) {
		if !wanted[id] {
			wanted[id] = true
			ids = append(ids, id)
		}
	}
	for _, owner := range k.owners {
		want(owner)
	}
	for _, c := range run {
		known := false
		for _, i := range lookedUp(c.Contact) {
			known = known || k.owners[keyOf(i)] != ""
		}
		if !known {
			want(c.ID)
		}
	}
	if err := k.read(ids); err != nil {
		return err
	}
	if err := k.readEvents(run); err != nil {
		return err
	}
	keys := map[string]bool{}
	var news []string
	for _, c := range run {
		for _, t := range c.Tags {
			key := tag.Key(t.Name)
			if !keys[key] && k.applier.tags[key] == nil {
				news = append(news, key)
			}
			keys[key] = true
		}
	}
	return k.lookUpTags(k.ctx, news)
}

// lookedUp returns all identities by which a contact is looked up.
func lookedUp(c visitor.Contact) []visitor.Identity {
	all := append(c.Identities(), c.Was...)
	return append(all, c.Variants...)
}

const (
	selectOwnersAll = "SELECT i.source, i.account, i.external_id, i.visitor_id FROM " + identityTable + " i WHERE i.ws = ? AND" +
		" (i.source, i.account, i.external_id) IN (SELECT u.source, u.account, u.external_id" +
		" FROM unnest(?::text[], ?::text[], ?::text[]) AS u (source, account, external_id))"
	selectOwnersListed = "SELECT i.source, i.account, i.external_id, i.visitor_id FROM json_each(?2) j" +
		" CROSS JOIN " + identityTable + " i INDEXED BY visitors_identity_account WHERE i.ws = ?1 AND" +
		" i.source = json_extract(j.value, '$[0]') AND i.account = json_extract(j.value, '$[1]') AND i.external_id = json_extract(j.value, '$[2]')"
)

func (k *keeper) readOwners(run []store.CaptureContact) error {
	var sources, accounts, externals []string
	var listed [][3]string
	for _, c := range run {
		for _, i := range lookedUp(c.Contact) {
			key := keyOf(i)
			if _, known := k.owners[key]; known {
				continue
			}
			k.owners[key] = ""
			sources, accounts, externals = append(sources, key.source), append(accounts, key.account), append(externals, key.external)
			listed = append(listed, [3]string{key.source, key.account, key.external})
		}
	}
	each := func(r row) error {
		var key identityKey
		var owner visitor.ID
		err := r.Scan(&key.source, &key.account, &key.external, into(&owner))
		k.owners[key] = owner
		return err
	}
	if _, ok := k.d.(Server); ok {
		return k.find(k.ctx, selectOwnersAll, each, sources, accounts, externals)
	}
	asked, err := json.Marshal(listed)
	if err != nil {
		return err
	}
	return k.find(k.ctx, selectOwnersListed, each, string(asked))
}

// readEvents reads which of the events were taken in before.
func (k *keeper) readEvents(run []store.CaptureContact) error {
	var keys []string
	for _, c := range run {
		if c.Contact.EventID == "" {
			continue
		}
		key := store.KeyOf(c.Contact)
		if _, known := k.known[key]; !known {
			k.known[key] = false
			keys = append(keys, keyText(key))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	q := k.from(capturedTable, "c", "c.key").Where(k.d.InIDs("c.key", keys))
	return k.fetch(k.ctx, q, func(r row) error {
		var key string
		if err := r.Scan(into(&key)); err != nil {
			return err
		}
		parsed, err := uuid.Parse(key)
		k.known[store.EventKey(parsed)] = true
		return err
	})
}
