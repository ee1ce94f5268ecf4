package faulttest

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// workspace is where workers work.
const workspace = "acme"

// openForWorkers returns a handle for workers and their group, which the first one creates.
func openForWorkers(ctx context.Context, st driver.Store) (*store.Workspace, group.ID, error) {
	ws, err := store.Open(st, workspace, &store.Options{Capture: visitor.Policy{Attributes: visitor.Always}})
	if err != nil {
		return nil, "", err
	}
	for {
		for g, err := range ws.Groups(ctx) {
			if err == nil {
				err = watchWorkers(ctx, ws, g.ID)
			}
			return ws, g.ID, err
		}
		if _, err := ws.CreateGroup(ctx, group.Draft{Name: "Workers"}); err != nil && !isExists(err) {
			return nil, "", err
		}
	}
}

// settled is after which time without an update a visitor enters a watched group.
const settled = 5 * time.Millisecond

// watchWorkers watches the workers' group, and one whose rule depends on the time.
func watchWorkers(ctx context.Context, ws *store.Workspace, workers group.ID) error {
	ids := []group.ID{workers}
	_, err := ws.CreateGroup(ctx, group.Draft{Name: "Workers settled", Rule: filter.UpdatedAt.OlderThan(settled)})
	if err != nil && !isExists(err) {
		return err
	}
	for g, err := range ws.Groups(ctx) {
		if err != nil {
			return err
		}
		ids = append(ids, g.ID)
	}
	for _, id := range ids {
		if err := ws.WatchGroup(ctx, id, true, nil); err != nil {
			return err
		}
	}
	return nil
}

// work runs a few workers that change visitors of their own and report every operation before
// and after it, until the context ends or a worker fails. The keys of the visitors start with
// name. Workers rest after each operation.
func work(ctx context.Context, st driver.Store, name string, seed uint64, rest time.Duration, report func(operation)) error {
	ws, g, err := openForWorkers(ctx, st)
	if err != nil {
		return err
	}
	const workers = 3
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for i := range workers {
		w := worker{
			Workspace: ws, group: g, report: report,
			name: fmt.Sprintf("%s.%d", name, i), rand: rand.New(rand.NewPCG(seed, uint64(i))),
		}
		group.Go(func() {
			for ctx.Err() == nil {
				if err := w.step(ctx); err != nil {
					cancel(err)
				}
				time.Sleep(rest)
			}
		})
	}
	group.Go(func() {
		if err := store.Run(ctx, ws); ctx.Err() == nil {
			cancel(err)
		}
	})
	group.Wait()
	return context.Cause(ctx)
}

// worker changes visitors that no other worker changes.
type worker struct {
	*store.Workspace
	group   group.ID
	report  func(operation)
	name    string
	rand    *rand.Rand
	created int
	own     []*ownVisitor
}

// ownVisitor is a visitor that a worker has created.
type ownVisitor struct {
	key     string
	id      visitor.ID
	updates int
}

func (w *worker) step(ctx context.Context) error {
	if len(w.own) == 0 {
		return w.create(ctx)
	}
	i := w.rand.IntN(len(w.own))
	v := w.own[i]
	switch w.rand.IntN(16) {
	case 0:
		return w.load(ctx)
	case 1, 2, 3, 4:
		v.updates++
		return w.do(operation{kind: update, key: v.key, n: v.updates}, func() error {
			n := visitor.Attributes{"n": visitor.Number(float64(v.updates))}
			if v.updates%2 == 0 {
				_, err := w.Update(ctx, v.id, visitor.Patch{Set: n})
				return err
			}
			_, err := w.Capture(ctx, visitor.Contact{
				Source: visitor.Telegram, Account: "bot", ExternalID: v.key, Attributes: n, EventID: fmt.Sprint(v.key, " ", v.updates),
			})
			return err
		})
	case 5, 6:
		return w.do(operation{kind: mark, key: v.key}, func() error {
			_, err := w.Tag(ctx, []string{"marked", "by " + w.name}, v.id)
			return err
		})
	case 7, 8:
		w.own = slices.Delete(w.own, i, i+1)
		return w.do(operation{kind: remove, key: v.key}, func() error {
			_, err := w.Delete(ctx, v.id)
			return err
		})
	}
	return w.create(ctx)
}

// do makes a call and reports the operation before and after.
func (w *worker) do(o operation, call func() error) error {
	w.report(o)
	if err := call(); err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	o.acknowledged = true
	w.report(o)
	return nil
}

func (w *worker) nextKey() string {
	w.created++
	return fmt.Sprintf("%s.%d", w.name, w.created)
}

func (w *worker) create(ctx context.Context) error {
	key := w.nextKey()
	return w.do(operation{kind: create, key: key}, func() error {
		v, err := w.Create(ctx, w.draft(key))
		w.own = append(w.own, &ownVisitor{key: key, id: v.ID})
		return err
	})
}

// draft returns a draft with one of everything.
func (w *worker) draft(key string) visitor.Draft {
	return visitor.Draft{
		Name: key, Email: key + "@example.com", Source: visitor.Telegram, Groups: []group.ID{w.group}, Tags: []string{"made", "by " + w.name},
		Identities: []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: key}},
		Attributes: visitor.Attributes{"n": visitor.Number(0), "key": visitor.Text(key)},
	}
}

func (w *worker) load(ctx context.Context) error {
	const size = 20
	key := w.nextKey()
	return w.do(operation{kind: load, key: key, n: size}, func() error {
		var drafts []visitor.Draft
		for i := range size {
			drafts = append(drafts, w.draft(fmt.Sprintf("%s/%d", key, i)))
		}
		_, err := w.Load(ctx, sequence(drafts), nil)
		return err
	})
}

// sequence iterates over drafts for Load.
func sequence(drafts []visitor.Draft) iter.Seq2[visitor.Draft, error] {
	return func(yield func(visitor.Draft, error) bool) {
		for _, d := range drafts {
			if !yield(d, nil) {
				return
			}
		}
	}
}
