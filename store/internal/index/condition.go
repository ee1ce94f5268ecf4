package index

import (
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
)

// setKinds is the kinds of the sets that conditions on a kind of field are about.
var setKinds = map[bound.Kind]Kind{
	bound.EnumKind: Source, bound.TagKind: Tag, bound.GroupKind: Group, bound.IdentityKind: Channel,
	bound.InboxKind: Inbox,
}

// known returns bitmaps whose union is what a Test, Terms or a Permission matches. It returns false if there are
// none, because the condition needs a search, or n is another kind of node.
func (x *Index) known(n bound.Node) (sets []*roaring.Bitmap, ok bool) {
	switch n := n.(type) {
	case *bound.Test:
		if sets, ok = x.test(n); ok {
			return sets, true
		}
	case bound.Terms, *bound.Permission:
	default:
		return nil, false
	}
	set := x.owner.Known(n)
	return []*roaring.Bitmap{set}, set != nil
}

// test is known for a Test that the index can answer.
func (x *Index) test(t *bound.Test) (sets []*roaring.Bitmap, ok bool) {
	kind, hasKind := setKinds[t.Field.Kind]
	switch t.Op {
	case bound.OpExists:
		switch {
		case hasKind:
			return []*roaring.Bitmap{x.kinds[kind].any}, true
		case t.Field.Kind == bound.AttrKind:
			return x.existing(Attribute, t.Attr), true
		case t.Field.Kind == bound.TextKind, t.Field.Kind == bound.PhoneKind:
			return x.existing(Text, t.Field.Name), true
		case t.Field.Kind == bound.IDKind:
			return []*roaring.Bitmap{x.live}, true
		}
	case bound.OpExcluded:
		return x.existing(Excluded, t.Texts...), true
	case bound.OpAll:
		if sets = x.existing(kind, t.Texts...); len(sets) < len(t.Texts) {
			return nil, true
		}
		return []*roaring.Bitmap{roaring.FastAnd(sets...)}, true
	case bound.OpIn:
		switch {
		case t.Field.Kind == bound.IdentityKind:
			return x.identities(t)
		case t.Field.Kind == bound.IDKind:
			return []*roaring.Bitmap{x.withIDs(t.Texts)}, true
		case hasKind:
			return x.existing(kind, t.Texts...), true
		}
	}
	return nil, false
}

// identities is test for identities. The owner is asked for those of one account or person.
func (x *Index) identities(t *bound.Test) (sets []*roaring.Bitmap, ok bool) {
	single := &bound.Test{Field: t.Field, Op: t.Op}
	for _, ref := range t.Refs {
		if ref.Account == "" && ref.ExternalID == "" {
			sets = append(sets, x.existing(Channel, string(ref.Source))...)
		} else {
			single.Refs = append(single.Refs, ref)
		}
	}
	if single.Refs == nil {
		return sets, true
	}
	known := x.owner.Known(single)
	return append(sets, known), known != nil
}

func (x *Index) withIDs(ids []string) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range ids {
		if parsed, err := uuid.Parse(id); err == nil {
			if p, ok := x.Position(parsed); ok {
				set.Add(p)
			}
		}
	}
	return set
}
