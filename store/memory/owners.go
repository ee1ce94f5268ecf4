package memory

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/visitor"
)

// owners finds visitors by channel and external id. The account is left out, since
// filters may leave it open; few people have the same id on two accounts.
type owners struct {
	first map[reference]uuid.UUID
	more  map[reference][]uuid.UUID
}

type reference struct{ channel, externalID string }

func newOwners() owners {
	return owners{map[reference]uuid.UUID{}, map[reference][]uuid.UUID{}}
}

// of returns the ids of those known by r, one for each account.
func (o *owners) of(r reference) []uuid.UUID {
	first, ok := o.first[r]
	if !ok {
		return nil
	}
	return append([]uuid.UUID{first}, o.more[r]...)
}

func (o *owners) add(i identity, id uuid.UUID) {
	r := reference{i.channel.name, i.externalID}
	if _, taken := o.first[r]; taken {
		o.more[r] = append(o.more[r], id)
		return
	}
	o.first[r] = id
}

func (o *owners) drop(i identity, id uuid.UUID) {
	r := reference{i.channel.name, i.externalID}
	all := o.of(r)
	at := slices.Index(all, id)
	all = slices.Delete(all, at, at+1)
	delete(o.first, r)
	delete(o.more, r)
	r.externalID = strings.Clone(r.externalID) // not a part of what the one who left was known by
	for n, id := range all {
		if n == 0 {
			o.first[r] = id
		} else {
			o.more[r] = append(o.more[r], id)
		}
	}
}

// owner returns the visitor that has the identity, or false.
func (w *workspace) owner(i visitor.Identity) (uuid.UUID, bool) {
	for _, id := range w.owners.of(reference{string(i.Source), i.ExternalID}) {
		for _, known := range w.records[w.ids[id]].identities {
			if known.account == i.Account && known.externalID == i.ExternalID && known.channel.name == string(i.Source) {
				return id, true
			}
		}
	}
	return uuid.UUID{}, false
}
