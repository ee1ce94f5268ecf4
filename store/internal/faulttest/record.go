package faulttest

import (
	"fmt"
	"sync"
)

// operation is a change that a worker is about to make or, if acknowledged, that the store
// has acknowledged. Its text is one line, so that a child process can report it.
type operation struct {
	acknowledged bool
	kind         operationKind
	key          string // of the visitor, or of the batch of visitors
	n            int
}

type operationKind string

const (
	create operationKind = "create" // the visitor key
	update operationKind = "update" // its n-th update
	mark   operationKind = "mark"   // with a tag
	remove operationKind = "remove"
	load   operationKind = "load" // the batch key of n visitors
)

func (o operation) String() string {
	return fmt.Sprintf("%t %s %s %d", o.acknowledged, o.kind, o.key, o.n)
}

func parseOperation(line string) (o operation, err error) {
	_, err = fmt.Sscanf(line, "%t %s %s %d", &o.acknowledged, &o.kind, &o.key, &o.n)
	return o, err
}

// progress is the state of an operation. Only an acknowledged one must have its effect; an
// attempted one can have it.
type progress int

const (
	notAttempted progress = iota
	attempted
	acknowledged
)

func (p *progress) note(o operation) {
	*p = attempted
	if o.acknowledged {
		*p = acknowledged
	}
}

// allows reports whether the effect is allowed to exist, or to be absent.
func (p progress) allows(exists bool) bool {
	return p == attempted || exists == (p == acknowledged)
}

// recorded is the operations on one visitor.
type recorded struct {
	created, marked, removed            progress
	attemptedUpdate, acknowledgedUpdate int // number of the last one
}

// recordedBatch is a batch of visitors that are loaded together.
type recordedBatch struct {
	loaded progress
	size   int
}

// record is all operations so far, by the key of the visitor or batch.
type record struct {
	mu           sync.Mutex
	visitors     map[string]*recorded
	batches      map[string]*recordedBatch
	acknowledged int // operations
}

func newRecord() *record {
	return &record{visitors: map[string]*recorded{}, batches: map[string]*recordedBatch{}}
}

func (r *record) note(o operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.acknowledged {
		r.acknowledged++
	}
	if o.kind == load {
		b := &recordedBatch{size: o.n}
		b.loaded.note(o)
		r.batches[o.key] = b
		return
	}
	v := r.visitors[o.key]
	if v == nil {
		v = &recorded{}
		r.visitors[o.key] = v
	}
	switch o.kind {
	case create:
		v.created.note(o)
	case mark:
		v.marked.note(o)
	case remove:
		v.removed.note(o)
	case update:
		v.attemptedUpdate = o.n
		if o.acknowledged {
			v.acknowledgedUpdate = o.n
		}
	}
}
