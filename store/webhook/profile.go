package webhook

import (
	"context"
	"sync"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// person is a person with a placeholder name, whose profile to request.
type person struct {
	ws      *store.Workspace
	entry   Entry // of the person's event
	contact visitor.Contact
}

func (p person) key() personKey { return personKey{p.ws, p.contact.Identity()} }

type personKey struct {
	ws *store.Workspace
	id visitor.Identity
}

// profiles is the queue of profile requests. Each person is in it at most once.
type profiles struct {
	o      Options
	record func(Entry)

	mu      sync.Mutex
	waiting []person
	known   map[personKey]bool // waiting or being requested
	workers int
	closed  bool
	group   sync.WaitGroup
}

func newProfiles(o Options, record func(Entry)) *profiles {
	return &profiles{o: o, record: record, known: map[personKey]bool{}}
}

// add queues a request, unless the queue is full or has the person already.
func (p *profiles) add(who person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.o.Profile == nil || p.closed || p.known[who.key()] || len(p.waiting) >= maxWaiting {
		return
	}
	p.known[who.key()] = true
	p.waiting = append(p.waiting, who)
	if p.workers < p.o.ProfileWorkers {
		p.workers++
		p.group.Go(p.work)
	}
}

// work makes requests until the queue is empty.
func (p *profiles) work() {
	for {
		p.mu.Lock()
		if len(p.waiting) == 0 {
			p.workers--
			p.mu.Unlock()
			return
		}
		who := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
		p.request(who)
		p.mu.Lock()
		delete(p.known, who.key())
		p.mu.Unlock()
	}
}

func (p *profiles) request(who person) {
	ctx, cancel := context.WithTimeout(context.Background(), p.o.ProfileTimeout)
	defer cancel()
	c, err := who.ws.EnrichProfile(ctx, who.contact, p.o.Profile)
	e := who.entry
	e.Outcome, e.Reason, e.InvalidFields = ProfileFetched, "", c.InvalidFields
	if err != nil {
		e.Outcome, e.Err = ProfileFailed, err
	}
	p.record(e)
}

// close empties the queue and waits for running requests.
func (p *profiles) close() {
	p.mu.Lock()
	p.closed, p.waiting = true, nil
	p.mu.Unlock()
	p.group.Wait()
}
