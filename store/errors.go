package store

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/tag/text"
)

// The errors that callers tell apart, with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	ErrConflict = errors.New("changed by someone else")
	ErrInvalid  = text.ErrInvalid // matched by *visitor.FieldError, *filter.Error and their like
	ErrClosed   = errors.New("store is closed")
)

// Error tells what was being done to what. It unwraps to its cause.
type Error struct {
	Op   string // e.g. "update visitor"
	Kind string // of the thing the error is about: "visitor", "tag", "group", "identity"
	Key  string // its id; never a name, an address or a number
	Err  error
}

// Error returns "op: kind key: cause" without the parts that are empty.
func (e *Error) Error() string {
	s := e.Op
	if e.Kind != "" {
		s = join(s, e.Kind)
		if e.Key != "" {
			s += " " + e.Key
		}
	}
	return join(s, e.Err.Error())
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ChangeError says which change of an Apply failed; none of them was made.
type ChangeError struct {
	Index int // of the change in the call
	Err   error
}

// Error returns "change 3: cause".
func (e *ChangeError) Error() string { return fmt.Sprintf("change %d: %s", e.Index, e.Err) }

// Unwrap returns the cause.
func (e *ChangeError) Unwrap() error { return e.Err }

// Missed returns the error of a thing that is not there.
func Missed(kind, key string) error { return &Error{Kind: kind, Key: key, Err: ErrNotFound} }

// Taken returns the error of a thing that is there already.
func Taken(kind, key string) error { return &Error{Kind: kind, Key: key, Err: ErrExists} }
