package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
)

// ErrNoIndex says that a workspace has no index, or one that follows many events.
var ErrNoIndex = errors.New("no index")

// CatchUpEvery sets how often the indexes in use are caught up. It is for tests, before any call.
func CatchUpEvery(e *Engine, d time.Duration) { e.indexes.every = d }

// AwaitIndex returns when the index of a workspace answers and, if idle, when nothing is loaded or
// stored in the background. It is for benchmarks.
func AwaitIndex(ctx context.Context, e *Engine, ws driver.WorkspaceID, idle bool) error {
	const pause = 5 * time.Millisecond
	for e.indexes.of(ctx, ws) == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	for range 3 {
		if idle {
			time.Sleep(pause) // what has been started may not have begun
			e.indexes.reading <- struct{}{}
			<-e.indexes.reading
		}
	}
	return nil
}

// CheckIndex compares the index of a workspace, and the conditions that are loaded, with a new one.
// It is for tests, in which nothing is written meanwhile.
func CheckIndex(ctx context.Context, e *Engine, ws driver.WorkspaceID) error {
	l := e.indexes.of(ctx, ws)
	if l == nil {
		return ErrNoIndex
	}
	if _, err := e.indexes.follow(ctx, l); err != nil {
		return fmt.Errorf("%w: %w", ErrNoIndex, err)
	}
	fresh, err := e.build(ctx, ws, e.indexes.maxBytes)
	if err != nil {
		return err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.at != fresh.at {
		return fmt.Errorf("index is at %v, a new one at %v", l.at, fresh.at)
	}
	got, want := contentOf(l.bitmap), contentOf(fresh.bitmap)
	for _, c := range l.conditions.byKey {
		if c.touched != nil {
			return fmt.Errorf("%w: a condition is being loaded", ErrNoIndex)
		}
		if p, ok := c.node.(*bound.Permission); ok {
			if err := e.checkPermission(ctx, l, c, p); err != nil {
				return err
			}
			continue
		}
		got[c.key] = idsAt(l.bitmap, c.matches)
		found, _, err := e.matchesOf(ctx, ws, c.node)
		if err != nil {
			return err
		}
		want[c.key] = found
	}
	for what, ids := range want {
		if !slices.Equal(got[what], ids) {
			return fmt.Errorf("%s has %d visitors %v, want %d %v", what, len(got[what]), got[what], len(ids), ids)
		}
	}
	for what, ids := range got {
		if len(ids) > 0 && want[what] == nil {
			return fmt.Errorf("%s has %d visitors, want none", what, len(ids))
		}
	}
	return nil
}

// checkPermission compares the answers of a permission at some times with new ones.
func (e *Engine) checkPermission(ctx context.Context, l *liveIndex, c *condition, p *bound.Permission) error {
	ids, answers, _, err := e.answersOf(ctx, l.ws, p)
	if err != nil {
		return err
	}
	fresh := index.NewPermission(p)
	for i, id := range ids {
		if at, known := l.bitmap.Position(id); known {
			fresh.Set(at, answers[i])
		}
	}
	for _, at := range []int64{math.MinInt64, p.At, p.At + time.Hour.Microseconds(), math.MaxInt64} {
		got, want := idsAt(l.bitmap, c.allowed.At(at)), idsAt(l.bitmap, fresh.At(at))
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s has %d visitors %v at %d, want %d %v", c.key, len(got), got, at, len(want), want)
		}
	}
	return nil
}

// contentOf returns the visitors of each set, and all of them in each order.
func contentOf(x *index.Index) map[string][]uuid.UUID {
	content := map[string][]uuid.UUID{}
	for _, s := range x.Sets() {
		content[fmt.Sprint("set ", s.Kind(), " ", s.Name)] = idsAt(x, s.Members())
	}
	for _, key := range []driver.SortKey{driver.ByID, driver.ByUpdated, driver.BySeen} {
		page := index.Page{Key: key, Limit: x.Len() + 1}
		positions, _ := x.Page(context.Background(), bound.Constant(true), page) // its errors are those of the context
		for _, p := range positions {
			what := fmt.Sprint("order ", key)
			content[what] = append(content[what], x.ID(p))
		}
	}
	return content
}

// idsAt returns the ids at positions, in order.
func idsAt(x *index.Index, positions *roaring.Bitmap) (ids []uuid.UUID) {
	for p := range positions.Iterate {
		ids = append(ids, x.ID(p))
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}
