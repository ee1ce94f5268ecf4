package rest

import (
	"errors"
	"net/http"
	"path"
	"slices"

	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag/text"
)

// handler is what New returns.
type handler struct {
	o       Options
	st      store.Store
	mux     *http.ServeMux
	forgery *http.CrossOriginProtection
	keys    *idempotencyCache
	doc     []byte
}

// New returns a handler that serves the visitors of st. Mount it with http.StripPrefix
// behind your own authentication. The error matches store.ErrInvalid if Options.Workspace is
// nil, or an origin or a field of Options.Store is not valid.
func New(st store.Store, o *Options) (http.Handler, error) {
	const op = "serve visitors"
	if o == nil || o.Workspace == nil {
		return nil, &store.Error{Op: op, Err: text.Refuse("Workspace", "missing: the workspace of a request has no default")}
	}
	h := &handler{
		o: o.withDefaults(), st: st, mux: http.NewServeMux(),
		forgery: http.NewCrossOriginProtection(), keys: newIdempotencyCache(),
	}
	if _, err := store.Open(st, "any", h.o.Store); err != nil {
		return nil, &store.Error{Op: op, Err: err}
	}
	for _, origin := range h.o.Origins {
		if err := h.forgery.AddTrustedOrigin(origin); err != nil {
			return nil, &store.Error{Op: op, Err: text.Refuse("Origins", "want scheme://host[:port]")}
		}
	}
	api := humago.New(h.mux, h.config())
	api.UseMiddleware(h.enter(api))
	h.visitorRoutes(h.routes(api, "visitors"))
	h.captureRoutes(h.routes(api, "capture"))
	h.mergeRoutes(h.routes(api, "duplicates"))
	h.filterRoutes(h.routes(api, "filters"))
	h.tagRoutes(h.routes(api, "tags"))
	h.groupRoutes(h.routes(api, "groups"))
	h.watchRoutes(h.routes(api, "groups"))
	h.consentRoutes(h.routes(api, "consent"))
	h.audienceRoutes(h.routes(api, "audiences"))
	h.erasureRoutes(h.routes(api, "erasures"))
	h.jobRoutes(h.routes(api, "jobs"))
	h.eventRoutes(h.routes(api, "events"))
	var err error
	if h.doc, err = document(api.OpenAPI()); err != nil {
		return nil, &store.Error{Op: op, Err: err}
	}
	h.mux.HandleFunc("GET /openapi.json", h.serveDocument)
	return h, nil
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store") // the answers are personal data
	head.Set("X-Content-Type-Options", "nosniff")
	if h.crossOrigin(w, r) {
		return
	}
	if err := h.forgery.Check(r); err != nil {
		writeProblem(w, &Problem{Status: http.StatusForbidden, Code: CodeCrossOrigin, Detail: "pages of this origin have no access"})
		return
	}
	found, pattern := h.mux.Handler(r)
	if pattern == "" || path.Clean(r.URL.Path) != r.URL.Path { // the mux would redirect, and repeat the path
		h.noRoute(w, r, found)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// crossOrigin sets the CORS headers for a page of an allowed origin, and answers preflight
// requests.
func (h *handler) crossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	if len(h.o.Origins) == 0 {
		return false
	}
	head := w.Header()
	head.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(h.o.Origins, origin) {
		return false
	}
	head.Set("Access-Control-Allow-Origin", origin)
	head.Set("Access-Control-Allow-Credentials", "true")
	head.Set("Access-Control-Expose-Headers", "ETag, Location, Idempotency-Replayed")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	head.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
	head.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, Idempotency-Key, Last-Event-ID, X-CSRF-Token")
	head.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// noRoute answers a request that matches no route; the mux knows whether the path or the
// method is wrong.
func (h *handler) noRoute(w http.ResponseWriter, r *http.Request, fromMux http.Handler) {
	status := statusOnly{header: http.Header{}}
	fromMux.ServeHTTP(&status, r)
	if status.code != http.StatusMethodNotAllowed {
		writeProblem(w, &Problem{Status: http.StatusNotFound, Code: CodeNoRoute, Detail: "no such path"})
		return
	}
	w.Header().Set("Allow", status.header.Get("Allow"))
	writeProblem(w, &Problem{Status: status.code, Code: CodeMethod, Detail: "the path does not allow this method"})
}

// statusOnly keeps the status and header of a response and drops the body.
type statusOnly struct {
	header http.Header
	code   int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(code int)        { s.code = code }

// open returns the workspace of a request.
func (h *handler) open(r *http.Request) (*store.Workspace, error) {
	id, err := h.o.Workspace(r)
	if err != nil {
		return nil, &Problem{Status: http.StatusForbidden, Code: CodeNoWorkspace, Detail: "no workspace for this request"}
	}
	ws, err := store.Open(h.st, string(id), h.o.Store)
	if err == nil {
		ws, err = ws.WithActor(h.o.Actor(r), "")
	}
	if err != nil {
		return nil, errors.Join(errHost, err)
	}
	return ws, nil
}

// errHost marks an error as the host's mistake, which the caller cannot correct.
var errHost = errors.New("Options.Workspace or Options.Actor returned a name that is not valid")

func (h *handler) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(h.doc)
}
