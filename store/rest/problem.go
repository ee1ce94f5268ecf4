package rest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Code identifies a kind of error for programs. Later versions can add codes; a code never
// changes its meaning.
type Code string

// The codes of problems, with their HTTP status.
const (
	CodeInvalid       Code = "invalid"             // 422: Field is not valid; Detail has the reason
	CodeMalformed     Code = "malformed"           // 400: the body is missing or is not JSON
	CodeFilterSyntax  Code = "filter_syntax"       // 422: the text is not a filter; the error is at Position
	CodeFilterInvalid Code = "filter_invalid"      // 422: the filter is not valid, at Pointer
	CodeUnknownTag    Code = "unknown_tag"         // 422: the filter names a tag that does not exist
	CodeUnknownGroup  Code = "unknown_group"       // 422: the filter names a group that does not exist
	CodeUnknownJob    Code = "unknown_job"         // 422: the filter names a job that does not exist
	CodeNotFound      Code = "not_found"           // 404: Kind and ID do not exist
	CodeExists        Code = "exists"              // 409: the name or identity is in use, by ID
	CodeConflict      Code = "conflict"            // 409: changed since it was read
	CodeSuppressed    Code = "suppressed"          // 409: the address is of a person whose data was erased
	CodePlatform      Code = "platform_owned"      // 409: only the channel changes this state
	CodeDenied        Code = "denied"              // 409: only the person can lift a denial
	CodeJobState      Code = "job_state"           // 409: the job cannot be run, canceled, undone or deleted now; Detail has the reason
	CodeInUse         Code = "in_use"              // 409: the rules of Groups mention the tag, group or topic
	CodePrecondition  Code = "precondition_failed" // 412: the visitor has another revision than If-Match
	CodeCount         Code = "count_changed"       // 409: the filter now matches Count visitors, not the expected number
	CodeKeyReused     Code = "key_reused"          // 422: the Idempotency-Key was used with another body
	CodeInProgress    Code = "in_progress"         // 409: the request with that Idempotency-Key has not finished
	CodeNoWorkspace   Code = "no_workspace"        // 403: Options.Workspace refused the request
	CodeCrossOrigin   Code = "cross_origin"        // 403: from a page of another origin; see Options.Origins
	CodeNoRoute       Code = "no_route"            // 404: no such path
	CodeMethod        Code = "method_not_allowed"  // 405: the header Allow lists the methods
	CodeMediaType     Code = "media_type"          // 415: not application/json in UTF-8
	CodeTooLarge      Code = "too_large"           // 413: the body is larger than Options.MaxBody
	CodeTimeout       Code = "timeout"             // 408: the body arrived too slowly; 504: the request context ended
	CodeTooSlow       Code = "too_slow"            // 503: the query took longer than Options.Timeout
	CodeClosed        Code = "closed"              // 503: the store is closed
	CodeInternal      Code = "internal"            // 500: not the caller's fault
)

// codes lists all codes, for the OpenAPI document.
var codes = []Code{
	CodeInvalid, CodeMalformed, CodeFilterSyntax, CodeFilterInvalid, CodeUnknownTag, CodeUnknownGroup, CodeUnknownJob, CodeNotFound,
	CodeExists, CodeConflict, CodeSuppressed, CodePlatform, CodeDenied, CodeJobState, CodeInUse, CodePrecondition, CodeCount,
	CodeKeyReused, CodeInProgress, CodeNoWorkspace, CodeCrossOrigin, CodeNoRoute,
	CodeMethod, CodeMediaType, CodeTooLarge, CodeTimeout, CodeTooSlow, CodeClosed, CodeInternal,
}

const problemType = "application/problem+json"

// Problem is the body of every error response (RFC 9457). Of the request it repeats only the
// names of known fields and of attributes, positions, and ids of visitors, tags and groups.
type Problem struct {
	Title      string     `json:"title"`
	Status     int        `json:"status"`
	Code       Code       `json:"code" doc:"A stable code for the kind of error."`
	Detail     string     `json:"detail" doc:"A message in English, which repeats nothing of the request."`
	Field      string     `json:"field,omitempty"`
	Position   *int       `json:"position,omitempty" doc:"The byte offset of the error in the text of a filter."`
	Pointer    string     `json:"pointer,omitempty"`
	Suggestion string     `json:"suggestion,omitempty" doc:"A similar known word."`
	Kind       string     `json:"kind,omitempty" doc:"The kind of the object: visitor, tag, group, identity or job."`
	ID         string     `json:"id,omitempty"`
	Count      *int64     `json:"count,omitempty" doc:"The number of visitors that the filter matches now."`
	Groups     []group.ID `json:"groups,omitempty" doc:"The groups whose rules mention the tag, group or topic."` // of CodeInUse
}

