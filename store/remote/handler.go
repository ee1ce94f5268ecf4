package remote

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// HandlerOptions are what a host chooses for a handler. Authorize is required; the zero
// value of every other field means its default.
type HandlerOptions struct {
	// Authorize decides whether the sender of a request may use a workspace, from what the
	// host can verify: a token, a certificate. The workspace is the sender's claim. An error
	// refuses the request with 403; its text is not sent. There is no default.
	Authorize func(r *http.Request, ws driver.WorkspaceID) error
	// Store has the sources and the phone reader by which changes are checked; give what the
	// clients' workspaces are opened with. Default: as store.Open has it.
	Store *store.Options
	// MaxBody is the most bytes of a request's body. Default: 64 MiB.
	MaxBody int64
	// BodyTimeout is how long a body may take to arrive. Default: 30 seconds.
	BodyTimeout time.Duration
	// Failed is called with each error that is not the client's fault, which the client gets
	// as 500 without a reason. Default: such errors are dropped.
	Failed func(*http.Request, error)
}

func (o HandlerOptions) withDefaults() HandlerOptions {
	if o.MaxBody <= 0 {
		o.MaxBody = 64 << 20
	}
	if o.BodyTimeout <= 0 {
		o.BodyTimeout = 30 * time.Second
	}
	if o.Failed == nil {
		o.Failed = func(*http.Request, error) {}
	}
	return o
}

// workspaceHeader names the workspace that a request is about.
const workspaceHeader = "Visitors-Workspace"

type handler struct {
	o  HandlerOptions
	st driver.Store
}

// NewHandler returns a handler that serves st to clients of NewClient. Mount it where you
// like, with http.StripPrefix. The error matches store.ErrInvalid when Authorize is missing
// or an option of HandlerOptions.Store is not valid.
func NewHandler(st driver.Store, o *HandlerOptions) (http.Handler, error) {
	const op = "serve store"
	if o == nil || o.Authorize == nil {
		return nil, &store.Error{Op: op, Err: text.Refuse("Authorize", "missing: who may use a workspace has no default")}
	}
	h := &handler{o: o.withDefaults(), st: st}
	if _, err := store.Open(st, "any", h.o.Store); err != nil {
		return nil, &store.Error{Op: op, Err: err}
	}
	mux := http.NewServeMux()
	route(h, mux, "get", h.get)
	route(h, mux, "find", h.find)
	route(h, mux, "count", h.count)
	route(h, mux, "tags", h.tags)
	route(h, mux, "groups", h.groups)
	route(h, mux, "apply", h.apply)
	route(h, mux, "events", h.events)
	route(h, mux, "facets", h.facets)
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// route adds the route of one method of store.Store.
func route[Request, Response any](h *handler, mux *http.ServeMux, name string, do func(context.Context, *store.Workspace, Request) (Response, error)) {
	mux.HandleFunc("POST "+protocol+name, func(w http.ResponseWriter, r *http.Request) {
		answer, err := h.serve(w, r, func(ws *store.Workspace, body []byte) (any, error) {
			var request Request
			if err := strict(body, &request); err != nil {
				return nil, err
			}
			return do(r.Context(), ws, request)
		})
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store") // personal data
		if err != nil {
			answer = h.fail(w, r, err)
		}
		w.Write(answer)
	})
}

// serve authorizes and reads a request, and returns the answer as JSON.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, do func(*store.Workspace, []byte) (any, error)) ([]byte, error) {
	id, err := store.ParseWorkspaceID(r.Header.Get(workspaceHeader))
	if err != nil {
		return nil, err
	}
	if h.o.Authorize(r, id) != nil {
		return nil, refusal{http.StatusForbidden, codeForbidden, "the workspace is not for this client"}
	}
	ws, err := store.Open(h.st, string(id), h.o.Store)
	if err != nil {
		return nil, err
	}
	// Some writers have no deadline. net/http ends this one with the body.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.o.BodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, refusal{http.StatusRequestEntityTooLarge, codeTooLarge, "the body is too large"}
	}
	if err != nil {
		return nil, malformed("the body could not be read")
	}
	response, err := do(ws, body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(response)
}

