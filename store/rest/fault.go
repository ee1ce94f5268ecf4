package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// fault is an error of a store as JSON, such that the other end has the same error. It is
// a problem, with what a store's errors tell beside.
type fault struct {
	Problem
	Op    string `json:"op,omitempty"`
	Index *int   `json:"index,omitempty"` // of the change that failed
	Path  string `json:"path,omitempty"`  // of a filter.Error
}

func faultOf(err error) fault {
	f := fault{Problem: *problemOf(err)}
	f.Title = http.StatusText(f.Status)
	var change *store.ChangeError
	if errors.As(err, &change) {
		f.Index = &change.Index
	}
	var about *store.Error
	if errors.As(err, &about) {
		f.Op, f.Kind, f.ID = about.Op, about.Kind, about.Key
	}
	var field *visitor.FieldError
	if errors.As(err, &field) {
		f.Field, f.Detail = field.Field, field.Reason
	}
	var refused *filter.Error
	if errors.As(err, &refused) {
		f.Path = refused.Path
	}
	return f
}

// err is the error that f was written from.
func (f fault) err() error {
	err := f.cause()
	if f.Op != "" || f.Kind != "" || f.ID != "" {
		err = &store.Error{Op: f.Op, Kind: f.Kind, Key: f.ID, Err: err}
	}
	if f.Index != nil {
		err = &store.ChangeError{Index: *f.Index, Err: err}
	}
	return err
}

func (f fault) cause() error {
	switch f.Code {
	case CodeNotFound:
		return store.ErrNotFound
	case CodeExists:
		return store.ErrExists
	case CodeConflict:
		return store.ErrConflict
	case CodeClosed:
		return store.ErrClosed
	case CodeFilterInvalid:
		return &filter.Error{Path: f.Path, Pointer: f.Pointer, Reason: f.Detail}
	case CodeInvalid:
		if f.Field != "" {
			return &visitor.FieldError{Field: f.Field, Reason: f.Detail}
		}
		return store.ErrInvalid
	case CodeTimeout:
		return fmt.Errorf("the server gave up: %w", context.DeadlineExceeded)
	case "":
		return fmt.Errorf("the server answered %d, which is not the answer of a store", f.Status)
	}
	return fmt.Errorf("the server answered %d, %s", f.Status, f.Code)
}
