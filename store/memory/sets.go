package memory

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// sets returns bitmaps whose union is what t matches, or false if no such bitmaps exist.
func (w *workspace) sets(t *bound.Test) (sets []*roaring.Bitmap, ok bool) {
	switch t.Op {
	case bound.OpExists:
		if t.Field.Kind == bound.AttrKind {
			return w.attributes.sets(t.Attr), true
		}
		set, ok := map[string]*roaring.Bitmap{
			"email": w.withEmail, "phone": w.withPhone, "tag": w.withTag, "group": w.withGroup, "identity": w.withChannel,
			"inbox": w.withInbox,
		}[t.Field.Name]
		return []*roaring.Bitmap{set}, ok
	case bound.OpExcluded:
		for _, g := range w.groups.existing(t.Texts) {
			sets = append(sets, g.excluded)
		}
		return sets, true
	case bound.OpAll:
		if sets = w.members(t); len(sets) == len(t.Texts) {
			return []*roaring.Bitmap{roaring.FastAnd(sets...)}, true
		}
		return nil, true
	case bound.OpIn:
		switch t.Field.Kind {
		case bound.EnumKind:
			return w.sources.sets(t.Texts...), true
		case bound.TagKind, bound.GroupKind:
			return w.members(t), true
		case bound.IDKind:
			return []*roaring.Bitmap{w.withIDs(t.Texts)}, true
		case bound.IdentityKind:
			return w.identitySets(t.Refs)
		case bound.InboxKind:
			return w.inboxes.sets(t.Texts...), true
		}
	}
	return nil, false
}

// members returns the bitmaps of the tags or groups in t that exist.
func (w *workspace) members(t *bound.Test) (sets []*roaring.Bitmap) {
	if t.Field.Kind == bound.TagKind {
		for _, e := range w.tags.existing(t.Texts) {
			sets = append(sets, e.members)
		}
		return sets
	}
	for _, e := range w.groups.existing(t.Texts) {
		sets = append(sets, e.members)
	}
	return sets
}

func (w *workspace) withIDs(ids []string) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range ids {
		if p, r := w.lookup(visitor.ID(id)); r != nil {
			set.Add(p)
		}
	}
	return set
}

// identitySets is sets for identities. It returns false if one has an account but no
// external id, for which there is no bitmap.
func (w *workspace) identitySets(refs []bound.IdentityRef) (sets []*roaring.Bitmap, ok bool) {
	for _, ref := range refs {
		switch {
		case ref.ExternalID != "":
			sets = append(sets, w.withIdentity(ref))
		case ref.Account == "":
			sets = append(sets, w.channels.sets(string(ref.Source))...)
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
