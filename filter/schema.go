package filter

import "slices"

// Operands returns the kinds of values that op takes on the field; none for OpExists
// and for an operator that the field does not have.
func (f Field) Operands(op Op) []ValueKind {
	if op == OpExists || !slices.Contains(f.Ops, op) {
		return nil
	}
	return slices.Clone(operands(f.Kind, op))
}
