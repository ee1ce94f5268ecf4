package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/store/driver"
)

// pending are writes that are made at the end of the transaction, for all calls of Apply that
// share it: this is cheaper, and the numbers of events are taken as late as possible, since
// that blocks the workspace's other writers.
type pending struct {
	events []driver.Event
	counts counts
	texts  textChanges
}

func newPending() *pending { return &pending{counts: counts{}, texts: textChanges{}} }

// add appends the writes of a later call of Apply.
func (p *pending) add(later *pending) {
	p.events = append(p.events, later.events...)
	for of, n := range later.counts {
		p.counts[of] += n
	}
	for key, c := range later.texts {
		if c.old != nil {
			p.texts.drop(key, *c.old)
		}
		if c.now != nil {
			p.texts.put(key, *c.now)
		}
	}
}

func (p *pending) write(ctx context.Context, s scope) error {
	ctx = context.WithoutCancel(ctx)
	s, err := s.find(ctx)
	if err != nil {
		return err
	}
	if err := s.writeEvents(ctx, p.events); err != nil {
		return err
	}
	if err := s.writeCounts(ctx, p.counts); err != nil {
		return err
	}
	return s.writeTexts(ctx, p.texts)
}
