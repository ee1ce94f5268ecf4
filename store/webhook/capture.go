package webhook

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// delivery holds the events of a delivery, and the log entry of each.
type delivery struct {
	events  []intake.Event
	entries []Entry
	ask     []person // captured with a placeholder name
}

// capture captures the events of a delivery, in their order. It returns whether the store
// succeeded, and whose profile to request.
func (h *Handler) capture(ctx context.Context, events []intake.Event) (kept bool, ask []person) {
	d := delivery{events: events, entries: make([]Entry, len(events))}
	var workspaces []*store.Workspace // in the order of their first event
	indexes := map[*store.Workspace][]int{}
	for i, e := range events {
		d.entries[i] = Entry{Source: e.Contact.Source, Account: e.Account, Via: e.Via, Outcome: Ignored, Reason: string(e.Reason)}
		ws := h.workspace(e.Account)
		switch {
		case e.Reason == intake.Malformed:
			d.entries[i].Outcome, d.entries[i].Err = Refused, e.Err
		case e.Kind == intake.Ignored:
		case ws == nil:
			d.entries[i].Reason = string(Unrouted)
		default:
			if indexes[ws] == nil {
				workspaces = append(workspaces, ws)
			}
			indexes[ws] = append(indexes[ws], i)
		}
	}
	kept = true
	for _, ws := range workspaces {
		kept = d.capture(ctx, ws, indexes[ws]) && kept
	}
	for _, e := range d.entries {
		h.record(e)
	}
	return kept, d.ask
}

func (h *Handler) workspace(account string) *store.Workspace {
	if h.o.Route != nil {
		return h.o.Route(account)
	}
	return h.ws
}

var errNotKept = errors.New("not tried, as the store failed for an earlier event")

// capture captures the events with these indexes in one workspace. It reports whether the
// store succeeded.
func (d *delivery) capture(ctx context.Context, ws *store.Workspace, indexes []int) bool {
	contacts := make([]visitor.Contact, len(indexes))
	for n, i := range indexes {
		contacts[n] = d.events[i].Contact
	}
	results, err := ws.CaptureAll(ctx, contacts)
	for n, i := range indexes {
		switch e := &d.entries[i]; {
		case n < len(results):
			d.note(e, ws, contacts[n], results[n])
		case n == len(results):
			e.Outcome, e.Err = Failed, err
		default:
			e.Outcome, e.Err = Failed, errNotKept
		}
	}
	return err == nil
}

// note writes the result of a capture into an entry.
func (d *delivery) note(e *Entry, ws *store.Workspace, c visitor.Contact, r store.Captured) {
	e.Reason, e.Visitor, e.InvalidFields = string(r.Reason), r.Visitor.ID, r.InvalidFields
	switch {
	case r.Err != nil:
		e.Outcome, e.Err = Refused, r.Err
	case r.Reason == store.AlreadyProcessed:
		e.Outcome = Duplicate
	case r.Outcome == store.CaptureIgnored:
		e.Reason = string(Unknown)
	default:
		e.Outcome = Outcome(r.Outcome) // both have the same codes
		if r.Visitor.Placeholder() {
			d.ask = append(d.ask, person{ws, *e, c})
		}
	}
}
