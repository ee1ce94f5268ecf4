package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// The codes of errors.
const (
	codeNotFound      = "not_found"
	codeExists        = "exists"
	codeConflict      = "conflict"
	codeInvalid       = "invalid"
	codeFilterInvalid = "filter_invalid"
	codeClosed        = "closed"
	codeTimeout       = "timeout"
	codeForbidden     = "forbidden"
	codeMalformed     = "malformed"
	codeTooLarge      = "too_large"
	codeInternal      = "internal"
)

// refusal is an error of the handler itself.
type refusal struct {
	status int
	code   string
	reason string
}

func (r refusal) Error() string { return r.reason }

func malformed(reason string) refusal {
	return refusal{http.StatusBadRequest, codeMalformed, reason}
}

// errorForm is an error of a store as JSON, from which the client makes the same error.
type errorForm struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Op      string `json:"op,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Key     string `json:"key,omitempty"`
	Index   *int   `json:"index,omitempty"` // of the change that failed
	Field   string `json:"field,omitempty"`
	Path    string `json:"path,omitempty"`    // of a filter.Error
	Pointer string `json:"pointer,omitempty"` // of a filter.Error
	Reason  string `json:"reason,omitempty"`
}

func writeError(err error) errorForm {
	var (
		form    errorForm
		change  *store.ChangeError
		about   *store.Error
		field   *visitor.FieldError
		refused *filter.Error
		own     refusal
	)
	if errors.As(err, &change) {
		form.Index = &change.Index
	}
	if errors.As(err, &about) {
		form.Op, form.Kind, form.Key = about.Op, about.Kind, about.Key
	}
	switch {
	case errors.As(err, &own):
		form.Status, form.Code, form.Reason = own.status, own.code, own.reason
	case errors.As(err, &refused):
		form.Status, form.Code = http.StatusUnprocessableEntity, codeFilterInvalid
		form.Path, form.Pointer, form.Reason = refused.Path, refused.Pointer, refused.Reason
	case errors.As(err, &field):
		form.Status, form.Code = http.StatusUnprocessableEntity, codeInvalid
		form.Field, form.Reason = field.Field, field.Reason
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		form.Status, form.Code = http.StatusGatewayTimeout, codeTimeout
	default:
		form.Status, form.Code = http.StatusInternalServerError, codeInternal
		for _, s := range sentinels {
			if errors.Is(err, s.err) {
				form.Status, form.Code = s.status, s.code
			}
		}
	}
	return form
}

// sentinels are the errors that need nothing but a code.
var sentinels = []struct {
	err    error
	code   string
	status int
}{
	{store.ErrNotFound, codeNotFound, http.StatusNotFound},
	{store.ErrExists, codeExists, http.StatusConflict},
	{store.ErrConflict, codeConflict, http.StatusConflict},
	{store.ErrInvalid, codeInvalid, http.StatusUnprocessableEntity},
	{store.ErrClosed, codeClosed, http.StatusServiceUnavailable},
}

// err is the error that f was written from.
func (f errorForm) err() error {
	err := f.cause()
	if cmp.Or(f.Op, f.Kind, f.Key) != "" {
		err = &store.Error{Op: f.Op, Kind: f.Kind, Key: f.Key, Err: err}
	}
	if f.Index != nil {
		err = &store.ChangeError{Index: *f.Index, Err: err}
	}
	return err
}

func (f errorForm) cause() error {
	switch {
	case f.Code == codeFilterInvalid:
		return &filter.Error{Path: f.Path, Pointer: f.Pointer, Reason: f.Reason}
	case f.Code == codeInvalid && f.Field != "":
		return &visitor.FieldError{Field: f.Field, Reason: f.Reason}
	case f.Code == codeTimeout:
		return fmt.Errorf("the server stopped waiting: %w", context.DeadlineExceeded)
	case f.Code == "":
		return fmt.Errorf("the server answered %d, which is not from a handler of this version", f.Status)
	}
	for _, s := range sentinels {
		if f.Code == s.code {
			return s.err
		}
	}
	return fmt.Errorf("the server answered %d, %s: %s", f.Status, f.Code, cmp.Or(f.Reason, "no reason given"))
}
