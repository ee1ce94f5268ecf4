package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// The codes of errors in responses.
const (
	codeNotFound      = "not_found"
	codeExists        = "exists"
	codeConflict      = "conflict"
	codeInUse         = "in_use"
	codeJob           = "job"
	codeInvalid       = "invalid"
	codeFilterInvalid = "filter_invalid"
	codeClosed        = "closed"
	codeSuppressed    = "suppressed"
	codeDenied        = "denied"
	codePlatformOwned = "platform_owned"
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

// errorForm is an error of a store as JSON. The client converts it to the same error.
type errorForm struct {
	Status  int        `json:"-"`
	Code    string     `json:"code"`
	Kind    string     `json:"kind,omitempty"`
	Key     string     `json:"key,omitempty"`
	Index   *int       `json:"index,omitempty"` // of the change that failed
	Field   string     `json:"field,omitempty"`
	Path    string     `json:"path,omitempty"`    // of a filter.Error
	Pointer string     `json:"pointer,omitempty"` // of a filter.Error
	Reason  string     `json:"reason,omitempty"`
	Groups  []group.ID `json:"groups,omitempty"` // of an InUseError
}

func writeError(err error) errorForm {
	var (
		form    errorForm
		change  *driver.ChangeError
		about   *driver.Error
		field   *visitor.FieldError
		refused *filter.Error
		own     refusal
		inUse   *driver.InUseError
		job     *driver.JobError
	)
	if errors.As(err, &change) {
		form.Index = &change.Index
	}
	if errors.As(err, &about) {
		form.Kind, form.Key = about.Kind, about.Key
	}
	switch {
	case errors.As(err, &own):
		form.Status, form.Code, form.Reason = own.status, own.code, own.reason
	case errors.As(err, &inUse):
		form.Status, form.Code, form.Kind, form.Groups = http.StatusConflict, codeInUse, inUse.Kind, inUse.Groups
	case errors.As(err, &job):
		form.Status, form.Code, form.Key, form.Reason = http.StatusConflict, codeJob, string(job.ID), job.Reason
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

// sentinels are the errors that have no fields.
var sentinels = []struct {
	err    error
	code   string
	status int
}{
	{driver.ErrNotFound, codeNotFound, http.StatusNotFound},
	{driver.ErrExists, codeExists, http.StatusConflict},
	{driver.ErrConflict, codeConflict, http.StatusConflict},
	{driver.ErrInvalid, codeInvalid, http.StatusUnprocessableEntity},
	{driver.ErrSuppressed, codeSuppressed, http.StatusConflict},
	{consent.ErrDenied, codeDenied, http.StatusConflict},
	{consent.ErrPlatformOwned, codePlatformOwned, http.StatusConflict},
	{driver.ErrClosed, codeClosed, http.StatusServiceUnavailable},
}

// err returns the error that f was made from.
func (f errorForm) err() error {
	err := f.cause()
	if f.Code != codeInUse && f.Code != codeJob && cmp.Or(f.Kind, f.Key) != "" {
		err = &driver.Error{Kind: f.Kind, Key: f.Key, Err: err}
	}
	if f.Index != nil {
		err = &driver.ChangeError{Index: *f.Index, Err: err}
	}
	return err
}

func (f errorForm) cause() error {
	switch {
	case f.Code == codeInUse:
		return &driver.InUseError{Kind: f.Kind, Groups: f.Groups}
	case f.Code == codeJob:
		return &driver.JobError{ID: driver.JobID(f.Key), Reason: f.Reason}
	case f.Code == codeFilterInvalid:
		return &filter.Error{Path: f.Path, Pointer: f.Pointer, Reason: f.Reason}
	case f.Code == codeInvalid && f.Field != "":
		return &visitor.FieldError{Field: f.Field, Reason: f.Reason}
	case f.Code == codeTimeout:
		return fmt.Errorf("the server stopped waiting: %w", context.DeadlineExceeded)
	case f.Code == "":
		return fmt.Errorf("the server answered %d; it is not a handler of this protocol version", f.Status)
	}
	for _, s := range sentinels {
		if f.Code == s.code {
			return s.err
		}
	}
	return fmt.Errorf("the server answered %d, %s: %s", f.Status, f.Code, cmp.Or(f.Reason, "no reason given"))
}
