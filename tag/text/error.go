package text

import "errors"

// ErrInvalid matches, with errors.Is, every error about input that is not valid.
var ErrInvalid = errors.New("invalid")

// FieldError is the error for the value of one field. It matches ErrInvalid. It never contains the
// value, which can be personal data.
type FieldError struct {
	Field  string // such as "email"
	Reason string // such as "no @"
}

// Error returns "field: reason".
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Is reports whether target is ErrInvalid.
func (e *FieldError) Is(target error) bool { return target == ErrInvalid }

// Refuse returns a *FieldError.
func Refuse(field, reason string) error { return &FieldError{Field: field, Reason: reason} }
