package filter

import (
	"cmp"
	"slices"

	"github.com/contactpipeline/visitors/filter/bound"
)

// compared returns the values, of all, that op selects when it compares them with the operands.
// before and after return the value next to another.
func compared[T int64 | float64](
	op Op, operands []bound.Range[T], all bound.Range[T], before, after func(T) T,
) []bound.Range[T] {
	if len(operands) == 0 {
		return nil
	}
	switch first := operands[0]; op {
	case OpLess:
		all.Max = before(first.Min)
	case OpAtMost:
		all.Max = first.Max
	case OpGreater:
		all.Min = after(first.Max)
	case OpAtLeast:
		all.Min = first.Min
	case OpBetween:
		all.Min, all.Max = first.Min, operands[1].Max
	default:
		return operands
	}
	return []bound.Range[T]{all}
}

// union returns the values that are in one of the ranges, as sorted ranges that neither
// overlap nor lie step apart, without empty ones.
func union[T int64 | float64](ranges []bound.Range[T], step T) []bound.Range[T] {
	ranges = slices.DeleteFunc(slices.Clone(ranges), func(r bound.Range[T]) bool { return r.Min > r.Max })
	slices.SortFunc(ranges, func(a, b bound.Range[T]) int { return cmp.Compare(a.Min, b.Min) })
	var joined []bound.Range[T]
	for _, r := range ranges {
		if last := len(joined) - 1; last >= 0 && (r.Min <= joined[last].Max || r.Min-step <= joined[last].Max) {
			joined[last].Max = max(joined[last].Max, r.Max)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// common returns the values that are both in a range of a and in one of b, sorted. Its
// arguments must be sorted.
func common[T int64 | float64](a, b []bound.Range[T]) []bound.Range[T] {
	var both []bound.Range[T]
	for len(a) > 0 && len(b) > 0 {
		r := bound.Range[T]{Min: max(a[0].Min, b[0].Min), Max: min(a[0].Max, b[0].Max)}
		if r.Min <= r.Max {
			both = append(both, r)
		}
		if a[0].Max < b[0].Max {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}

// within reports whether each range of a lies in one range of b. Both must be sorted.
func within[T int64 | float64](a, b []bound.Range[T]) bool {
	for _, r := range a {
		i, found := slices.BinarySearchFunc(b, r.Min, func(r bound.Range[T], v T) int { return cmp.Compare(r.Min, v) })
		if !found {
			i--
		}
		if i < 0 || r.Max > b[i].Max {
			return false
		}
	}
	return true
}
