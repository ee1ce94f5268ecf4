package webhook

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// delivery is what is being taken in: events, and what is to be told of each.
type delivery struct {
	events  []intake.Event
	entries []Entry
	ask     []person // of whom the channel has not told the name
}

// take captures the events of a delivery, in their order. It reports whether all that can
// be kept is, and of whom the channel is to be asked.
func (h *Handler) take(ctx context.Context, events []intake.Event) (kept bool, ask []person) {
	d := delivery{events: events, entries: make([]Entry, len(events))}
	var workspaces []*store.Workspace // in the order in which they come up
	places := map[*store.Workspace][]int{}
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
			if places[ws] == nil {
				workspaces = append(workspaces, ws)
			}
			places[ws] = append(places[ws], i)
		}
	}
	kept = true
	for _, ws := range workspaces {
		kept = d.capture(ctx, ws, places[ws]) && kept
	}
	for _, e := range d.entries {
		h.tell(e)
	}
	return kept, d.ask
}

func (h *Handler) workspace(account string) *store.Workspace {
	if h.o.Route != nil {
		return h.o.Route(account)
	}
	return h.ws
}

var errNotKept = errors.New("not tried, since the store failed before")

// capture captures the events at the places into one workspace. It reports whether the store
// could.
func (d *delivery) capture(ctx context.Context, ws *store.Workspace, places []int) bool {
	contacts := make([]visitor.Contact, len(places))
	for n, i := range places {
		contacts[n] = d.events[i].Contact
	}
	results, err := ws.CaptureAll(ctx, contacts)
	for n, i := range places {
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

// note tells in an entry what a capture did.
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
		e.Outcome = Outcome(r.Outcome) // of the same names
		if r.Visitor.Placeholder() {
			d.ask = append(d.ask, person{ws, *e, c})
		}
	}
}
