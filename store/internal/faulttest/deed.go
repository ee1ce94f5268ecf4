package faulttest

import (
	"fmt"
	"sync"
)

// deed is a change that somebody is about to make or, once done, has made: the store has
// acknowledged it. A line of text holds one, so that a process can tell another.
type deed struct {
	done bool
	verb verb
	key  string // of the visitor, or of the batch of visitors
	n    int
}

type verb string

const (
	create verb = "create" // the visitor key
	update verb = "update" // its n-th update
	mark   verb = "mark"   // with a tag
	remove verb = "remove"
	load   verb = "load" // the batch key of n visitors
)

func (d deed) String() string {
	return fmt.Sprintf("%t %s %s %d", d.done, d.verb, d.key, d.n)
}

func parseDeed(line string) (d deed, err error) {
	_, err = fmt.Sscanf(line, "%t %s %s %d", &d.done, &d.verb, &d.key, &d.n)
	return d, err
}

// fate is what is known of a visitor: what was tried may be so, what was done must be.
type fate struct {
	created, marked, removed state
	tried, updated           int // the last update
}

type state int

const (
	untried state = iota
	tried
	done
)

func (s *state) note(d deed) {
	*s = tried
	if d.done {
		*s = done
	}
}

// allows reports whether it may be so.
func (s state) allows(so bool) bool {
	return s == tried || so == (s == done)
}

// chronicle is what is known of all visitors and batches, by key.
type chronicle struct {
	mu      sync.Mutex
	fates   map[string]*fate
	batches map[string]*batch
	done    int // deeds
}

type batch struct {
	loaded state
	size   int
}

func newChronicle() *chronicle {
	return &chronicle{fates: map[string]*fate{}, batches: map[string]*batch{}}
}

func (c *chronicle) note(d deed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.done {
		c.done++
	}
	if d.verb == load {
		b := &batch{size: d.n}
		b.loaded.note(d)
		c.batches[d.key] = b
		return
	}
	f := c.fates[d.key]
	if f == nil {
		f = &fate{}
		c.fates[d.key] = f
	}
	switch d.verb {
	case create:
		f.created.note(d)
	case mark:
		f.marked.note(d)
	case remove:
		f.removed.note(d)
	case update:
		f.tried = d.n
		if d.done {
			f.updated = d.n
		}
	}
}
