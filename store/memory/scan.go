package memory

import (
	"cmp"
	"math/bits"
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
		if within, err = e.w.text.search(e.ctx, within, needles...); err != nil {
			return nil, err
		}
	}
	return within, nil
}

// test evaluates a condition with its bitmaps or its column of times. If it has neither, it
// narrows within as far as possible and calls bound.Match for each visitor that is left.
func (e *evaluator) test(t *bound.Test, within *roaring.Bitmap) (*roaring.Bitmap, error) {
	if sets, ok := e.w.sets(t); ok {
		return e.union(sets, within), nil
	}
	if column := e.w.column(t); column != nil {
		return e.keep(within, func(p uint32) bool {
			return column[p] != 0 && (t.Op == bound.OpExists || t.HasTime(column[p]))
		})
	}
	if t.Field.Kind == bound.AttrKind {
		within = e.union(e.w.attributes.sets(t.Attr), within)
	} else if needles := needles(t); needles != nil {
		var err error
		if within, err = e.w.text.search(e.ctx, within, needles...); err != nil {
			return nil, err
		}
	}
	v := visitor.Visitor{Attributes: visitor.Attributes{}}
	return e.keep(within, func(p uint32) bool {
		e.w.records[p].fillTested(&v, t)
		return bound.Match(t, &v)
	})
}

// fillTested sets the field that t tests, which has no bitmap or column. That is faster than
// to copy the visitor.
func (r *record) fillTested(v *visitor.Visitor, t *bound.Test) {
	switch t.Field.Kind {
	case bound.IdentityKind:
		v.Identities = r.appendIdentities(v.Identities[:0])
	case bound.AttrKind:
		for _, a := range r.attributes {
			if a.name.text == t.Attr {
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

// keep returns the positions in within that match.
func (e *evaluator) keep(within *roaring.Bitmap, match func(uint32) bool) (*roaring.Bitmap, error) {
	read := 0
	words := within.ToDense()
	for i, word := range words {
		for ; word != 0; word &= word - 1 {
			if read++; read%16 == 0 && e.ctx.Err() != nil {
				return nil, e.ctx.Err()
			}
			if bit := bits.TrailingZeros64(word); !match(uint32(i*64 + bit)) {
				words[i] &^= 1 << bit
			}
		}
	}
	return roaring.FromDense(words, false), nil
}
