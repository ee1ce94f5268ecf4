package webhook

import (
	"context"
	"errors"

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
	if err == nil {
		err = d.endBlocks(ctx, ws, indexes)
	}
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

// endBlocks ends the blocks with these indexes after which the person has written: of a later message
// that was captured before the block was reported. Together with noteUnblocked, the order in which
// the two arrive makes no difference.
func (d *delivery) endBlocks(ctx context.Context, ws *store.Workspace, indexes []int) error {
	var signals []store.Signal
	for _, i := range indexes {
		h := d.events[i].Health
		if h == nil || h.State != consent.Blocked {
			continue
		}
		v, err := ws.Lookup(ctx, visitor.SourceOf(h.Subject.Channel), "", h.Subject.Address)
		switch {
		case err == nil:
			signals = append(signals, unblocked(&v)...)
		case !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrInvalid):
			return err
		}
	}
	if len(signals) == 0 {
		return nil
	}
	_, err := ws.RecordSignals(ctx, signals)
	return err
}

// noteUnblocked notes that a person who had blocked the business sent a message: then the block has
// ended, though the channel may not have reported that.
func (d *delivery) noteUnblocked(ws *store.Workspace, e intake.Event, v *visitor.Visitor) {
	if e.Kind != intake.Inbound {
		return
	}
	if signals := unblocked(v); len(signals) > 0 {
		if d.unblocked == nil {
			d.unblocked = map[*store.Workspace][]store.Signal{}
		}
		d.unblocked[ws] = append(d.unblocked[ws], signals...)
	}
}

// unblocked returns a signal for each block of a visitor after which a message arrived.
func unblocked(v *visitor.Visitor) (signals []store.Signal) {
	for _, h := range v.Health {
		s := h.Report.Subject
		if h.Report.State != consent.Blocked {
			continue
		}
		for _, r := range v.RoutesOn(s.Channel) {
			if r.Subject.Address == s.Address && (s.Sender == "" || s.Sender == r.Subject.Sender) && r.LastMessage.After(h.Report.At) {
				signals = append(signals, store.Signal{Health: &consent.HealthReport{
					Subject: s, State: consent.Healthy, Origin: consent.Person, At: r.LastMessage, Cause: "message",
				}})
			}
		}
	}
	return signals
}
