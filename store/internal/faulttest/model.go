package faulttest

import (
	"github.com/anishathalye/porcupine"

	"github.com/contactpipeline/visitors/visitor"
)

// question is the input of a call.
type question struct {
	verb asking
	key  string     // of the identity or of the visitor that is updated
	id   visitor.ID // to create or to delete
	rev  int64      // to update, 0 for any
	n    int        // to write
}

type asking string

const (
	capture asking = "capture" // create a visitor with the identity, or get the id of its owner
	forget  asking = "forget"  // delete a visitor
	lookUp  asking = "look up" // who has the identity
	write   asking = "write"   // update a visitor
	read    asking = "read"    // a visitor
)

// answer is the output of a call.
type answer struct {
	id   visitor.ID // who has the identity now, or ""
	made bool       // or deleted, or written
	rev  int64
	n    int
	err  error // the effect of the call is unknown
	sure bool  // with err: the call had no effect
}

// truth is the state of one key: an identity, or a visitor that is updated.
type truth struct {
	owner visitor.ID
	rev   int64
	n     int
}

// model defines the states that a call can lead to.
var model = porcupine.NondeterministicModel{
	Init: func() []any { return []any{truth{rev: 1}} },
	Step: func(state, input, output any) []any {
		s, q, a := state.(truth), input.(question), output.(answer)
		next, want := s.after(q)
		switch {
		case a.err != nil && a.sure:
			return []any{s}
		case a.err != nil:
			return []any{s, next}
		}
		if want != a {
			return nil
		}
		return []any{next}
	},
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[string][]porcupine.Operation{}
		for _, op := range history {
			key := op.Input.(question).key
			parts[key] = append(parts[key], op)
		}
		var all [][]porcupine.Operation
		for _, part := range parts {
			all = append(all, part)
		}
		return all
	},
}

// after returns the state after a call, and its output.
func (s truth) after(q question) (truth, answer) {
	switch q.verb {
	case capture:
		if s.owner != "" {
			return s, answer{id: s.owner}
		}
		s.owner = q.id
		return s, answer{id: q.id, made: true}
	case forget:
		if s.owner != q.id {
			return s, answer{}
		}
		s.owner = ""
		return s, answer{made: true}
	case lookUp:
		return s, answer{id: s.owner}
	case write:
		if q.rev != 0 && q.rev != s.rev {
			return s, answer{}
		}
		s.rev, s.n = s.rev+1, q.n
		return s, answer{made: true, rev: s.rev}
	}
	return s, answer{rev: s.rev, n: s.n}
}
