package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/visitor"
)

// Known returns the positions of permissions, and of identities with an external id. It is a method of index.Owner.
func (w *workspace) Known(n bound.Node) *roaring.Bitmap {
	if p, ok := n.(*bound.Permission); ok {
		return w.permitted(p)
	}
	t, ok := n.(*bound.Test)
	if !ok || t.Field.Kind != bound.IdentityKind {
		return nil
	}
	known := roaring.New()
	for _, ref := range t.Refs {
		if ref.ExternalID == "" {
			return nil
		}
		w.addOwners(known, ref)
	}
	return known
}

// Name returns the folded name at p. It is a method of index.Owner.
func (w *workspace) Name(p uint32) []byte { return w.text.name(p) }

// Search searches the texts and, where that does not decide, calls bound.Match for each visitor
// that is left. It is a method of index.Owner.
func (w *workspace) Search(ctx context.Context, n bound.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if terms, ok := n.(bound.Terms); ok {
		return w.terms(ctx, terms, within)
	}
	t := n.(*bound.Test)
	if needles := needles(t); needles != nil {
		var err error
		if within, err = w.text.search(ctx, within, needles...); err != nil {
			return nil, err
		}
	}
	v := visitor.Visitor{Attributes: visitor.Attributes{}}
	return index.Keep(ctx, within, func(p uint32) bool {
		w.records[p].fillTested(&v, t)
		return bound.Match(t, &v)
	})
}

// terms searches for the longest term first, and for the others only where it was found.
func (w *workspace) terms(ctx context.Context, terms bound.Terms, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	longest := slices.SortedStableFunc(slices.Values(terms), func(a, b bound.Term) int {
		return cmp.Compare(len(b.Text), len(a.Text))
	})
	for _, t := range longest {
		needles := [][]byte{[]byte(t.Text)}
		if t.Digits != "" {
			needles = append(needles, appendPhone(nil, t.Digits))
		}
		var err error
		if within, err = w.text.search(ctx, within, needles...); err != nil {
			return nil, err
		}
	}
	return within, nil
}

// fillTested sets the field that t tests, which has no bitmap or column. That is faster than
// to copy the visitor.
func (r *record) fillTested(v *visitor.Visitor, t *bound.Test) {
	switch t.Field.Kind {
	case bound.IdentityKind:
		v.Identities = r.appendIdentities(v.Identities[:0])
	case bound.AttrKind:
		for _, a := range r.attributes {
			if a.name.Name == t.Attr {
				v.Attributes[t.Attr] = a.value
			}
		}
	default:
		v.Name, v.Email, v.Phone = r.name, r.email, r.phone
	}
}

// needles returns texts of which every match has one in its document. It returns nil if
// the condition is not about an indexed text.
func needles(t *bound.Test) (all [][]byte) {
	if t.Field.Kind != bound.TextKind && t.Field.Kind != bound.PhoneKind {
		return nil
	}
	for _, s := range t.Texts {
		needle := []byte(s)
		if t.Field.Kind == bound.PhoneKind {
			needle = appendPhone(nil, s)
		}
		if t.Op == bound.OpPrefix || t.Op == bound.OpIn {
			needle = slices.Insert(needle, 0, border)
		}
		if t.Op == bound.OpSuffix || t.Op == bound.OpIn {
			needle = append(needle, border)
		}
		all = append(all, needle)
	}
	return all
}
