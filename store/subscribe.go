package store

import (
	"context"
	"iter"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
)

// pollInterval is how often Subscribe looks for what other processes have appended.
const pollInterval = 200 * time.Millisecond

// Subscribe iterates over the events after a number (0: from the first), in order, and waits for
// more, until ctx ends. What this process appends through the same store comes at once; what others
// append comes within 200 milliseconds, as does what is written on a connection of the application.
// No event is left out or repeated: a program that keeps the number of the last event it has handled
// goes on after it. An error ends the iteration; that of ctx is not returned.
//
//	for e, err := range ws.Subscribe(ctx, last) {
//		if err != nil {
//			return err
//		}
//		… // then store e.Seq
//	}
func (w *Workspace) Subscribe(ctx context.Context, after Seq) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		last := max(after, 0)
		poll := time.NewTicker(pollInterval)
		defer poll.Stop()
		for {
			appended := w.appended() // before events are read, so that none is missed
			for e, err := range w.Events(ctx, last) {
				if ctx.Err() != nil || !yield(e, err) || err != nil {
					return
				}
				last = e.Seq
			}
			select {
			case <-ctx.Done():
				return
			case <-appended:
			case <-poll.C:
			}
		}
	}
}

// appended returns a channel that is closed when this process has appended events, nil if the store
// does not tell.
func (w *Workspace) appended() <-chan struct{} {
	if n, ok := w.store.(driver.Notifier); ok {
		return n.Appended(w.id)
	}
	return nil
}
