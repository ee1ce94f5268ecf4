package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// The bodies of the routes under /store, one for each method of store.Store. They are
// what a Client of the same version sends and gets, and in no document.
type (
	getAsk struct {
		ID visitor.ID `json:"id"`
	}
	getReply struct {
		Visitor visitor.Visitor `json:"visitor"`
	}
	findAsk struct {
		Where filter.Bound    `json:"where"`
		Order store.Order     `json:"order"`
		After *store.Position `json:"after,omitempty"`
		Limit int             `json:"limit"`
	}
	findReply struct {
		Visitors []visitor.Visitor `json:"visitors,omitempty"`
	}
	countAsk struct {
		Where filter.Bound `json:"where"`
		Limit int64        `json:"limit"`
	}
	countReply struct {
		Count int64 `json:"count"`
	}
	listAsk struct {
		List store.List `json:"list"`
	}
	tagsReply struct {
		Tags []tag.Tag `json:"tags,omitempty"`
	}
	groupsReply struct {
		Groups []groupForm `json:"groups,omitempty"`
	}
	applyAsk struct {
		Changes []changeForm `json:"changes"`
	}
	applyReply struct {
		Outcomes []outcomeForm `json:"outcomes,omitempty"`
	}
	eventsAsk struct {
		After store.Seq `json:"after"`
		Limit int       `json:"limit"`
	}
	eventsReply struct {
		Events []store.Event `json:"events,omitempty"`
	}
	facetsAsk struct {
		Where filter.Bound `json:"where"`
	}
	facetsReply struct {
		Total   int64               `json:"total"`
		Sources []store.SourceCount `json:"sources,omitempty"`
		Tags    []store.TagCount    `json:"tags,omitempty"`
		Groups  []groupCountForm    `json:"groups,omitempty"`
	}
	groupCountForm struct {
		Group groupForm `json:"group"`
		Count int64     `json:"count"`
	}
)

func (h *handler) storeRoutes() {
	storeRoute(h, "get", h.storeGet)
	storeRoute(h, "find", h.storeFind)
	storeRoute(h, "count", h.storeCount)
	storeRoute(h, "tags", h.storeTags)
	storeRoute(h, "groups", h.storeGroups)
	storeRoute(h, "apply", h.storeApply)
	storeRoute(h, "events", h.storeEvents)
	storeRoute(h, "facets", h.storeFacets)
}

func storeRoute[A, R any](h *handler, name string, do func(context.Context, *store.Workspace, A) (R, error)) {
	h.mux.HandleFunc("POST /store/"+name, func(w http.ResponseWriter, r *http.Request) {
		ws, err := h.open(r)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		var ask A
		var body bytes.Buffer
		// Some writers have no deadline. net/http ends this one with the body.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.o.BodyTimeout))
		if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, h.o.MaxStoreBody)); err != nil {
			h.fail(w, r, unread(err))
			return
		}
		if err := strict(body.Bytes(), &ask); err != nil {
			h.fail(w, r, err)
			return
		}
		reply, err := do(r.Context(), ws, ask)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		answer, err := json.Marshal(reply)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	})
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.problem(r, err)
	f := faultOf(err)
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(f.Status)
	writeJSON(w, f)
}

// unread is the error of a body that could not be read.
func unread(err error) *Problem {
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return &Problem{Status: http.StatusRequestEntityTooLarge, Code: CodeTooLarge, Detail: "the body is too large"}
	}
	return &Problem{Status: http.StatusBadRequest, Code: CodeMalformed, Detail: "the body could not be read"}
}

// strict reads JSON that has nothing unknown in it. Its errors repeat nothing.
func strict(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil && dec.More() {
		err = errors.New("more after the end")
	}
	var field *visitor.FieldError
	var bound *filter.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field):
		return field
	case errors.As(err, &bound):
		return bound
	}
	return &Problem{Status: http.StatusBadRequest, Code: CodeMalformed, Detail: "the body is not what a client of this version sends"}
}

