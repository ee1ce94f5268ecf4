package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	eventsInput struct {
		scope
		After   int64  `query:"after" minimum:"-1" doc:"The seq of the last known event; -1: only new events. Default: 0, all events."`
		Visitor string `query:"visitor" format:"uuid" doc:"Only events with this visitor as visitor or other. The id of a visitor that was merged away is not replaced by the survivor's. Default: all events."`
		Limit   int    `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of events. Default: 100."`
	}
	streamInput struct {
		scope
		After  int64  `query:"after" minimum:"-1" doc:"The seq of the last known event; -1: only new events. Default: 0, all events."`
		LastID string `header:"Last-Event-ID" maxLength:"20" doc:"As after; browsers send it when they reconnect."`
	}
)

// EventPage is a list of events; Next is the after of the next page.
type EventPage struct {
	Events []store.Event `json:"events"`
	Next   store.Seq     `json:"next"`
}

// Times of an event stream.
const (
	heartbeat   = 15 * time.Second // keeps proxies from closing an idle stream
	streamWrite = 30 * time.Second // a reader that accepts nothing for this long is disconnected
)

func (h *handler) eventRoutes(r routes) {
	query(r, "GET /events", "listEvents", "List changes, in order", body(h.listEvents))
	r.base.Responses = map[string]*huma.Response{"200": {
		Description: "Server-sent events: id is the seq, event the kind, data the event as JSON.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
	change(r, "GET /events/stream", "streamEvents", "Stream past and new changes as server-sent events", h.streamEvents)
}

func (h *handler) listEvents(ctx context.Context, ws *store.Workspace, in *eventsInput) (EventPage, error) {
	after, err := h.after(ctx, ws, in.After)
	if err != nil {
		return EventPage{}, err
	}
	q := driver.EventQuery{After: after, Limit: cmp.Or(in.Limit, 100)}
	if in.Visitor != "" {
		if q.Visitor, err = visitor.ParseID(in.Visitor); err != nil {
			return EventPage{}, err
		}
	}
	found, err := h.st.Events(ctx, ws.ID(), q)
	if err != nil {
		return EventPage{}, err
	}
	page := EventPage{Events: make([]store.Event, len(found)), Next: after}
	for n, e := range found {
		page.Events[n], page.Next = store.Event(e), e.Seq
	}
	return page, nil
}

// after returns the given number, or for -1 that of the last event.
func (h *handler) after(ctx context.Context, ws *store.Workspace, given int64) (store.Seq, error) {
	if given >= 0 {
		return store.Seq(given), nil
	}
	// Numbers have no gaps, so a binary search finds the last.
	var failed error
	passed := func(n int) bool {
		found, err := h.st.Events(ctx, ws.ID(), driver.EventQuery{After: store.Seq(n), Limit: 1})
		failed = errors.Join(failed, err)
		return len(found) == 0
	}
	high := 1
	for !passed(high) {
		high *= 2
	}
	last := sort.Search(high, passed)
	return store.Seq(last), failed
}

func (h *handler) streamEvents(ctx context.Context, ws *store.Workspace, in *streamInput) (*huma.StreamResponse, error) {
	after, err := h.after(ctx, ws, in.After)
	if err != nil {
		return nil, err
	}
	if in.LastID != "" {
		n, err := strconv.ParseInt(in.LastID, 10, 64)
		if err != nil || n < 0 {
			return nil, invalid("Last-Event-ID", "want the number of an event")
		}
		after = store.Seq(n)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		_, w := humago.Unwrap(ctx)
		s := stream{w: w, to: http.NewResponseController(w), after: after}
		s.run(ctx.Context(), ws)
	}}, nil
}

// stream writes events as they occur, until the client disconnects or the store fails.
type stream struct {
	w     http.ResponseWriter
	to    *http.ResponseController
	after store.Seq
	wrote time.Time
}

func (s *stream) run(ctx context.Context, ws *store.Workspace) {
	for err := s.open(); err == nil && ctx.Err() == nil; err = s.alive() {
		if s.send(ctx, ws) != nil {
			return
		}
	}
}

// send writes events as they occur, until none has for the time of a heartbeat.
func (s *stream) send(ctx context.Context, ws *store.Workspace) error {
	for {
		idle, cancel := context.WithTimeout(ctx, heartbeat)
		for e, err := range ws.Subscribe(idle, s.after) {
			if err == nil {
				err = s.event(e)
			}
			if err != nil {
				cancel()
				return err
			}
		}
		cancel()
		if ctx.Err() != nil || time.Since(s.wrote) >= heartbeat {
			return nil
		}
	}
}

// open begins the response.
func (s *stream) open() error {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("X-Accel-Buffering", "no") // or nginx buffers events
	s.w.WriteHeader(http.StatusOK)
	return s.write(": open\n\n")
}

// alive writes a comment after an idle period.
func (s *stream) alive() error {
	if time.Since(s.wrote) >= heartbeat {
		return s.write(": still here\n\n")
	}
	return nil
}

func (s *stream) event(e store.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	s.after = e.Seq
	return s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Kind, data))
}

func (s *stream) write(text string) error {
	s.wrote = time.Now()
	// Not every ResponseWriter supports deadlines; the context ends such streams.
	_ = s.to.SetWriteDeadline(s.wrote.Add(streamWrite))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.to.Flush()
}
