package memory

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// owners finds visitors by channel and external id. The account is not part of the key,
// because filters may leave it open and few people have the same id on two accounts.
type owners struct {
	first map[ownerKey]uuid.UUID
	more  map[ownerKey][]uuid.UUID // those after the first
}

type ownerKey struct{ channel, externalID string }

func (i *identity) ownerKey() ownerKey { return ownerKey{i.channel.Name, i.externalID} }

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

func (o *owners) add(k ownerKey, id uuid.UUID) {
	if _, taken := o.first[k]; taken {
		o.more[k] = append(o.more[k], id)
	} else {
		o.first[k] = id
	}
}

func (o *owners) remove(k ownerKey, id uuid.UUID) {
	all := o.of(k)
	delete(o.first, k)
	delete(o.more, k)
	k.externalID = strings.Clone(k.externalID) // it is part of a string with the username of the deleted visitor
	n := slices.Index(all, id)
	for _, other := range slices.Delete(all, n, n+1) {
		o.add(k, other)
	}
}

// owner returns the visitor that has the identity, if there is one.
func (w *workspace) owner(i visitor.Identity) (uuid.UUID, bool) {
	for _, id := range w.owners.of(ownerKey{string(i.Source), i.ExternalID}) {
		for _, known := range w.record(id).identities {
			if known.account == i.Account && known.externalID == i.ExternalID && known.channel.Name == string(i.Source) {
				return id, true
			}
		}
	}
	return uuid.UUID{}, false
}

// record returns the visitor with that id, who exists.
func (w *workspace) record(id uuid.UUID) *record {
	p, _ := w.index.Position(id)
	return w.records[p]
}

// addOwners adds the positions of visitors with an external id, on any account if the reference
// names none.
func (w *workspace) addOwners(to *roaring.Bitmap, ref bound.IdentityRef) {
	key := ownerKey{string(ref.Source), ref.ExternalID}
	for _, id := range w.owners.of(key) {
		p, _ := w.index.Position(id)
		for _, i := range w.records[p].identities {
			if i.ownerKey() == key && (ref.Account == "" || ref.Account == i.account) {
				to.Add(p)
			}
		}
	}
}
