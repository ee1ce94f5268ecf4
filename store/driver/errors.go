package driver

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag/text"
)

// The errors that callers distinguish with errors.Is. Package store has the same variables.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrConflict = errors.New("changed by someone else")
	ErrInUse    = errors.New("in use")
	ErrInvalid  = text.ErrInvalid // matched by *visitor.FieldError and *filter.Error
	ErrClosed   = errors.New("store is closed")
	// ErrSuppressed: the address belongs to a person whose data was erased.
	ErrSuppressed = errors.New("the data of the person with this address was erased")
)

// Error says what the error is about. It unwraps to its cause.
type Error struct {
	Kind string // "visitor", "tag", "group" or "identity"
	Key  string // an id; never a name, an address or a number
	Err  error
}

// Error returns "kind key: cause", without an empty key.
func (e *Error) Error() string {
	if e.Key == "" {
		return e.Kind + ": " + e.Err.Error()
	}
	return e.Kind + " " + e.Key + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NotFound returns the error for something that does not exist.
func NotFound(kind, key string) error { return &Error{Kind: kind, Key: key, Err: ErrNotFound} }

// AlreadyExists returns the error for an id, key or identity that is taken.
func AlreadyExists(kind, key string) error { return &Error{Kind: kind, Key: key, Err: ErrExists} }

// InUseError refuses a change to a tag, group or topic that the rules of groups depend on. It
// matches ErrInUse.
type InUseError struct {
	Kind   string // "tag", "group" or "topic"
	Groups []group.ID
}

// Error returns how many groups depend on it.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use: groups with a rule that mentions it: %d", e.Kind, len(e.Groups))
}

// Is reports whether target is ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// ChangeError says which change of an Apply failed. None of the changes was made. It unwraps
// to its cause.
type ChangeError struct {
	Index int // of the change in the call
	Err   error
}

// Error returns "change 3: cause".
func (e *ChangeError) Error() string { return fmt.Sprintf("change %d: %s", e.Index, e.Err) }

// Unwrap returns the cause.
func (e *ChangeError) Unwrap() error { return e.Err }

// SchemaError says that the tables of a database are not those of this release. Packages
// sqlite and postgres return it.
type SchemaError struct {
	Version int // of the migration that is missing, unknown or different
	Reason  string
}

// Error returns "schema version 3: reason".
func (e *SchemaError) Error() string {
	return fmt.Sprintf("schema version %d: %s", e.Version, e.Reason)
}
