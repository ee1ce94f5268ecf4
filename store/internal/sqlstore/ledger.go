package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/store"
)

// ledger is what changes leave to be written at the end of the transaction, together for
// all calls of Apply that share it: that is cheaper, and events are numbered last.
type ledger struct {
	events []store.Event
	counts counts
	texts  textChanges
}

func newLedger() *ledger { return &ledger{counts: counts{}, texts: textChanges{}} }

func (l *ledger) event(e store.Event) { l.events = append(l.events, e) }

// add takes over what a later call of Apply leaves.
func (l *ledger) add(later *ledger) {
	l.events = append(l.events, later.events...)
	for of, n := range later.counts {
		l.counts[of] += n
	}
	for key, c := range later.texts {
		if c.old != nil {
			l.texts.drop(key, *c.old)
		}
		if c.now != nil {
			l.texts.put(key, *c.now)
		}
	}
}

// write writes the workspace's ledger.
func (l *ledger) write(ctx context.Context, s scope) error {
	ctx = context.WithoutCancel(ctx)
	if err := s.writeEvents(ctx, l.events); err != nil {
		return err
	}
	if err := s.writeCounts(ctx, l.counts); err != nil {
		return err
	}
	return s.writeTexts(ctx, l.texts)
}