// Error returns the code and the detail.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns application/problem+json.
func (p *Problem) ContentType(string) string { return problemType }

func writeProblem(w http.ResponseWriter, p *Problem) {
	p.Title = http.StatusText(p.Status)
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	writeJSON(w, p)
}

func notFound(kind, id string) error {
	return &store.Error{Kind: kind, Key: id, Err: store.ErrNotFound}
}

func invalid(field, reason string) *Problem {
	return &Problem{Status: http.StatusUnprocessableEntity, Code: CodeInvalid, Field: field, Detail: reason}
}

// problem converts err, and reports errors that are not the caller's fault to the host.
func (h *handler) problem(r *http.Request, err error) *Problem {
	p := problemOf(err)
	if p.Code == CodeInternal && r.Context().Err() == nil {
		h.o.Failed(r, err)
	}
	p.Title = http.StatusText(p.Status)
	return p
}

func problemOf(err error) *Problem {
	var (
		p       *Problem
		syntax  *filter.SyntaxError
		unknown *filter.UnknownError
		refused *filter.Error
		field   *visitor.FieldError
		about   *store.Error
		inUse   *store.InUseError
		job     *store.JobError
	)
	errors.As(err, &about)
	kind, id := "", ""
	if about != nil {
		kind, id = about.Kind, about.Key
	}
	switch {
	case errors.Is(err, errHost):
		return &Problem{Status: http.StatusInternalServerError, Code: CodeInternal, Detail: "the request could not be handled"}
	case errors.As(err, &p):
		return p
	case errors.As(err, &syntax):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: CodeFilterSyntax, Field: "filter", Position: &syntax.Pos, Detail: syntax.Reason, Suggestion: syntax.Suggestion}
	case errors.As(err, &unknown):
		code := CodeUnknownTag
		switch unknown.Kind {
		case filter.GroupKind:
			code = CodeUnknownGroup
		case filter.JobKind:
			code = CodeUnknownJob
		}
		return &Problem{Status: http.StatusUnprocessableEntity, Code: code, Field: "filter", Pointer: unknown.Pointer, Detail: "no such " + string(unknown.Kind), Suggestion: unknown.Suggestion}
	case errors.As(err, &refused):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: CodeFilterInvalid, Field: "filter", Pointer: refused.Pointer, Detail: refused.Reason}
	case errors.As(err, &inUse):
		return &Problem{Status: http.StatusConflict, Code: CodeInUse, Kind: inUse.Kind, Groups: inUse.Groups, Detail: "the rules of groups mention the " + inUse.Kind}
	case errors.As(err, &job):
		return &Problem{Status: http.StatusConflict, Code: CodeJobState, Kind: kind, ID: id, Detail: job.Reason}
	case errors.As(err, &field):
		return invalid(pathOf(field.Field), field.Reason)
	case errors.Is(err, store.ErrNotFound):
		return &Problem{Status: http.StatusNotFound, Code: CodeNotFound, Kind: kind, ID: id, Detail: cmp.Or(kind, "it") + " does not exist"}
	case errors.Is(err, store.ErrExists):
		return &Problem{Status: http.StatusConflict, Code: CodeExists, Kind: kind, ID: id, Detail: cmp.Or(kind, "it") + " already exists"}
	case errors.Is(err, store.ErrConflict):
		return &Problem{Status: http.StatusConflict, Code: CodeConflict, Kind: kind, ID: id, Detail: "changed since it was read"}
	case errors.Is(err, store.ErrSuppressed):
		return &Problem{Status: http.StatusConflict, Code: CodeSuppressed, Kind: kind, Detail: "the data of the person with this address was erased"}
	case errors.Is(err, consent.ErrPlatformOwned):
		return &Problem{Status: http.StatusConflict, Code: CodePlatform, Kind: kind, Detail: "a state of the channel, which only the channel changes"}
	case errors.Is(err, consent.ErrDenied):
		return &Problem{Status: http.StatusConflict, Code: CodeDenied, Kind: kind, Detail: "denied, which only the person can lift"}
	case errors.Is(err, store.ErrInvalid):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: CodeInvalid, Kind: kind, ID: id, Detail: "not valid"}
	case errors.Is(err, store.ErrClosed):
		return &Problem{Status: http.StatusServiceUnavailable, Code: CodeClosed, Detail: "the store is closed"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Problem{Status: http.StatusGatewayTimeout, Code: CodeTimeout, Detail: "the request was canceled"}
	}
	return &Problem{Status: http.StatusInternalServerError, Code: CodeInternal, Detail: "the request could not be handled"}
}

