package faulttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// Crowd runs 32 goroutines that create, tag, update, delete and page through the same visitors.
// Afterwards, replaying the events must lead to the visitors that exist.
func Crowd(t *testing.T, st driver.Store) {
	const people, calls, bystanders = 32, 40, 60
	s := seed(t)
	ws, err := store.Open(st, workspace, nil)
	require.NoError(t, err)
	c := &crowd{Workspace: ws, t: t, still: map[visitor.ID]bool{}}
	for i := range 3 {
		g, err := ws.CreateGroup(t.Context(), group.Draft{Name: fmt.Sprint("group ", i)})
		require.NoError(t, err)
		c.groups = append(c.groups, g.ID)
	}
	for i := range bystanders {
		v, err := ws.Create(t.Context(), visitor.Draft{Name: fmt.Sprint("bystander ", i), Source: visitor.Chat, Tags: []string{"still"}})
		require.NoError(t, err)
		c.still[v.ID] = true
	}
	var all sync.WaitGroup
	for i := range people {
		r := rand.New(rand.NewPCG(s, uint64(i)))
		all.Go(func() {
			for range calls {
				if err := c.step(t.Context(), r); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	c.replay()
}

// crowd is shared by all goroutines.
type crowd struct {
	*store.Workspace
	t      *testing.T
	groups []group.ID
	still  map[visitor.ID]bool // visitors that no goroutine changes

	mu    sync.Mutex
	known []visitor.ID
}

func (c *crowd) meet(id visitor.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = append(c.known, id)
}

func (c *crowd) some(r *rand.Rand) visitor.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) == 0 {
		return visitor.NewID(start)
	}
	return c.known[r.IntN(len(c.known))]
}

func (c *crowd) step(ctx context.Context, r *rand.Rand) (err error) {
	id, names := c.some(r), []string{fmt.Sprint("tag ", r.IntN(8)), fmt.Sprint("Tag ", r.IntN(8))}
	switch r.IntN(12) {
	case 0, 1, 2:
		return c.capture(ctx, fmt.Sprint(r.IntN(40)), names)
	case 3:
		_, err = c.Tag(ctx, names, id, c.some(r), c.some(r))
	case 4:
		_, err = c.Untag(ctx, names, id, c.some(r))
	case 5, 6:
		if _, err = c.Update(ctx, id, visitor.Patch{Name: ptr(fmt.Sprint("name ", r.IntN(1000)))}); errors.Is(err, store.ErrNotFound) {
			return nil
		}
	case 7:
		_, err = c.Delete(ctx, id, c.some(r))
	case 8:
		_, err = c.AddToGroup(ctx, c.groups[r.IntN(3)], id, c.some(r))
	case 9:
		_, err = c.RemoveFromGroup(ctx, c.groups[r.IntN(3)], id, c.some(r))
	case 10:
		_, err = c.Facets(ctx, filter.Search("name"))
	default:
		return c.page(ctx, r)
	}
	return err
}

// capture creates the visitor with an identity, or reads it.
func (c *crowd) capture(ctx context.Context, external string, tags []string) error {
	v, err := c.Create(ctx, visitor.Draft{
		Name: "name " + external, Source: visitor.Telegram, Tags: tags,
		Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: external}},
	})
	if err == nil {
		c.meet(v.ID)
		return nil
	}
	var taken *store.Error
	if !isExists(err) || !errors.As(err, &taken) || taken.Kind != "identity" {
		return err
	}
	owner, err := c.Get(ctx, visitor.ID(taken.Key))
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted since
	}
	if err == nil && (len(owner.Identities) != 1 || owner.Identities[0].ExternalID != external) {
		return fmt.Errorf("the error for identity %s names a visitor with %v", external, owner.Identities)
	}
	return err
}

// page reads all visitors. It returns an error unless each bystander occurs once and, in an order
// that does not change, no visitor occurs twice.
func (c *crowd) page(ctx context.Context, r *rand.Rand) error {
	orders := store.Orders()
	order := orders[r.IntN(len(orders))]
	times := map[visitor.ID]int{}
	for v, err := range c.All(ctx, store.Query{Where: filter.All(), Order: order, Limit: 20}) {
		if err != nil {
			return err
		}
		if times[v.ID]++; times[v.ID] > 1 && (order == store.NewestFirst || order == store.OldestFirst) {
			return fmt.Errorf("a visitor is on two pages, %s", order)
		}
	}
	for id := range c.still {
		if times[id] != 1 {
			return fmt.Errorf("an unchanged visitor is on %d pages, %s", times[id], order)
		}
	}
	return nil
}
