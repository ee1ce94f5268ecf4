package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// scope is what every operation knows of its request. Inputs embed it.
type scope struct {
	ws *store.Workspace
	r  *http.Request
}

func (s *scope) scoped() *scope { return s }

// Resolve takes over what enter found out.
func (s *scope) Resolve(ctx huma.Context) []error {
	*s = ctx.(scopedContext).scope
	return nil
}

// scopedContext hands a scope on from enter to Resolve.
type scopedContext struct {
	request
	scope scope
}

// request has a name of its own, for a field named Context would hide the method.
type request huma.Context

// Unwrap returns the context within.
func (c scopedContext) Unwrap() huma.Context { return c.request }

// enter opens the workspace before anything of the request is read.
func (h *handler) enter(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	ws, err := h.open(r)
	if err != nil {
		writeProblem(w, h.problem(r, err))
		return
	}
	next(scopedContext{ctx, scope{ws, r}})
}

// operation adds an operation whose errors become problems.
func operation[I, O any, P interface {
	*I
	scoped() *scope
}](h *handler, api huma.API, op huma.Operation, do func(context.Context, *store.Workspace, *I) (*O, error)) {
	op.MaxBodyBytes = h.o.MaxBody
	op.BodyReadTimeout = h.o.BodyTimeout
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem (RFC 9457)",
		Content: map[string]*huma.MediaType{problemType: {
			Schema: api.OpenAPI().Components.Schemas.Schema(typeOf[Problem](), true, ""),
		}},
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		s := P(in).scoped()
		out, err := do(ctx, s.ws, in)
		if err != nil {
			return nil, h.problem(s.r, err)
		}
		return out, nil
	})
}

func (h *handler) config() huma.Config {
	format := huma.Format{Marshal: writeJSON, Unmarshal: readJSON}
	c := huma.DefaultConfig("Visitors", apiVersion)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Formats = map[string]huma.Format{"application/json": format, "json": format, problemType: format}
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{h.problemOfHuma}
	c.OpenAPI = newDocument()
	return c
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// readJSON is json.Unmarshal with errors that repeat nothing of what is read.
func readJSON(b []byte, v any) error {
	if !utf8.Valid(b) {
		return errors.New("not valid UTF-8")
	}
	err := json.Unmarshal(b, v)
	var field *visitor.FieldError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field):
		return field
	case errors.As(err, &syntax):
		return errors.New("not JSON")
	}
	return errors.New("not of the form that is described")
}
