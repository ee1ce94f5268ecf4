package faulttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// Linear runs many goroutines that create, capture and delete visitors with shared identities,
// and update a few visitors by revision. The results must be linearizable: equal to those of the
// calls in some sequential order in which no call precedes one that had ended when it began.
func Linear(t *testing.T, st driver.Store) {
	h := newHistory(t, st, workspace, seed(t))
	h.run(16, 60)
	for _, op := range h.ops {
		require.NoError(t, op.Output.(answer).err, "%s", formatOperation(op))
	}
	h.check()
}

// Storm is Linear while driver calls fail at random. A method that failed can have had its effect
// or not; the results of the others must fit one of the two.
func Storm(t *testing.T, e Engine) {
	e.forms(t, func(t *testing.T, f Form) {
		b := e.bench(t, f)
		s := seed(t)
		h := newHistory(t, b.st, workspace, s)
		b.c.Set(faultsAtRandom(s))
		h.run(16, 40)
		failed := b.c.Failed()
		b.c.Set(nil)
		b.idle(t)
		t.Logf("%d calls to the driver failed, %d methods", failed, h.failures())
		require.NotZero(t, failed)
		h.check()
		e.Consistent(t, b.plain)
	})
}

// history is the calls of many callers, with their results.
type history struct {
	t        *testing.T
	st       driver.Store
	name     string // of the workspace
	seed     uint64
	atomic   bool         // a call that fails has no effect
	separate bool         // callers use separate visitors and do not read
	fixed    []visitor.ID // the visitors that are updated

	clock atomic.Int64
	mu    sync.Mutex
	ops   []porcupine.Operation
	known map[string][]visitor.ID // visitors that were created, by key
}

func newHistory(t *testing.T, st driver.Store, name string, seed uint64) *history {
	h := &history{t: t, st: st, name: name, seed: seed, known: map[string][]visitor.ID{}}
	ws, err := store.Open(st, name, nil)
	require.NoError(t, err)
	for i := range 4 {
		v, err := ws.Create(t.Context(), visitor.Draft{Name: fmt.Sprint("fixed ", i), Source: visitor.Chat, Attributes: visitor.Attributes{"n": visitor.Number(0)}})
		require.NoError(t, err)
		h.fixed = append(h.fixed, v.ID)
	}
	return h
}

// run makes calls from concurrent callers.
func (h *history) run(callers, calls int) {
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			c := caller{history: h, number: i, rand: rand.New(rand.NewPCG(h.seed, uint64(i)))}
			ws, err := store.Open(h.st, h.name, &store.Options{NewID: func(at time.Time) visitor.ID {
				c.next = visitor.NewID(at)
				return c.next
			}})
			if err != nil {
				h.t.Error(err)
				return
			}
			c.Workspace = ws
			for range calls {
				c.call(h.t.Context())
			}
		})
	}
	group.Wait()
}

// check requires that a sequential order of the calls explains all results.
func (h *history) check() {
	h.t.Helper()
	m := model.ToModel()
	for _, part := range model.Partition(h.ops) {
		if porcupine.CheckOperations(m, part) {
			continue
		}
		sort.Slice(part, func(i, j int) bool { return part[i].Call < part[j].Call })
		var lines []string
		for _, op := range part {
			lines = append(lines, formatOperation(op))
		}
		h.t.Errorf("no order of these calls explains their results:\n%s", strings.Join(lines, "\n"))
	}
}

func formatOperation(op porcupine.Operation) string {
	return fmt.Sprintf("%d–%d caller %d: %+v → %+v", op.Call, op.Return, op.ClientId, op.Input, op.Output)
}

// failures counts the calls that failed.
func (h *history) failures() (n int) {
	for _, op := range h.ops {
		if op.Output.(answer).err != nil {
			n++
		}
	}
	return n
}

// caller is one of the callers.
type caller struct {
	*history
	*store.Workspace
	number int
	rand   *rand.Rand
	next   visitor.ID // the last generated one
	seen   int64      // revision of the visitor read last
}