// pathOf converts the name of a field in an error to its path in a request body.
func pathOf(field string) string {
	if name, ok := strings.CutPrefix(field, "attribute "); ok {
		return "attributes." + name
	}
	return strings.ReplaceAll(field, " ", "_")
}

// renameField changes the field of a *visitor.FieldError to its name in the request body.
func renameField(err error, names map[string]string) error {
	var field *visitor.FieldError
	if !errors.As(err, &field) || names[field.Field] == "" {
		return err
	}
	return invalid(names[field.Field], field.Reason)
}

// The names of fields in request bodies, by their names in errors.
var (
	visitorNames = map[string]string{"tag": "tags", "group id": "groups", "attribute": "attributes"}
	bulkNames    = map[string]string{"tag": "tags", "group id": "group", "visitor id": "ids"}
	topicNames   = map[string]string{"topic": "key"}
	jobNames     = map[string]string{"kind": "action", "tag": "tags", "group id": "group", "visitor id": "ids"}
	tagNames     = map[string]string{"tag": "name", "tag description": "description", "tag id": "id"}
	groupNames   = map[string]string{"group": "name", "group description": "description", "group id": "id"}
)

// inText adds to the error about a filter its position in the text.
func inText(text string, err error) error {
	if err == nil {
		return nil
	}
	p := problemOf(err)
	switch p.Code {
	case CodeUnknownTag, CodeUnknownGroup, CodeUnknownJob, CodeFilterInvalid:
		if pos, ok := filter.Locate(text, p.Pointer); ok {
			p.Position = &pos
		}
		return p
	}
	return err
}

// problemOfHuma converts errors of huma's own validation to problems, without the values
// that they repeat.
func (h *handler) problemOfHuma(ctx huma.Context, _ string, v any) (any, error) {
	err, ok := v.(huma.StatusError)
	if _, done := v.(*Problem); done || !ok {
		return v, nil
	}
	p := &Problem{Status: err.GetStatus(), Title: http.StatusText(err.GetStatus()), Code: CodeInvalid, Detail: "not valid"}
	switch p.Status {
	case http.StatusBadRequest:
		p.Code, p.Detail = CodeMalformed, "the body is missing or is not JSON"
	case http.StatusUnprocessableEntity:
		if model, ok := v.(*huma.ErrorModel); ok && len(model.Errors) > 0 {
			p.Field, p.Detail = fieldAt(model.Errors[0]), reasonOf(model.Errors[0])
		}
	default:
		p.Code, p.Detail = CodeInternal, "the request could not be handled"
	}
	ctx.SetHeader("Content-Type", problemType)
	return p, nil
}

// fieldAt returns the field of an error of huma, such as tags[3].
func fieldAt(e *huma.ErrorDetail) string {
	_, field, _ := strings.Cut(e.Location, ".")
	if missing, ok := strings.CutPrefix(e.Message, "expected required property "); ok {
		missing, _, _ = strings.Cut(missing, " ")
		field = strings.TrimPrefix(field+"."+missing, ".")
	}
	// The names below these two are chosen by the caller, so they can be anything.
	for _, attributes := range []string{"attributes", "set"} {
		if name, ok := strings.CutPrefix(field, attributes+"."); ok && !visitor.ValidAttributeName(name) {
			return attributes
		}
	}
	for _, counts := range []string{".deleted.", ".reasons."} { // of an Erasure and an Audience
		if above, _, found := strings.Cut("."+field, counts); found {
			return strings.Trim(above+counts, ".")
		}
	}
	return field
}

// reasonOf returns the message of an error of huma without its cause, which can repeat the value.
func reasonOf(e *huma.ErrorDetail) string {
	if strings.HasPrefix(e.Message, "expected ") {
		reason, _, _ := strings.Cut(e.Message, ": ")
		return reason
	}
	return e.Message
}
