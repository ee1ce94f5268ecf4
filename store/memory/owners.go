package memory

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/visitor"
)

// owners finds visitors by channel and external id. The account is not part of the key,
// because filters may leave it open and few people have the same id on two accounts.
type owners struct {
	first map[ownerKey]uuid.UUID
	more  map[ownerKey][]uuid.UUID // those after the first
}

type ownerKey struct{ channel, externalID string }

func newOwners() owners {
	return owners{map[ownerKey]uuid.UUID{}, map[ownerKey][]uuid.UUID{}}
}

// of returns the ids of the visitors with that key, one for each account.
func (o *owners) of(k ownerKey) []uuid.UUID {
	first, ok := o.first[k]
	if !ok {
		return nil
	}
	return append([]uuid.UUID{first}, o.more[k]...)
}

func (o *owners) add(i identity, id uuid.UUID) {
	k := ownerKey{i.channel.text, i.externalID}
	if _, taken := o.first[k]; taken {
		o.more[k] = append(o.more[k], id)
		return
	}
	o.first[k] = id
}

func (o *owners) remove(i identity, id uuid.UUID) {
	k := ownerKey{i.channel.text, i.externalID}
	all := o.of(k)
	at := slices.Index(all, id)
	all = slices.Delete(all, at, at+1)
	delete(o.first, k)
	delete(o.more, k)
	k.externalID = strings.Clone(k.externalID) // it is part of a string with the username of the deleted visitor
	for n, id := range all {
		if n == 0 {
			o.first[k] = id
		} else {
			o.more[k] = append(o.more[k], id)
		}
	}
}

// owner returns the visitor that has the identity, if there is one.
func (w *workspace) owner(i visitor.Identity) (uuid.UUID, bool) {
	for _, id := range w.owners.of(ownerKey{string(i.Source), i.ExternalID}) {
		for _, known := range w.records[w.ids[id]].identities {
			if known.account == i.Account && known.externalID == i.ExternalID && known.channel.text == string(i.Source) {
				return id, true
			}
		}
	}
	return uuid.UUID{}, false
}