// fail writes the status of an error and returns the error as JSON.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) []byte {
	form := writeError(err)
	if form.Code == codeInternal && r.Context().Err() == nil {
		h.o.Failed(r, err)
	}
	answer, _ := json.Marshal(form) // texts and numbers
	w.WriteHeader(form.Status)
	return answer
}

func (h *handler) get(ctx context.Context, ws *store.Workspace, ask getRequest) (getResponse, error) {
	id, err := visitor.ParseID(string(ask.ID))
	if err != nil {
		return getResponse{}, err
	}
	v, err := h.st.GetVisitor(ctx, ws.ID(), id)
	return getResponse{v}, err
}

func (h *handler) find(ctx context.Context, ws *store.Workspace, ask findRequest) (findResponse, error) {
	if _, _, ok := driver.Sorting(ask.Order); !ok {
		return findResponse{}, text.Refuse("order", "unknown")
	}
	if err := checkPosition(ask.Order, ask.After); err != nil {
		return findResponse{}, err
	}
	if err := checkLimit(ask.Limit); err != nil {
		return findResponse{}, err
	}
	found, err := h.st.FindVisitors(ctx, ws.ID(), driver.Select{Where: ask.Where, Order: ask.Order, After: ask.After, Limit: ask.Limit})
	return findResponse{found}, err
}

func (h *handler) count(ctx context.Context, ws *store.Workspace, ask countRequest) (countResponse, error) {
	n, err := h.st.CountVisitors(ctx, ws.ID(), ask.Where, max(ask.Limit, 0))
	return countResponse{n}, err
}

func (h *handler) tags(ctx context.Context, ws *store.Workspace, ask listRequest) (tagsResponse, error) {
	if err := checkList(ask.List); err != nil {
		return tagsResponse{}, err
	}
	tags, err := h.st.ListTags(ctx, ws.ID(), ask.List)
	return tagsResponse{tags}, err
}

func (h *handler) groups(ctx context.Context, ws *store.Workspace, ask listRequest) (groupsResponse, error) {
	if err := checkList(ask.List); err != nil {
		return groupsResponse{}, err
	}
	groups, err := h.st.ListGroups(ctx, ws.ID(), ask.List)
	if err != nil {
		return groupsResponse{}, err
	}
	var reply groupsResponse
	for _, g := range groups {
		form, err := formOfGroup(g)
		if err != nil {
			return groupsResponse{}, err
		}
		reply.Groups = append(reply.Groups, form)
	}
	return reply, nil
}

func (h *handler) apply(ctx context.Context, ws *store.Workspace, ask applyRequest) (applyResponse, error) {
	check := changeChecker{visitor.Rules{Sources: ws.Sources()}}
	changes := make([]driver.Change, len(ask.Changes))
	for i, form := range ask.Changes {
		change, err := readChange(form)
		if err == nil {
			change, err = check.change(change)
		}
		if err != nil {
			return applyResponse{}, &driver.ChangeError{Index: i, Err: err}
		}
		changes[i] = change
	}
	outcomes, err := h.st.Apply(ctx, ws.ID(), changes)
	if err != nil {
		return applyResponse{}, err
	}
	reply := applyResponse{make([]outcomeForm, len(outcomes))}
	for i, o := range outcomes {
		if reply.Outcomes[i], err = formOfOutcome(o); err != nil {
			return applyResponse{}, err
		}
	}
	return reply, nil
}

func (h *handler) events(ctx context.Context, ws *store.Workspace, ask eventsRequest) (eventsResponse, error) {
	if err := checkLimit(ask.Limit); err != nil {
		return eventsResponse{}, err
	}
	if ask.Visitor != "" {
		if err := checkID(ask.Visitor); err != nil {
			return eventsResponse{}, err
		}
	}
	events, err := h.st.Events(ctx, ws.ID(), driver.EventQuery{After: max(ask.After, 0), Visitor: ask.Visitor, Limit: ask.Limit})
	return eventsResponse{events}, err
}

func (h *handler) facets(ctx context.Context, ws *store.Workspace, ask facetsRequest) (facetsResponse, error) {
	f, err := driver.CountFacets(ctx, h.st, ws.ID(), ask.Where)
	return facetsResponse(f), err
}