func (c *caller) call(ctx context.Context) {
	key := fmt.Sprint("identity ", c.rand.IntN(6))
	if c.separate {
		key = fmt.Sprint("identity ", c.number)
	}
	if i := c.rand.IntN(2 * len(c.fixed)); i < len(c.fixed) {
		if c.separate {
			c.write(ctx, i, 0)
		} else if c.rand.IntN(3) == 0 {
			c.read(ctx, i)
		} else {
			c.write(ctx, i, c.seen*int64(c.rand.IntN(2)))
		}
		return
	}
	switch n := c.rand.IntN(5); {
	case c.separate || n > 2:
		c.capture(ctx, key)
	case n == 0:
		c.forget(ctx, key)
	default:
		c.ask(question{verb: lookUp, key: key}, func(q *question) answer {
			page, err := c.Find(ctx, store.Query{Where: filter.Identity.Is(visitor.Telegram, "", key)})
			a := answer{err: err}
			for _, v := range page.Visitors {
				a.id += v.ID
			}
			return a
		})
	}
}

func (c *caller) forget(ctx context.Context, key string) {
	id := c.candidate(key)
	if id == "" {
		return
	}
	c.ask(question{verb: forget, key: key, id: id}, func(q *question) answer {
		b, err := c.Delete(ctx, id)
		return answer{made: b.Changed == 1, err: err}
	})
}

func (c *caller) capture(ctx context.Context, key string) {
	c.ask(question{verb: capture, key: key}, func(q *question) answer {
		if c.rand.IntN(2) == 0 { // Capture finds or creates
			r, err := c.Capture(ctx, visitor.Contact{Source: visitor.Telegram, ExternalID: key})
			q.id = c.next
			c.remember(key, q.id)
			return answer{id: r.Visitor.ID, made: r.Outcome == store.CaptureCreated, err: err}
		}
		v, err := c.Create(ctx, visitor.Draft{Name: key, Source: visitor.Telegram, Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: key}}})
		q.id = c.next
		c.remember(key, q.id)
		var taken *store.Error
		if isExists(err) && errors.As(err, &taken) {
			return answer{id: visitor.ID(taken.Key)}
		}
		return answer{id: v.ID, made: true, err: err}
	})
}

// read reads one of the fixed visitors.
func (c *caller) read(ctx context.Context, i int) {
	c.ask(question{verb: read, key: fmt.Sprint("visitor ", i)}, func(*question) answer {
		v, err := c.Get(ctx, c.fixed[i])
		c.seen = v.Revision
		return answer{rev: v.Revision, n: int(v.Attributes["n"].Number()), err: err}
	})
}

// write updates one of the fixed visitors, at a revision or, with 0, at any.
func (c *caller) write(ctx context.Context, i int, rev int64) {
	q := question{verb: write, key: fmt.Sprint("visitor ", i), rev: rev, n: int(c.clock.Add(1))}
	c.ask(q, func(q *question) answer {
		v, err := c.Update(ctx, c.fixed[i], visitor.Patch{Set: visitor.Attributes{"n": visitor.Number(float64(q.n))}, IfRevision: q.rev})
		if errors.Is(err, store.ErrConflict) {
			return answer{}
		}
		return answer{made: true, rev: v.Revision, err: err}
	})
}

// ask makes a call and records it. A call that failed has had its effect by then, or never will.
func (c *caller) ask(q question, call func(*question) answer) {
	began := c.clock.Add(1)
	a := call(&q)
	ended := c.clock.Add(1)
	if a.err != nil {
		a = answer{err: a.err, sure: c.atomic}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops = append(c.ops, porcupine.Operation{ClientId: c.number, Input: q, Call: began, Output: a, Return: ended})
}

func (h *history) remember(key string, id visitor.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known[key] = append(h.known[key], id)
}

// candidate returns one of the last visitors that can have the identity.
func (c *caller) candidate(key string) visitor.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.known[key]
	if len(known) == 0 {
		return ""
	}
	return known[len(known)-1-c.rand.IntN(min(3, len(known)))]
}
