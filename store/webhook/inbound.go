package webhook

import (
	"context"
	"database/sql"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Inbound is an event in which a person contacted the business, with the visitor that the
// person became.
type Inbound struct {
	Visitor visitor.Visitor // after the event
	Event   intake.Event
	// Payload is the channel's own JSON of the event, such as the message with its text: the
	// Payload of Event. Copy it to keep it after Options.Inbound has returned.
	Payload []byte
}

// captureInbound captures the events with these indexes and passes the Inbound ones to
// Options.Inbound, all in one transaction.
func (d *delivery) captureInbound(
	ctx context.Context, ws *store.Workspace, indexes []int, contacts []visitor.Contact,
) ([]store.Captured, error) {
	results, err := ws.CaptureInTx(ctx, contacts, func(tx *sql.Tx, results []store.Captured) error {
		var in []Inbound
		for n, r := range results {
			e := d.events[indexes[n]]
			// Without a transaction, a duplicate can be one whose callback failed.
			captured := r.Outcome != store.CaptureIgnored || tx == nil && r.Reason == store.AlreadyProcessed
			if e.Kind == intake.Inbound && captured && r.Visitor.ID != "" {
				in = append(in, Inbound{Visitor: r.Visitor, Event: e, Payload: e.Payload})
			}
		}
		if len(in) == 0 {
			return nil
		}
		return d.o.Inbound(ctx, tx, in)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}
