package webhook

import (
	"context"
	"errors"
	"slices"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// delivery holds the events of a delivery, and the log entry of each.
type delivery struct {
	*Handler
	events  []intake.Event
	entries []Entry
	ask     []request

	unblocked map[*store.Workspace][]store.Signal // see noteUnblocked
}

// capture captures the events of a delivery, in their order. It returns whether that succeeded,
// and the requests to make afterwards.
func (h *Handler) capture(ctx context.Context, events []intake.Event) (kept bool, ask []request) {
	d := delivery{Handler: h, events: events, entries: make([]Entry, len(events))}
	var workspaces []*store.Workspace // in the order of their first event
	indexes, signals := map[*store.Workspace][]int{}, map[*store.Workspace][]int{}
	for i, e := range events {
		d.entries[i] = Entry{
			Source: e.Contact.Source, Account: e.Account, Via: e.Via, Outcome: Ignored, Reason: string(e.Reason),
		}
		ws := h.workspace(e.Account)
		switch {
		case e.Reason == intake.Malformed:
			d.entries[i].Outcome, d.entries[i].Err = Refused, e.Err
		case e.Kind == intake.Ignored:
		case ws == nil:
			d.entries[i].Reason = string(Unrouted)
		default:
			if indexes[ws] == nil && signals[ws] == nil {
				workspaces = append(workspaces, ws)
			}
			if e.Kind == intake.Consent {
				signals[ws] = append(signals[ws], i)
			} else {
				indexes[ws] = append(indexes[ws], i)
			}
		}
	}
	kept = true
	for _, ws := range workspaces {
		captured := d.captureIn(ctx, ws, indexes[ws])
		kept = d.recordIn(ctx, ws, signals[ws], captured) && kept
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

// consentState returns what a Consent event says: a code without personal data.
func consentState(e intake.Event) string {
	switch {
	case e.Consent != nil:
		return string(e.Consent.State)
	case e.Health != nil:
		return string(e.Health.State)
	}
	return ""
}

var errNotKept = errors.New("not captured, as another event of the delivery failed")

// captureIn captures the events with these indexes in one workspace. It reports whether that
// succeeded.
func (d *delivery) captureIn(ctx context.Context, ws *store.Workspace, indexes []int) bool {
	if len(indexes) == 0 {
		return true
	}
	contacts := make([]visitor.Contact, len(indexes))
	for n, i := range indexes {
		contacts[n] = d.events[i].Contact
	}
	var results []store.Captured
	var err error
	isInbound := func(i int) bool { return d.events[i].Kind == intake.Inbound }
	if d.o.Inbound != nil && slices.ContainsFunc(indexes, isInbound) {
		results, err = d.captureInbound(ctx, ws, indexes, contacts)
	} else {
		results, err = ws.CaptureAll(ctx, contacts)
	}
	for n, i := range indexes {
		switch e := &d.entries[i]; {
		case n < len(results):
			d.note(e, ws, contacts[n], results[n])
			d.noteUnblocked(ws, d.events[i], &results[n].Visitor)
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
	lead := isPendingLead(c)
	switch {
	case r.Err != nil:
		e.Outcome, e.Err = Refused, r.Err
	case r.Reason == store.AlreadyProcessed:
		e.Outcome = Duplicate
	case r.Outcome == store.CaptureIgnored:
		e.Reason = string(Unknown)
	default:
		e.Outcome = Outcome(r.Outcome) // both have the same codes
		if d.o.Profile != nil && !lead && r.Visitor.Placeholder() {
			d.ask = append(d.ask, request{ws: ws, entry: *e, contact: c})
		}
	}
	// A duplicate can be a lead whose first delivery was cut off before the request.
	if d.o.Fetch != nil && lead && r.Visitor.ID != "" && r.Visitor.Attributes[intake.LeadStatus].Text() != intake.LeadComplete {
		d.ask = append(d.ask, request{ws: ws, entry: *e, contact: c, lead: true})
	}
}
