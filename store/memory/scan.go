package memory

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// terms looks for each term where the longer ones were found.
func (r *run) terms(terms filter.Terms, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	longest := slices.SortedStableFunc(slices.Values(terms), func(a, b filter.Term) int {
		return cmp.Compare(len(b.Text), len(a.Text))
	})
	for _, t := range longest {
		needles := [][]byte{[]byte(t.Text)}
		if t.Digits != "" {
			needles = append(needles, appendPhone(nil, t.Digits))
		}
		var err error
		if within, err = r.w.text.search(r.ctx, within, needles...); err != nil || within.IsEmpty() {
			return within, err
		}
	}
	return within, nil
}

// test answers a condition for which there is no bitmap.
func (r *run) test(t *filter.Test, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if column, ok := r.w.column(t); ok {
		return r.between(t, column, within)
	}
	switch {
	case t.Field.Kind == filter.AttrKind:
		within = r.union(r.w.attributes.sets([]string{t.Attr}), within)
	case t.Field.Kind == filter.IdentityKind:
		var channels []*roaring.Bitmap
		for _, ref := range t.Refs {
			channels = append(channels, r.w.channels.sets([]string{string(ref.Source)})...)
		}
		within = r.union(channels, within)
	default:
		if needles := needles(t); needles != nil {
			var err error
			if within, err = r.w.text.search(r.ctx, within, needles...); err != nil {
				return nil, err
			}
		}
	}
	return r.check(t, within)
}

// needles returns texts of which the document of each match holds one: nil where that
// does not help.
func needles(t *filter.Test) [][]byte {
	var fold func(string) []byte
	switch t.Field.Name {
	case "name", "email":
		fold = func(s string) []byte { return []byte(s) }
	case "phone":
		fold = func(s string) []byte { return appendPhone(nil, s) }
	default:
		return nil
	}
	var before, after []byte
	switch t.Op {
	case filter.OpContains:
	case filter.OpPrefix:
		before = []byte{border}
	case filter.OpSuffix:
		after = []byte{border}
	case filter.OpIn:
		before, after = []byte{border}, []byte{border}
	default:
		return nil
	}
	var all [][]byte
	for _, s := range t.Texts {
		all = append(all, slices.Concat(before, fold(s), after))
	}
	return all
}

// check asks filter.MatchNode about each visitor within.
func (r *run) check(n filter.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	var hits []uint32
	read := 0
	for p := range within.Iterate {
		if read++; read%16 == 0 && r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
		r.show(r.w.records[p], n)
		if filter.MatchNode(n, &r.visitor) {
			hits = append(hits, p)
		}
	}
	found := roaring.New()
	found.AddMany(hits)
	return found, nil
}

// show makes r.visitor what n needs to know of a visitor.
func (r *run) show(of *record, n filter.Node) {
	t, ok := n.(*filter.Test)
	if !ok {
		r.visitor = of.visitor()
		return
	}
	switch t.Field.Kind {
	case filter.TextKind, filter.PhoneKind:
		r.visitor.Name, r.visitor.Email, r.visitor.Phone = of.name, of.email, of.phone
	case filter.IdentityKind:
		r.visitor.Identities = of.appendIdentities(r.visitor.Identities[:0])
	case filter.AttrKind:
		if r.visitor.Attributes == nil {
			r.visitor.Attributes = make(visitor.Attributes, 1)
		}
		for _, a := range of.attributes {
			if a.name.name == t.Attr {
				r.visitor.Attributes[t.Attr] = a.value
			}
		}
	default:
		r.visitor = of.visitor()
	}
}