func (h *handler) storeGet(ctx context.Context, ws *store.Workspace, ask getAsk) (getReply, error) {
	id, err := visitor.ParseID(string(ask.ID))
	if err != nil {
		return getReply{}, err
	}
	v, err := h.st.GetVisitor(ctx, ws.ID(), id)
	return getReply{v}, err
}

func (h *handler) storeFind(ctx context.Context, ws *store.Workspace, ask findAsk) (findReply, error) {
	if _, _, ok := ask.Order.Key(); !ok {
		return findReply{}, text.Refuse("order", "unknown")
	}
	if err := checkPosition(ask.Order, ask.After); err != nil {
		return findReply{}, err
	}
	if err := checkLimit(ask.Limit); err != nil {
		return findReply{}, err
	}
	found, err := h.st.FindVisitors(ctx, ws.ID(), store.Select{Where: ask.Where, Order: ask.Order, After: ask.After, Limit: ask.Limit})
	return findReply{found}, err
}

func (h *handler) storeCount(ctx context.Context, ws *store.Workspace, ask countAsk) (countReply, error) {
	n, err := h.st.CountVisitors(ctx, ws.ID(), ask.Where, max(ask.Limit, 0))
	return countReply{n}, err
}

func (h *handler) storeTags(ctx context.Context, ws *store.Workspace, ask listAsk) (tagsReply, error) {
	if err := checkList(ask.List); err != nil {
		return tagsReply{}, err
	}
	tags, err := h.st.ListTags(ctx, ws.ID(), ask.List)
	return tagsReply{tags}, err
}

func (h *handler) storeGroups(ctx context.Context, ws *store.Workspace, ask listAsk) (groupsReply, error) {
	if err := checkList(ask.List); err != nil {
		return groupsReply{}, err
	}
	groups, err := h.st.ListGroups(ctx, ws.ID(), ask.List)
	if err != nil {
		return groupsReply{}, err
	}
	var reply groupsReply
	for _, g := range groups {
		form, err := formOfGroup(g)
		if err != nil {
			return groupsReply{}, err
		}
		reply.Groups = append(reply.Groups, form)
	}
	return reply, nil
}

func (h *handler) storeApply(ctx context.Context, ws *store.Workspace, ask applyAsk) (applyReply, error) {
	check := changeChecker{visitor.Rules{Sources: ws.Sources()}}
	changes := make([]store.Change, len(ask.Changes))
	for i, form := range ask.Changes {
		change, err := readChange(form)
		if err == nil {
			change, err = check.change(change)
		}
		if err != nil {
			return applyReply{}, &store.ChangeError{Index: i, Err: err}
		}
		changes[i] = change
	}
	outcomes, err := h.st.Apply(ctx, ws.ID(), changes)
	if err != nil {
		return applyReply{}, err
	}
	reply := applyReply{make([]outcomeForm, len(outcomes))}
	for i, o := range outcomes {
		if reply.Outcomes[i], err = formOfOutcome(o); err != nil {
			return applyReply{}, err
		}
	}
	return reply, nil
}

func (h *handler) storeEvents(ctx context.Context, ws *store.Workspace, ask eventsAsk) (eventsReply, error) {
	if err := checkLimit(ask.Limit); err != nil {
		return eventsReply{}, err
	}
	events, err := h.st.Events(ctx, ws.ID(), max(ask.After, 0), ask.Limit)
	return eventsReply{events}, err
}

func (h *handler) storeFacets(ctx context.Context, ws *store.Workspace, ask facetsAsk) (facetsReply, error) {
	var f store.Facets
	var err error
	if st, ok := h.st.(store.Faceter); ok {
		f, err = st.Facets(ctx, ws.ID(), ask.Where)
	} else {
		f, err = ws.Facets(ctx, ask.Where)
	}
	if err != nil {
		return facetsReply{}, err
	}
	reply := facetsReply{Total: f.Total, Sources: f.Sources, Tags: f.Tags}
	for _, c := range f.Groups {
		form, err := formOfGroup(c.Group)
		if err != nil {
			return facetsReply{}, err
		}
		reply.Groups = append(reply.Groups, groupCountForm{form, c.Count})
	}
	return reply, nil
}
