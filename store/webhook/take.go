package webhook

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// take captures the events of a delivery. It reports whether all that can be kept is, and
// of whom the channel is to be asked.
func (h *Handler) take(ctx context.Context, events []intake.Event) (kept bool, ask []person) {
	entries := make([]Entry, len(events))
	people := make([]*person, len(events))
	var down atomic.Bool // the store failed: what has not begun will come again
	lanes := lanesOf(events)
	var next atomic.Int64
	work := func() {
		for n := next.Add(1); n <= int64(len(lanes)); n = next.Add(1) {
			for _, i := range lanes[n-1] {
				entries[i], people[i] = h.event(ctx, events[i], &down)
			}
		}
	}
	if workers := min(h.o.Parallel, len(lanes)); workers <= 1 {
		work()
	} else {
		var group sync.WaitGroup
		for range workers {
			group.Go(work)
		}
		group.Wait()
	}
	for i, e := range entries {
		h.tell(e)
		if people[i] != nil {
			ask = append(ask, *people[i])
		}
	}
	return !down.Load(), ask
}

var errNotTried = errors.New("not tried, after another event had failed")

// event captures one event. It returns the person to ask the channel for, nil for none.
func (h *Handler) event(ctx context.Context, e intake.Event, down *atomic.Bool) (Entry, *person) {
	entry := Entry{Source: e.Contact.Source, Account: e.Account, Via: e.Via, Outcome: Ignored, Reason: string(e.Reason)}
	switch {
	case e.Reason == intake.Malformed:
		entry.Outcome, entry.Err = Refused, e.Err
		return entry, nil
	case e.Kind == intake.Ignored:
		return entry, nil
	case down.Load():
		entry.Outcome, entry.Err = Failed, errNotTried
		return entry, nil
	}
	ws := h.ws
	if h.o.Route != nil {
		if ws = h.o.Route(e.Account); ws == nil {
			entry.Reason = string(Elsewhere)
			return entry, nil
		}
	}
	c, err := ws.Capture(ctx, e.Contact)
	if err != nil {
		entry.Outcome, entry.Err = Refused, err
		if !errors.Is(err, store.ErrInvalid) {
			entry.Outcome = Failed
			down.Store(true)
		}
		return entry, nil
	}
	entry.Reason, entry.Visitor, entry.LeftOut = string(c.Reason), c.Visitor.ID, c.Refused
	switch {
	case c.Reason == store.SeenBefore:
		entry.Outcome = Duplicate
	case c.Outcome == store.CaptureIgnored:
		entry.Reason = string(Unknown)
	default:
		entry.Outcome = Outcome(c.Outcome) // of the same names
		if c.Visitor.Placeholder() {
			return entry, &person{ws, entry, e.Contact}
		}
	}
	return entry, nil
}

// lanesOf parts events into lanes: those of people who share an id are in one, in their
// order. Each number is the place of an event.
func lanesOf(events []intake.Event) [][]int {
	lane := make([]int, len(events)) // the lane of each event: that of another, or its own place
	first := map[visitor.Identity]int{}
	top := func(i int) int {
		for lane[i] != i {
			lane[i] = lane[lane[i]]
			i = lane[i]
		}
		return i
	}
	for i, e := range events {
		lane[i] = i
		if e.Kind == intake.Ignored {
			continue
		}
		c := e.Contact
		for _, ids := range [][]visitor.Identity{{c.Identity()}, c.Also, c.Was, c.Variants} {
			for _, id := range ids {
				if known, ok := first[id]; ok {
					a, b := top(known), top(i)
					lane[max(a, b)] = min(a, b)
				} else {
					first[id] = i
				}
			}
		}
	}
	var lanes [][]int
	place := make([]int, len(events))
	for i := range events {
		t := top(i)
		if t == i {
			place[i] = len(lanes)
			lanes = append(lanes, nil)
		}
		lanes[place[t]] = append(lanes[place[t]], i)
	}
	return lanes
}
