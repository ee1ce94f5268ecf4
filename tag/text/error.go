package text

import "errors"

// ErrInvalid is matched (errors.Is) by every error that refuses input.
var ErrInvalid = errors.New("invalid")

// FieldError refuses the value of one field. It matches ErrInvalid. It never
// repeats the value, which may be personal data.
type FieldError struct {
	Field  string // the field's name, e.g. "email"
	Reason string // why it was refused, e.g. "no @"
}

// Error returns "field: reason".
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Is reports whether target is ErrInvalid.
func (e *FieldError) Is(target error) bool { return target == ErrInvalid }

// Refuse returns a *FieldError.
func Refuse(field, reason string) error { return &FieldError{Field: field, Reason: reason} }
