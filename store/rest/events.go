package rest

import (
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
		After   int64  `query:"after" minimum:"-1" doc:"The number of the last event that is known; -1: what comes from now on. Default: from the first."`
		Visitor string `query:"visitor" format:"uuid" doc:"Only events that name this visitor, as visitor or as other. The id is not followed to the visitor that it was merged into. Default: all events."`
		Limit   int    `query:"limit" minimum:"1" maximum:"1000" doc:"The most events. Default: 100."`
	}
	eventsOutput struct{ Body EventPage }
	streamInput  struct {
		scope
		After  int64  `query:"after" minimum:"-1" doc:"The number of the last event that is known; -1: what comes from now on. Default: from the first."`
		LastID string `header:"Last-Event-ID" maxLength:"20" doc:"As after; browsers send it when they connect again."`
	}
)

// EventPage is a list of events; Next is the number to go on after.
type EventPage struct {
	Events []store.Event `json:"events"`
	Next   store.Seq     `json:"next"`
}

// Times of an event stream.
const (
	heartbeat   = 15 * time.Second // keeps proxies from closing a quiet stream
	streamWrite = 30 * time.Second // a reader that takes nothing for so long is gone
)

func (h *handler) eventRoutes(api huma.API) {
	query(h, api, huma.Operation{OperationID: "listEvents", Method: http.MethodGet, Path: "/events", Tags: []string{"events"},
		Summary: "What has changed, in order"}, h.listEvents)
	operation(h, api, huma.Operation{OperationID: "streamEvents", Method: http.MethodGet, Path: "/events/stream", Tags: []string{"events"},
		Summary: "What has changed and what changes, as server-sent events",
		Responses: map[string]*huma.Response{"200": {
			Description: "Server-sent events: id is the number, event the kind, data the event as JSON.",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
		}}}, h.streamEvents)
}

func (h *handler) listEvents(ctx context.Context, ws *store.Workspace, in *eventsInput) (*eventsOutput, error) {
	if in.Limit == 0 {
		in.Limit = 100
	}
	after, err := h.after(ctx, ws, in.After)
	if err != nil {
		return nil, err
	}
	q := driver.EventQuery{After: after, Limit: in.Limit}
	if in.Visitor != "" {
		if q.Visitor, err = visitor.ParseID(in.Visitor); err != nil {
			return nil, err
		}
	}
	found, err := h.st.Events(ctx, ws.ID(), q)
	if err != nil {
		return nil, err
	}
	page := EventPage{Events: make([]store.Event, len(found)), Next: after}
	for n, e := range found {
		page.Events[n], page.Next = store.Event(e), e.Seq
	}
	return &eventsOutput{page}, nil
}

// after is the number to go on after: the one given, or for -1 that of the last event.
func (h *handler) after(ctx context.Context, ws *store.Workspace, given int64) (store.Seq, error) {
	if given >= 0 {
		return store.Seq(given), nil
	}
	// Numbers have no gap, so a few questions tell which is the last.
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
		s.run(ctx.Context(), ws, h.o.Poll)
	}}, nil
}

// stream writes events as they come, until the reader or the store is gone.
type stream struct {
	w     http.ResponseWriter
	to    *http.ResponseController
	after store.Seq
	wrote time.Time
}

func (s *stream) run(ctx context.Context, ws *store.Workspace, poll time.Duration) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("X-Accel-Buffering", "no") // or nginx holds events back
	s.w.WriteHeader(http.StatusOK)
	if s.write(": open\n\n") != nil {
		return
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if s.send(ctx, ws) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// send writes the events that there are, or a comment when it has long been quiet.
func (s *stream) send(ctx context.Context, ws *store.Workspace) error {
	for e, err := range ws.Events(ctx, s.after) {
		if err != nil {
			return err
		}
		data, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if err := s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Kind, data)); err != nil {
			return err
		}
		s.after = e.Seq
	}
	if time.Since(s.wrote) >= heartbeat {
		return s.write(": still here\n\n")
	}
	return nil
}

func (s *stream) write(text string) error {
	s.wrote = time.Now()
	// Some writers have no deadline; the context ends their streams.
	_ = s.to.SetWriteDeadline(s.wrote.Add(streamWrite))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.to.Flush()
}
