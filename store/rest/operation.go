package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// scope is the workspace and the HTTP request of an operation. Inputs embed it.
type scope struct {
	ws *store.Workspace
	r  *http.Request
}

func (s *scope) scoped() *scope { return s }

// Resolve copies the scope that enter stored in the context.
func (s *scope) Resolve(ctx huma.Context) []error {
	*s = ctx.(scopedContext).scope
	return nil
}

// scopedContext is a request that enter has checked, with its scope and body.
type scopedContext struct {
	request
	scope scope
	body  []byte
}

// request is an alias because an embedded field named Context would hide the method.
type request huma.Context

// Unwrap returns the inner context.
func (c scopedContext) Unwrap() huma.Context { return c.request }

// BodyReader returns the body that was checked.
func (c scopedContext) BodyReader() io.Reader { return bytes.NewReader(c.body) }

// Header returns a header. The media type was checked before; huma accepts one spelling.
func (c scopedContext) Header(name string) string {
	if name == "Content-Type" {
		return "application/json"
	}
	return c.request.Header(name)
}

// enter opens the workspace before the request is read, and refuses what huma would accept
// or would repeat in its response.
func (h *handler) enter(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		op := ctx.Operation()
		ws, err := h.open(r)
		if err == nil {
			err = checkQuery(op, r.URL.RawQuery)
		}
		var body []byte
		if err == nil && op.RequestBody != nil {
			if body, err = h.readBody(w, r); err == nil {
				err = checkBody(op, api.OpenAPI().Components.Schemas, body)
			}
		}
		if err != nil {
			writeProblem(w, h.problem(r, err))
			return
		}
		next(scopedContext{ctx, scope{ws, r}, body})
	}
}

// routes adds operations to an API; each starts as a copy of base. A pattern is a method and a
// path.
type routes struct {
	h    *handler
	api  huma.API
	base huma.Operation
}

func (h *handler) routes(api huma.API, tag string) routes {
	return routes{h, api, huma.Operation{Tags: []string{tag}}}
}

// creating returns routes whose operations answer with 201 Created.
func (r routes) creating() routes {
	r.base.DefaultStatus = http.StatusCreated
	return r
}

// operation is a function that answers a request.
type operation[I, O any] func(context.Context, *store.Workspace, *I) (O, error)

// change adds an operation without a timeout: one that changes something, or a stream. It
// converts errors to problems.
func change[I, O any, P interface {
	*I
	scoped() *scope
}](r routes, pattern, id, summary string, do operation[I, *O]) {
	h, op := r.h, r.base
	op.OperationID, op.Summary = id, summary
	op.Method, op.Path, _ = strings.Cut(pattern, " ")
	op.MaxBodyBytes, op.BodyReadTimeout = -1, -1 // readBody has limited both
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem (RFC 9457)",
		Content: map[string]*huma.MediaType{problemType: {
			Schema: r.api.OpenAPI().Components.Schemas.Schema(typeOf[Problem](), true, ""),
		}},
	}
	huma.Register(r.api, op, func(ctx context.Context, in *I) (*O, error) {
		s := P(in).scoped()
		out, err := do(ctx, s.ws, in)
		if err != nil {
			return nil, h.problem(s.r, err)
		}
		return out, nil
	})
}

// query adds an operation that only reads, with Options.Timeout.
func query[I, O any, P interface {
	*I
	scoped() *scope
}](r routes, pattern, id, summary string, do operation[I, *O]) {
	change[I, O, P](r, pattern, id, summary, func(ctx context.Context, ws *store.Workspace, in *I) (*O, error) {
		return withTimeout(ctx, r.h.o.Timeout, func(ctx context.Context) (*O, error) { return do(ctx, ws, in) })
	})
}

// The inputs and outputs of several operations.
type (
	nothingInput struct{ scope }
	idInput      struct {
		scope
		ID string `path:"id" format:"uuid"`
	}
	bodyInput[T any] struct {
		scope
		Body T
	}
	patchInput[T any] struct {
		scope
		ID   string `path:"id" format:"uuid"`
		Body T
	}
	filterInput struct {
		scope
		Filter string `query:"filter" doc:"A filter in the text form. Default: all visitors."`
	}
	output[T any] struct{ Body T }

	visitorOutput struct {
		ETag string `header:"ETag"`
		Body visitor.Visitor
	}
	createdOutput[T any] struct {
		Location string `header:"Location"`
		Body     T
	}
)

// body sends the result of an operation as the body of the response.
func body[I, T any](do operation[I, T]) operation[I, *output[T]] {
	return func(ctx context.Context, ws *store.Workspace, in *I) (*output[T], error) {
		result, err := do(ctx, ws, in)
		return &output[T]{result}, err
	}
}

// withETag sends a visitor as the body of the response, and its revision as the ETag.
func withETag[I any](do operation[I, visitor.Visitor]) operation[I, *visitorOutput] {
	return func(ctx context.Context, ws *store.Workspace, in *I) (*visitorOutput, error) {
		v, err := do(ctx, ws, in)
		return &visitorOutput{etag(v), v}, err
	}
}

// errTimeout is the cause of a context that ended by Options.Timeout, not by a deadline of the
// host.
var errTimeout = errors.New("query timeout")

// withTimeout calls do with a deadline, or without one if timeout is negative.
func withTimeout[T any](ctx context.Context, timeout time.Duration, do func(context.Context) (T, error)) (T, error) {
	if timeout < 0 {
		return do(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	result, err := do(ctx)
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), errTimeout) {
		err = &Problem{Status: http.StatusServiceUnavailable, Code: CodeTooSlow, Detail: "the query took too long; use a narrower filter"}
	}
	return result, err
}

func (h *handler) config() huma.Config {
	format := huma.Format{Marshal: writeJSON, Unmarshal: readJSON}
	c := huma.DefaultConfig("Visitors", apiVersion)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Formats = map[string]huma.Format{"application/json": format, "json": format, problemType: format}
	c.Transformers = []huma.Transformer{h.problemOfHuma}
	c.OpenAPI = newDocument()
	return c
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// readJSON is json.Unmarshal with errors that repeat nothing of the input.
func readJSON(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	var field *visitor.FieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field):
		return field
	}
	return errors.New("does not match the schema")
}
