package webhook

import (
	"context"
	"sync"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// person is somebody whose name the channel has not told.
type person struct {
	ws      *store.Workspace
	entry   Entry // of the event that told of the person
	contact visitor.Contact
}

func (p person) key() personKey { return personKey{p.ws, p.contact.Identity()} }

type personKey struct {
	ws *store.Workspace
	id visitor.Identity
}

// profiles asks channels for people, a few at a time, and each person once at a time.
type profiles struct {
	o    Options
	tell func(Entry)

	mu      sync.Mutex
	waiting []person
	known   map[personKey]bool // who waits or is being asked for
	workers int
	closed  bool
	group   sync.WaitGroup
}

func newProfiles(o Options, tell func(Entry)) *profiles {
	return &profiles{o: o, tell: tell, known: map[personKey]bool{}}
}

// add has a person asked for, unless too many wait or the person does already.
func (p *profiles) add(who person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.o.Profile == nil || p.closed || p.known[who.key()] || len(p.waiting) >= mostWaiting {
		return
	}
	p.known[who.key()] = true
	p.waiting = append(p.waiting, who)
	if p.workers < p.o.ProfileWorkers {
		p.workers++
		p.group.Go(p.work)
	}
}

// work asks for people until nobody waits.
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
		p.ask(who)
		p.mu.Lock()
		delete(p.known, who.key())
		p.mu.Unlock()
	}
}

func (p *profiles) ask(who person) {
	ctx, cancel := context.WithTimeout(context.Background(), p.o.ProfileTimeout)
	defer cancel()
	c, err := who.ws.EnrichProfile(ctx, who.contact, p.o.Profile)
	e := who.entry
	e.Outcome, e.Reason, e.InvalidFields = ProfileFetched, "", c.InvalidFields
	if err != nil {
		e.Outcome, e.Err = ProfileFailed, err
	}
	p.tell(e)
}

// close drops who waits, and waits for those who are being asked for.
func (p *profiles) close() {
	p.mu.Lock()
	p.closed, p.waiting = true, nil
	p.mu.Unlock()
	p.group.Wait()
}
