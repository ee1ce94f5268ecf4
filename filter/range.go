package filter

import (
	"cmp"
	"slices"
)

// Range is the values from Min to Max, both included.
type Range[T int64 | float64] struct{ Min, Max T }

// in reports whether v is in one of the ranges, which are in order.
func in[T int64 | float64](v T, ranges []Range[T]) bool {
	if len(ranges) == 1 {
		return v >= ranges[0].Min && v <= ranges[0].Max
	}
	i, found := slices.BinarySearchFunc(ranges, v, func(r Range[T], v T) int { return cmp.Compare(r.Min, v) })
	return found || i > 0 && v <= ranges[i-1].Max
}

// union returns what is in one of the ranges, in order, without ranges that overlap or lie
// step apart, and without empty ones.
func union[T int64 | float64](ranges []Range[T], step T) []Range[T] {
	ranges = slices.DeleteFunc(slices.Clone(ranges), func(r Range[T]) bool { return r.Min > r.Max })
	slices.SortFunc(ranges, func(a, b Range[T]) int { return cmp.Compare(a.Min, b.Min) })
	var joined []Range[T]
	for _, r := range ranges {
		if last := len(joined) - 1; last >= 0 && (r.Min <= joined[last].Max || r.Min-step <= joined[last].Max) {
			joined[last].Max = max(joined[last].Max, r.Max)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// common returns what is in a range of a and in one of b. Both are in order, and so is what
// it returns.
func common[T int64 | float64](a, b []Range[T]) []Range[T] {
	var both []Range[T]
	for len(a) > 0 && len(b) > 0 {
		r := Range[T]{max(a[0].Min, b[0].Min), min(a[0].Max, b[0].Max)}
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

// within reports whether each range of a lies in one of b.
func within[T int64 | float64](a, b []Range[T]) bool {
	for _, r := range a {
		i, found := slices.BinarySearchFunc(b, r.Min, func(r Range[T], v T) int { return cmp.Compare(r.Min, v) })
		if !found {
			i--
		}
		if i < 0 || r.Max > b[i].Max {
			return false
		}
	}
	return true
}
