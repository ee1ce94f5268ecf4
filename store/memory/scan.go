package memory

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
)

// terms searches for the longest term first, and for the others only where it was found.
func (e *evaluator) terms(terms bound.Terms, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	longest := slices.SortedStableFunc(slices.Values(terms), func(a, b bound.Term) int {
		return cmp.Compare(len(b.Text), len(a.Text))
	})
	for _, t := range longest {
		needles := [][]byte{[]byte(t.Text)}
		if t.Digits != "" {
			needles = append(needles, appendPhone(nil, t.Digits))
		}
		var err error
		if within, err = e.w.text.search(e.ctx, within, needles...); err != nil || within.IsEmpty() {
			return within, err
		}
	}
	return within, nil
}

// test evaluates a condition for which there is no bitmap.
func (e *evaluator) test(t *bound.Test, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if column, ok := e.w.column(t); ok {
		return e.between(t, column, within)
	}
	switch {
	case t.Field.Kind == bound.AttrKind:
		within = e.union(e.w.attributes.sets([]string{t.Attr}), within)
	case t.Field.Kind == bound.IdentityKind:
		var channels []*roaring.Bitmap
		for _, ref := range t.Refs {
			channels = append(channels, e.w.channels.sets([]string{string(ref.Source)})...)
		}
		within = e.union(channels, within)
	default:
		if needles := needles(t); needles != nil {
			var err error
			if within, err = e.w.text.search(e.ctx, within, needles...); err != nil {
				return nil, err
			}
		}
	}
	return e.check(t, within)
}

// needles returns texts of which every match has one in its document. It returns nil if
// the condition is not about an indexed text.
func needles(t *bound.Test) [][]byte {
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
	case bound.OpContains:
	case bound.OpPrefix:
		before = []byte{border}
	case bound.OpSuffix:
		after = []byte{border}
	case bound.OpIn:
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

// check calls bound.Match for each visitor in within.
func (e *evaluator) check(n bound.Node, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	var hits []uint32
	read := 0
	for p := range within.Iterate {
		if read++; read%16 == 0 && e.ctx.Err() != nil {
			return nil, e.ctx.Err()
		}
		e.load(e.w.records[p], n)
		if bound.Match(n, &e.visitor) {
			hits = append(hits, p)
		}
	}
	found := roaring.New()
	found.AddMany(hits)
	return found, nil
}

// load sets e.visitor to the visitor of a record. For the common fields it sets only the
// field that n tests, which is faster.
func (e *evaluator) load(r *record, n bound.Node) {
	t, ok := n.(*bound.Test)
	if !ok {
		e.visitor = r.visitor()
		return
	}
	switch t.Field.Name {
	case "name":
		e.visitor.Name = r.name
	case "email":
		e.visitor.Email = r.email
	case "phone":
		e.visitor.Phone = r.phone
	case "identity":
		e.visitor.Identities = r.appendIdentities(e.visitor.Identities[:0])
	case "attr":
		if e.visitor.Attributes == nil {
			e.visitor.Attributes = make(visitor.Attributes, 1)
		}
		for _, a := range r.attributes {
			if a.name.text == t.Attr {
				e.visitor.Attributes[t.Attr] = a.value
			}
		}
	default:
		e.visitor = r.visitor()
	}
}
