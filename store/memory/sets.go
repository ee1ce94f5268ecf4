package memory

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

// sets returns bitmaps whose union is what n matches, or false if no such bitmaps exist.
func (e *evaluator) sets(n bound.Node) ([]*roaring.Bitmap, bool) {
	switch n := n.(type) {
	case *bound.Test:
		if n.Op == bound.OpExists {
			return e.w.existsSets(n)
		}
		return e.w.inSets(n)
	case bound.AnyOf:
		var all []*roaring.Bitmap
		for _, child := range n {
			sets, ok := e.sets(child)
			if !ok {
				return nil, false
			}
			all = append(all, sets...)
		}
		return all, true
	}
	return nil, false
}

// existsSets is sets for OpExists.
func (w *workspace) existsSets(t *bound.Test) ([]*roaring.Bitmap, bool) {
	var set *roaring.Bitmap
	switch t.Field.Name {
	case "tag":
		set = w.withTag
	case "group":
		set = w.withGroup
	case "email":
		set = w.withEmail
	case "phone":
		set = w.withPhone
	case "identity":
		set = w.withChannel
	case "attr":
		return w.attributes.sets([]string{t.Attr}), true
	default:
		return nil, false
	}
	return []*roaring.Bitmap{set}, true
}

// inSets is sets for OpIn and OpExcluded.
func (w *workspace) inSets(t *bound.Test) ([]*roaring.Bitmap, bool) {
	switch {
	case t.Field.Name == "group" && t.Op == bound.OpExcluded:
		return catalogSets(&w.groups, t.Texts, func(g *entry[group.Group]) *roaring.Bitmap { return g.excluded }), true
	case t.Op != bound.OpIn:
		return nil, false
	}
	switch t.Field.Name {
	case "source":
		return w.sources.sets(t.Texts), true
	case "tag", "group":
		return w.catalogSetsOf(t), true
	case "id":
		set := roaring.New()
		for _, id := range t.Texts {
			if p, r := w.lookup(visitor.ID(id)); r != nil {
				set.Add(p)
			}
		}
		return []*roaring.Bitmap{set}, true
	case "identity":
		return w.identitySets(t.Refs)
	}
	return nil, false
}

// catalogSetsOf returns the bitmaps of the tags or groups in t that exist.
func (w *workspace) catalogSetsOf(t *bound.Test) []*roaring.Bitmap {
	if t.Field.Kind == bound.TagKind {
		return catalogSets(&w.tags, t.Texts, members)
	}
	return catalogSets(&w.groups, t.Texts, members)
}

// rarest returns the number of visitors with the rarest tag, or in the smallest group, in t.
func (w *workspace) rarest(t *bound.Test) uint64 {
	sets := w.catalogSetsOf(t)
	if len(sets) < len(t.Texts) {
		return 0
	}
	least := uint64(math.MaxUint64)
	for _, set := range sets {
		least = min(least, set.GetCardinality())
	}
	return least
}

// identitySets is sets for identities. It returns false if one has an account but no
// external id, for which there is no bitmap.
func (w *workspace) identitySets(refs []bound.IdentityRef) ([]*roaring.Bitmap, bool) {
	var sets []*roaring.Bitmap
	for _, ref := range refs {
		channel := w.channels.sets([]string{string(ref.Source)})
		switch {
		case ref.ExternalID != "":
			sets = append(sets, w.withIdentity(ref))
		case ref.Account == "" || len(channel) == 0:
			sets = append(sets, channel...)
		default:
			return nil, false
		}
	}
	return sets, true
}

func (w *workspace) withIdentity(ref bound.IdentityRef) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range w.owners.of(ownerKey{string(ref.Source), ref.ExternalID}) {
		p := w.ids[id]
		for _, i := range w.records[p].identities {
			if i.externalID == ref.ExternalID && i.channel.text == string(ref.Source) && (ref.Account == "" || ref.Account == i.account) {
				set.Add(p)
			}
		}
	}
	return set
}

func members[T any](e *entry[T]) *roaring.Bitmap { return e.members }

func catalogSets[T any](c *catalog[T], ids []string, set func(*entry[T]) *roaring.Bitmap) []*roaring.Bitmap {
	var sets []*roaring.Bitmap
	for _, id := range ids {
		if e := c.byID[id]; e != nil {
			sets = append(sets, set(e))
		}
	}
	return sets
}
