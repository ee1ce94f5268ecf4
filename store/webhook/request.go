package webhook

import (
	"context"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// request asks a channel for data of a person that its event did not contain: the profile, or
// the answers of a lead.
type request struct {
	ws      *store.Workspace
	entry   Entry // of the person's event
	contact visitor.Contact
	lead    bool
	tries   int // that failed
}

func (r request) key() requestKey {
	return requestKey{r.ws, r.contact.Source, r.contact.Account, r.contact.ExternalID}
}

type requestKey struct {
	ws                  *store.Workspace
	source              visitor.Source
	account, externalID string
}

// requests is the queue of requests. Each person is in it at most once.
type requests struct {
	o   Options
	run func(request) (again bool)

	mu      sync.Mutex
	waiting []request
	claimed map[requestKey]bool // waiting, running or to be repeated
	timers  map[requestKey]*time.Timer
	workers int
	closed  bool
	group   sync.WaitGroup // running requests
}

func newRequests(o Options, run func(request) bool) *requests {
	return &requests{o: o, run: run, claimed: map[requestKey]bool{}, timers: map[requestKey]*time.Timer{}}
}

// add queues a request, unless the queue is full or has the person already.
func (q *requests) add(r request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed && !q.claimed[r.key()] && len(q.claimed) < maxWaiting {
		q.push(r)
	}
}

func (q *requests) push(r request) {
	q.claimed[r.key()] = true
	q.waiting = append(q.waiting, r)
	if q.workers < q.o.ProfileWorkers {
		q.workers++
		q.group.Go(q.work)
	}
}

// work makes requests until the queue is empty.
func (q *requests) work() {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.workers--
			q.mu.Unlock()
			return
		}
		r := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		if q.run(r) {
			q.repeat(r)
		} else {
			q.release(r)
		}
	}
}

// repeat queues a request again after a while. Each time it waits four times as long.
func (q *requests) repeat(r request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	wait := q.o.FetchWait
	for range r.tries {
		wait = min(4*wait, maxWait)
	}
	r.tries++
	q.timers[r.key()] = time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if delete(q.timers, r.key()); !q.closed {
			q.push(r)
		}
	})
}

// claim reserves a person for a request outside of the queue, until release. It reports
// whether the person was free, and whether the queue is closed.
func (q *requests) claim(r request) (free, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.claimed[r.key()] {
		return false, q.closed
	}
	q.claimed[r.key()] = true
	q.group.Add(1)
	return true, false
}

func (q *requests) release(r request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.claimed, r.key())
}

// close empties the queue and waits for running requests.
func (q *requests) close() {
	q.mu.Lock()
	q.closed, q.waiting = true, nil
	for _, t := range q.timers {
		t.Stop()
	}
	q.mu.Unlock()
	q.group.Wait()
}

// request makes a request, and reports whether to repeat it later.
func (h *Handler) request(r request) (again bool) {
	if r.lead {
		return h.fetchLead(context.Background(), r, r.tries+1 < h.o.FetchTries) == LeadRetried
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.o.ProfileTimeout)
	defer cancel()
	c, err := r.ws.EnrichProfile(ctx, r.contact, h.o.Profile)
	e := r.entry
	e.Outcome, e.Reason, e.InvalidFields = ProfileFetched, "", c.InvalidFields
	if err != nil {
		e.Outcome, e.Err = ProfileFailed, err
	}
	h.record(e)
	return false
}
