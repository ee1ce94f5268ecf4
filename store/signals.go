package store

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Signal is what a channel reported about an address: one of the two.
type Signal struct {
	Consent *consent.Entry
	Health  *consent.HealthReport
	// EventID is the channel's id of the event. An entry with an id but no time (At), such as one
	// of a form, is recorded at the time of the first delivery, and a later delivery of it is
	// ignored for driver.DedupWindow: it must not lift a denial that was made in between. A denial is
	// recorded again if it does not stand any more. Default: none.
	EventID string
}

const recordSignals = "record signals"

// RecordSignals records what a channel reported, such as a block or the setting "stop marketing",
// which RecordConsent and ReportHealth refuse from an application. Webhook handlers call it. All
// signals are recorded in one transaction, except those that are not valid or about a topic that
// does not exist: refused has the error of each, nil for those that were recorded. If the store
// fails, nothing is recorded.
func (w *Workspace) RecordSignals(ctx context.Context, signals []Signal) (refused []error, err error) {
	now := w.now()
	refused = make([]error, len(signals))
	var changes []driver.Change
	var indexes []int // the signal of each change
	for i, s := range signals {
		var change driver.Change
		var err error
		switch {
		case s.Consent != nil:
			c := driver.RecordConsent{Audit: w.audit(now), FromChannel: true, Event: s.event()}
			c.Entry, err = s.Consent.Normalize(now)
			change = c
		case s.Health != nil:
			c := driver.ReportHealth{Audit: w.audit(now), FromChannel: true}
			c.Report, err = s.Health.Normalize(now)
			change = c
		default:
			continue
		}
		if err != nil {
			refused[i] = fail(recordSignals, err)
			continue
		}
		changes, indexes = append(changes, change), append(indexes, i)
	}
	for len(changes) > 0 {
		_, err := w.store.Apply(ctx, w.id, changes)
		var failed *driver.ChangeError
		if !errors.As(err, &failed) || !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrNotFound) {
			return refused, fail(recordSignals, err)
		}
		refused[indexes[failed.Index]] = fail(recordSignals, failed.Err)
		changes = append(changes[:failed.Index:failed.Index], changes[failed.Index+1:]...)
		indexes = append(indexes[:failed.Index:failed.Index], indexes[failed.Index+1:]...)
	}
	return refused, nil
}

// event returns the key of the event of an entry without a time.
func (s Signal) event() driver.DedupKey {
	if s.EventID == "" || !s.Consent.At.IsZero() {
		return driver.DedupKey{}
	}
	subject := s.Consent.Subject
	return driver.DedupKeyOf(visitor.Contact{
		Source: visitor.Source(subject.Channel), Account: subject.Sender, EventID: s.EventID,
	})
}
