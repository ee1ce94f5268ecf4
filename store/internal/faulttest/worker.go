package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// workspace is where workers work.
const workspace = "acme"

// crew returns a handle for workers and their group, which whoever comes first makes.
func crew(ctx context.Context, st store.Store) (*store.Workspace, group.ID, error) {
	ws, err := store.Open(st, workspace, &store.Options{Capture: visitor.Policy{Attributes: visitor.Always}})
	if err != nil {
		return nil, "", err
	}
	for {
		for g, err := range ws.Groups(ctx) {
			return ws, g.ID, err
		}
		if g, err := ws.CreateGroup(ctx, group.Draft{Name: "Crew"}); err == nil {
			return ws, g.ID, nil
		} else if !isTaken(err) {
			return nil, "", err
		}
	}
}

// work has a few workers change visitors of their own, and tell of every deed, until the
// context ends or one of them fails. Their keys start with name. They rest after each.
func work(ctx context.Context, st store.Store, name string, seed uint64, rest time.Duration, tell func(deed)) error {
	ws, g, err := crew(ctx, st)
	if err != nil {
		return err
	}
	const workers = 3
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for i := range workers {
		w := worker{
			Workspace: ws, group: g, tell: tell,
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
	group.Wait()
	return context.Cause(ctx)
}

// worker changes visitors that nobody else does.
type worker struct {
	*store.Workspace
	group group.ID
	tell  func(deed)
	name  string
	rand  *rand.Rand
	made  int
	mine  []*charge
}

// charge is a visitor of a worker's.
type charge struct {
	key     string
	id      visitor.ID
	updates int
}

func (w *worker) step(ctx context.Context) error {
	if len(w.mine) == 0 {
		return w.create(ctx)
	}
	i := w.rand.IntN(len(w.mine))
	c := w.mine[i]
	switch w.rand.IntN(16) {
	case 0:
		return w.load(ctx)
	case 1, 2, 3, 4:
		c.updates++
		return w.do(deed{verb: update, key: c.key, n: c.updates}, func() error {
			n := visitor.Attributes{"n": visitor.Number(float64(c.updates))}
			if c.updates%2 == 0 {
				_, err := w.Update(ctx, c.id, visitor.Patch{Set: n})
				return err
			}
			_, err := w.Capture(ctx, visitor.Contact{
				Source: visitor.Telegram, Account: "bot", ExternalID: c.key, Attributes: n, EventID: fmt.Sprint(c.key, " ", c.updates),
			})
			return err
		})
	case 5, 6:
		return w.do(deed{verb: mark, key: c.key}, func() error {
			_, err := w.Tag(ctx, []string{"marked", "by " + w.name}, c.id)
			return err
		})
	case 7, 8:
		w.mine = slices.Delete(w.mine, i, i+1)
		return w.do(deed{verb: remove, key: c.key}, func() error {
			_, err := w.Delete(ctx, c.id)
			return err
		})
	}
	return w.create(ctx)
}

// do tells of a deed before and after.
func (w *worker) do(d deed, call func() error) error {
	w.tell(d)
	if err := call(); err != nil {
		return fmt.Errorf("%s: %w", d, err)
	}
	d.done = true
	w.tell(d)
	return nil
}

func (w *worker) next() string {
	w.made++
	return fmt.Sprintf("%s.%d", w.name, w.made)
}

func (w *worker) create(ctx context.Context) error {
	key := w.next()
	return w.do(deed{verb: create, key: key}, func() error {
		v, err := w.Create(ctx, w.draft(key))
		w.mine = append(w.mine, &charge{key: key, id: v.ID})
		return err
	})
}

// draft is of a visitor that has one of everything.
func (w *worker) draft(key string) visitor.Draft {
	return visitor.Draft{
		Name: key, Email: key + "@example.com", Source: visitor.Telegram, Groups: []group.ID{w.group}, Tags: []string{"made", "by " + w.name},
		Identities: []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: key}},
		Attributes: visitor.Attributes{"n": visitor.Number(0), "key": visitor.Text(key)},
	}
}

func (w *worker) load(ctx context.Context) error {
	const size = 20
	key := w.next()
	return w.do(deed{verb: load, key: key, n: size}, func() error {
		var drafts []visitor.Draft
		for i := range size {
			drafts = append(drafts, w.draft(fmt.Sprintf("%s/%d", key, i)))
		}
		_, err := w.Load(ctx, slices.Values(drafts), nil)
		return err
	})
}
