package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
)

// The errors that callers distinguish with errors.Is.
var (
	ErrNotFound = driver.ErrNotFound
	ErrExists   = driver.ErrExists
	ErrConflict = driver.ErrConflict // changed by someone else since it was read
	ErrInUse    = driver.ErrInUse    // a tag or group that the rules of groups depend on; an *InUseError
	ErrInvalid  = driver.ErrInvalid  // matched by *visitor.FieldError and *filter.Error
	ErrClosed   = driver.ErrClosed   // the store is closed
	// ErrSuppressed: a visitor would get an address of a person whose data was erased; see Erase.
	ErrSuppressed = driver.ErrSuppressed
)

// Error is the error of every Workspace method. It unwraps to its cause, so errors.Is and
// errors.As find the sentinels and typed errors.
type Error struct {
	Op   string // e.g. "update visitor"
	Kind string // "visitor", "tag", "group", "identity", "address", "topic", "audience", "erasure", "job" …, or ""
	Key  string // an id, or ""; never a name, an address or a number
	Err  error
}

// Error returns "op: kind key: cause" without the parts that are empty.
func (e *Error) Error() string {
	about := e.Kind
	if about != "" && e.Key != "" {
		about += " " + e.Key
	}
	return join(join(e.Op, about), e.Err.Error())
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// InUseError refuses to delete a tag or group that the rules of groups mention, or to give
// such a group a rule: the segments would change silently. It matches ErrInUse.
type InUseError struct {
	Kind   string     // "tag", "group" or "topic"
	Groups []group.ID // the groups whose rules mention it
}

// Error returns the number of groups that depend on it.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use: groups with a rule that mentions it: %d", e.Kind, len(e.Groups))
}

// Is reports whether target is ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// JobError says why a job cannot be started, canceled, undone or deleted now: for example its plan
// has expired, or another call works on it. It matches ErrConflict.
type JobError struct {
	ID     JobID
	Reason string
}

// Error returns the reason.
func (e *JobError) Error() string { return e.Reason }

// Is reports whether target is ErrConflict.
func (e *JobError) Is(target error) bool { return target == ErrConflict }

// fail adds the operation to an error. The context's errors are returned as they are.
func fail(op string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	switch err := err.(type) { // not modified, as a store can return one error to several callers
	case *Error:
		return &Error{Op: join(op, err.Op), Kind: err.Kind, Key: err.Key, Err: err.Err}
	case *driver.Error:
		return &Error{Op: op, Kind: err.Kind, Key: err.Key, Err: err.Err}
	case *driver.JobError:
		return &Error{Op: op, Kind: "job", Key: string(err.ID), Err: (*JobError)(err)}
	case *driver.InUseError:
		return &Error{Op: op, Err: (*InUseError)(err)}
	}
	return &Error{Op: op, Err: err}
}
