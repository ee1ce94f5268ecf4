package webhook

import (
	"context"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// recordIn records the consent signals with these indexes, and that people who had blocked the
// business have written again, unless the events before them were not captured. It reports whether
// that succeeded.
func (d *delivery) recordIn(ctx context.Context, ws *store.Workspace, indexes []int, captured bool) bool {
	if !captured {
		for _, i := range indexes {
			d.entries[i].Outcome, d.entries[i].Err = Failed, errNotKept
		}
		return false
	}
	signals := make([]store.Signal, 0, len(indexes))
	for _, i := range indexes {
		e := d.events[i]
		signals = append(signals, store.Signal{Consent: e.Consent, Health: e.Health, EventID: e.Contact.EventID})
	}
	signals = append(signals, d.unblocked[ws]...)
	if len(signals) == 0 {
		return true
	}
	refused, err := ws.RecordSignals(ctx, signals)
	for n, i := range indexes {
		switch e := &d.entries[i]; {
		case err != nil:
			e.Outcome, e.Err = Failed, err
		case refused[n] != nil:
			e.Outcome, e.Err = Refused, refused[n]
		default:
			e.Outcome, e.Reason = ConsentSignal, consentState(d.events[i])
		}
	}
	return err == nil
}

// noteUnblocked notes that an address which had blocked the business sent a message: then the block
// has ended, though the channel may not have reported that.
func (d *delivery) noteUnblocked(ws *store.Workspace, e intake.Event, v visitor.Visitor) {
	if e.Kind != intake.Inbound {
		return
	}
	for _, h := range v.Health {
		s := h.Report.Subject
		if h.Report.State != consent.Blocked || visitor.SourceOf(s.Channel) != e.Contact.Source || !e.Contact.OccurredAt.After(h.Report.At) {
			continue
		}
		normal, err := consent.Subject{Channel: s.Channel, Sender: s.Sender, Address: e.Contact.ExternalID}.Normalize()
		if err != nil || normal != s || s.Sender != "" && s.Sender != e.Contact.Inbox {
			continue
		}
		if d.unblocked == nil {
			d.unblocked = map[*store.Workspace][]store.Signal{}
		}
		d.unblocked[ws] = append(d.unblocked[ws], store.Signal{Health: &consent.HealthReport{
			Subject: s, State: consent.Healthy, Origin: consent.Person, At: e.Contact.OccurredAt, Cause: e.Via,
		}})
	}
}
