package bound

import (
	"cmp"
	"slices"

	"github.com/contactpipeline/visitors/visitor"
)

// IdentityRef is an operand on identities. An empty Account or ExternalID means any.
type IdentityRef struct {
	Source     visitor.Source `json:"source"`
	Account    string         `json:"account,omitempty"`
	ExternalID string         `json:"external_id,omitempty"`
}

// Compare returns -1, 0 or 1: the order by source, account, external id.
func (r IdentityRef) Compare(other IdentityRef) int {
	return cmp.Or(
		cmp.Compare(r.Source, other.Source),
		cmp.Compare(r.Account, other.Account),
		cmp.Compare(r.ExternalID, other.ExternalID),
	)
}

// Range is the values from Min to Max, both included.
type Range[T int64 | float64] struct{ Min, Max T }

// in reports whether v is in one of the ranges, which are sorted.
func in[T int64 | float64](v T, ranges []Range[T]) bool {
	if len(ranges) == 1 {
		return v >= ranges[0].Min && v <= ranges[0].Max
	}
	i, found := slices.BinarySearchFunc(ranges, v, func(r Range[T], v T) int { return cmp.Compare(r.Min, v) })
	return found || i > 0 && v <= ranges[i-1].Max
}
