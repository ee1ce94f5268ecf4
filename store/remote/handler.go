package remote

import (
	"cmp"
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

// HandlerOptions configure a handler. Authorize is required; the zero value of every other
// field means its default.
type HandlerOptions struct {
	// Authorize returns an error unless the sender of a request, verified by a token or a
	// certificate, can use the workspace that the request names. An error refuses the request
	// with 403; its text is not sent. Required.
	Authorize func(r *http.Request, ws driver.WorkspaceID) error
	// Store has the options by which changes are checked, such as the host's sources. Use the
	// options with which the clients open workspaces. Default: the defaults of store.Open.
	Store *store.Options
	// MaxBody is the maximum size of a request body in bytes. Default: 64 MiB.
	MaxBody int64
	// BodyTimeout is how long reading a request body can take. Default: 30 seconds.
	BodyTimeout time.Duration
	// Failed is called with each error that is not the client's fault; the client gets 500
	// without the reason. Default: such errors are dropped.
	Failed func(*http.Request, error)
}

func (o HandlerOptions) withDefaults() HandlerOptions {
	o.MaxBody = cmp.Or(max(o.MaxBody, 0), 64<<20)
	o.BodyTimeout = cmp.Or(max(o.BodyTimeout, 0), 30*time.Second)
	if o.Failed == nil {
		o.Failed = func(*http.Request, error) {}
	}
	return o
}

// workspaceHeader names the workspace of a request.
const workspaceHeader = "Visitors-Workspace"

type handler struct {
	o  HandlerOptions
	st driver.Store
}

// NewHandler returns a handler that serves st to Clients. Mount it with http.StripPrefix. The
// error matches store.ErrInvalid if Authorize is nil or a field of HandlerOptions.Store is not
// valid.
func NewHandler(st driver.Store, o *HandlerOptions) (http.Handler, error) {
	const op = "serve store"
	if o == nil || o.Authorize == nil {
		return nil, &store.Error{Op: op, Err: text.Refuse("Authorize", "missing: access to workspaces has no default")}
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
	route(h, mux, "records", h.records)
	route(h, mux, "keys", h.keys)
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// route adds the route of one method of driver.Store.
func route[Request, Response any](
	h *handler, mux *http.ServeMux, name string, do func(context.Context, *store.Workspace, Request) (Response, error),
) {
	mux.HandleFunc("POST "+protocol+name, func(w http.ResponseWriter, r *http.Request) {
		var request Request
		var response Response
		ws, err := h.accept(w, r, &request)
		if err == nil {
			response, err = do(r.Context(), ws, request)
		}
		answer, failed := json.Marshal(response)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store") // personal data
		if err = cmp.Or(err, failed); err != nil {
			answer = h.fail(w, r, err)
		}
		w.Write(answer)
	})
}

// accept authorizes a request and reads its body.
func (h *handler) accept(w http.ResponseWriter, r *http.Request, request any) (*store.Workspace, error) {
	id, err := store.ParseWorkspaceID(r.Header.Get(workspaceHeader))
	if err != nil {
		return nil, err
	}
	if h.o.Authorize(r, id) != nil {
		return nil, refusal{http.StatusForbidden, codeForbidden, "the client cannot use the workspace"}
	}
	ws, err := store.Open(h.st, string(id), h.o.Store)
	if err != nil {
		return nil, err
	}
	// Not every ResponseWriter supports deadlines. net/http clears this one after the body.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.o.BodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return nil, refusal{http.StatusRequestEntityTooLarge, codeTooLarge, "the body is too large"}
	}
	if err != nil {
		return nil, malformed("the body could not be read")
	}
	return ws, decodeStrict(body, request)
}

// fail writes the status of an error, and returns the error as JSON.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) []byte {
	form := writeError(err)
	if form.Code == codeInternal && r.Context().Err() == nil {
		h.o.Failed(r, err)
	}
	answer, _ := json.Marshal(form) // only strings and numbers, so no error
	w.WriteHeader(form.Status)
	return answer
}

func (h *handler) get(ctx context.Context, ws *store.Workspace, request getRequest) (getResponse, error) {
	if err := checkID(request.ID); err != nil {
		return getResponse{}, err
	}
	v, err := h.st.GetVisitor(ctx, ws.ID(), request.ID)
	return getResponse{v}, err
}

func (h *handler) find(ctx context.Context, ws *store.Workspace, request findRequest) (findResponse, error) {
	if _, _, ok := driver.Sorting(request.Order); !ok {
		return findResponse{}, text.Refuse("order", "unknown")
	}
	if err := cmp.Or(checkPosition(request.Order, request.After), checkLimit(request.Limit)); err != nil {
		return findResponse{}, err
	}
	found, err := h.st.FindVisitors(ctx, ws.ID(), driver.Select(request))
	return findResponse{found}, err
}

func (h *handler) count(ctx context.Context, ws *store.Workspace, request countRequest) (countResponse, error) {
	n, err := h.st.CountVisitors(ctx, ws.ID(), request.Where, max(request.Limit, 0))
	return countResponse{n}, err
}

func (h *handler) tags(ctx context.Context, ws *store.Workspace, request listRequest) (tagsResponse, error) {
	if err := checkList(request.List); err != nil {
		return tagsResponse{}, err
	}
	tags, err := h.st.ListTags(ctx, ws.ID(), request.List)
	return tagsResponse{tags}, err
}

func (h *handler) groups(ctx context.Context, ws *store.Workspace, request listRequest) (groupsResponse, error) {
	if err := checkList(request.List); err != nil {
		return groupsResponse{}, err
	}
	groups, err := h.st.ListGroups(ctx, ws.ID(), request.List)
	return groupsResponse{mapped(groups, groupFormOf)}, err
}

func (h *handler) apply(ctx context.Context, ws *store.Workspace, request applyRequest) (applyResponse, error) {
	check := checker{visitor.Rules{Sources: ws.Sources()}}
	changes := make([]driver.Change, len(request.Changes))
	for i, form := range request.Changes {
		var err error
		if changes[i], err = readChange(form, check); err != nil {
			return applyResponse{}, &driver.ChangeError{Index: i, Err: err}
		}
	}
	outcomes, err := h.st.Apply(ctx, ws.ID(), changes)
	return applyResponse{mapped(outcomes, outcomeFormOf)}, err
}

func (h *handler) events(ctx context.Context, ws *store.Workspace, request eventsRequest) (eventsResponse, error) {
	if err := checkLimit(request.Limit); err != nil {
		return eventsResponse{}, err
	}
	request.After = max(request.After, 0)
	events, err := h.st.Events(ctx, ws.ID(), driver.EventQuery(request))
	return eventsResponse{events}, err
}

func (h *handler) facets(ctx context.Context, ws *store.Workspace, request facetsRequest) (facetsResponse, error) {
	f, err := driver.CountFacets(ctx, h.st, ws.ID(), request.Where)
	return facetsResponse(f), err
}
