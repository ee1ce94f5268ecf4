package sqlstore

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

const (
	defaultMaxBytes    = 256 << 20
	defaultMinVisitors = 20_000
	smallLog           = 2_000           // events of a workspace whose index is built within a call
	callsBetweenChecks = 64              // of the size of a workspace without index
	callsAfterEviction = 1_024           // before an index is built that was evicted
	callsIfTooLarge    = 65_536          // before one is built that took more than MaxBytes
	catchUpInterval    = time.Second / 2 // of indexes in use
	ticksInUse         = 120             // for which an unused index is still caught up
	maxSlots           = 10_000          // workspaces that are remembered
)

// indexes has the liveIndex of each large workspace. Long work is done in goroutines, for which
// Close waits. A nil *indexes has no index.
type indexes struct {
	e           *Engine
	maxBytes    int64
	minVisitors int64
	every       time.Duration

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	working sync.WaitGroup
	reading chan struct{} // held by what is read in the background: see startInTurn

	mu      sync.Mutex // of the fields below
	closed  bool
	ticking bool // the goroutine tick runs
	uses    int64
	slots   map[driver.WorkspaceID]*indexSlot
}

// indexSlot is what is known about a workspace.
type indexSlot struct {
	live  *liveIndex // nil: none
	busy  bool       // it is being built
	large bool       // it cannot be built within a call; set only while busy
	calls int        // to be answered by SQL before the size of the workspace is looked at again
	idle  int        // ticks since the last use
	used  int64
}

func newIndexes(e *Engine, o driver.IndexOptions) *indexes {
	if o.Off {
		return nil
	}
	all := &indexes{
		e: e, maxBytes: o.MaxBytes, minVisitors: int64(o.MinVisitors), every: catchUpInterval,
		reading: make(chan struct{}, 1), slots: map[driver.WorkspaceID]*indexSlot{},
	}
	if all.maxBytes <= 0 {
		all.maxBytes = defaultMaxBytes
	}
	if all.minVisitors <= 0 {
		all.minVisitors = defaultMinVisitors
	}
	all.ctx, all.stop = context.WithCancel(context.Background())
	return all
}

// close ends all goroutines and waits for them.
func (all *indexes) close() {
	if all == nil {
		return
	}
	all.mu.Lock()
	all.closed = true
	all.slots = map[driver.WorkspaceID]*indexSlot{}
	all.mu.Unlock()
	all.stop()
	all.working.Wait()
}

// of returns the index of a workspace. If there is none, it returns nil, and begins to build
// one if the workspace is large.
func (all *indexes) of(ctx context.Context, ws driver.WorkspaceID) *liveIndex {
	if all == nil {
		return nil
	}
	live, slot := all.use(ws)
	if slot == nil {
		return live
	}
	at, err := all.e.logState(ctx, ws)
	// The number of the last event is at least that of all visitors that were ever created.
	switch {
	case err != nil || at.seq < all.minVisitors:
		all.built(slot, nil, callsBetweenChecks)
	case at.seq <= smallLog:
		if live, err = all.e.build(ctx, ws, all.maxBytes); err != nil {
			live = nil
		}
		all.built(slot, live, callsBetweenChecks)
		return live
	default:
		slot.large = true
		all.startInTurn(func() { all.buildInBackground(slot, ws) })
	}
	return nil
}

// use notes a use of a workspace. It returns its index or, if the size of the workspace is to be
// looked at, its slot, for which the caller must call built. That is at each call while the index of
// the workspace can be built within a call.
func (all *indexes) use(ws driver.WorkspaceID) (*liveIndex, *indexSlot) {
	all.mu.Lock()
	defer all.mu.Unlock()
	slot := all.slots[ws]
	if slot == nil {
		if len(all.slots) >= maxSlots {
			maps.DeleteFunc(all.slots, func(_ driver.WorkspaceID, s *indexSlot) bool { return s.live == nil && !s.busy })
		}
		slot = &indexSlot{}
		all.slots[ws] = slot
	}
	all.uses++
	slot.used, slot.idle = all.uses, 0
	switch {
	case slot.live != nil:
		if !all.ticking && !all.closed {
			all.ticking = true
			all.working.Add(1)
			go all.tick()
		}
		return slot.live, nil
	case slot.busy || all.closed:
		return nil, nil
	case slot.calls > 0 && (slot.large || all.minVisitors > smallLog):
		slot.calls--
		return nil, nil
	}
	slot.busy = true
	return nil, slot
}

// built ends what use has begun. Without an index, SQL answers some calls before the next try.
func (all *indexes) built(slot *indexSlot, live *liveIndex, calls int) {
	all.mu.Lock()
	slot.busy = false
	if !all.closed {
		slot.live = live
	}
	slot.calls = calls
	all.mu.Unlock()
	if live != nil {
		live.measure()
		all.evict()
	}
}

// buildInBackground builds an index in the background.
func (all *indexes) buildInBackground(slot *indexSlot, ws driver.WorkspaceID) {
	live, err := all.e.restore(all.ctx, ws)
	if err != nil {
		live, err = all.e.build(all.ctx, ws, all.maxBytes)
	}
	if errors.Is(err, errTooLarge) {
		all.built(slot, nil, callsIfTooLarge)
		return
	}
	if err != nil {
		all.built(slot, nil, callsBetweenChecks)
		return
	}
	live.buildOrderings()
	all.built(slot, live, callsAfterEviction)
	all.save(live)
}

// start calls f in a goroutine, unless the engine is closed.
func (all *indexes) start(f func()) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.closed {
		return
	}
	all.working.Add(1)
	go func() {
		defer all.working.Done()
		f()
	}()
}

// startInTurn calls f in a goroutine after those that it was called with before, so that what is
// read in the background takes at most one connection. f is not called if the engine is closed.
func (all *indexes) startInTurn(f func()) {
	all.start(func() {
		select {
		case <-all.ctx.Done():
		case all.reading <- struct{}{}:
			defer func() { <-all.reading }()
			f()
		}
	})
}

// discard drops an index that must not be used any more. The next call has a new one built.
func (all *indexes) discard(l *liveIndex) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if slot := all.slots[l.ws]; slot != nil && slot.live == l {
		slot.live, slot.calls = nil, 0
	}
}

// follow brings an index up to date for a call. If that takes long, it is done in the background,
// and the error is errBySQL.
func (all *indexes) follow(ctx context.Context, l *liveIndex) (logState, error) {
	if l.catching.Load() {
		return logState{}, errBySQL
	}
	at, current, err := all.e.step(ctx, l, l.maxBehind())
	switch {
	case errors.Is(err, errDiscard):
		all.discard(l)
	case err == nil && !current:
		if l.catching.CompareAndSwap(false, true) {
			all.start(func() {
				defer l.catching.Store(false)
				all.catchUp(all.ctx, l)
			})
		}
		err = errBySQL
	}
	return at, orBySQL(ctx, err)
}

// orBySQL returns the error of a call for which the index has failed: SQL answers unless the call
// has ended.
func orBySQL(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return errBySQL
}

// catchUp follows the log to its end.
func (all *indexes) catchUp(ctx context.Context, l *liveIndex) error {
	err := all.e.finish(ctx, l, l.maxBehind())
	if errors.Is(err, errDiscard) {
		all.discard(l)
	}
	return err
}

// tick catches up the indexes in use, so that no call has much to follow.
func (all *indexes) tick() {
	defer all.working.Done()
	ticker := time.NewTicker(all.every)
	defer ticker.Stop()
	for {
		select {
		case <-all.ctx.Done():
			return
		case <-ticker.C:
		}
		inUse := all.inUse()
		if inUse == nil {
			return
		}
		for _, l := range inUse {
			if at, err := all.e.logState(all.ctx, l.ws); err == nil && !l.isAt(at) {
				all.catchUp(all.ctx, l)
			}
			l.buildOrderings()
			l.measure()
			all.save(l)
		}
		all.evict()
	}
}

// inUse returns the indexes that were used lately. If there are none, the next use starts tick
// again.
func (all *indexes) inUse() (found []*liveIndex) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, slot := range all.slots {
		if slot.idle++; slot.live != nil && slot.idle <= ticksInUse {
			found = append(found, slot.live)
		}
	}
	all.ticking = found != nil
	return found
}

// load reads a condition into an index: within the call in a small workspace, else in the
// background, with the error errBySQL.
func (all *indexes) load(ctx context.Context, l *liveIndex, n bound.Node) error {
	if _, ok := n.(*bound.Permission); !ok && len((scope{d: all.e.d}).matcherOf(n).rest) > 0 {
		return errBySQL
	}
	l.mu.Lock()
	small := l.at.seq <= smallLog
	f := l.conditions.add(n, small)
	l.mu.Unlock()
	switch {
	case f == nil:
		return errBySQL
	case small:
		return orBySQL(ctx, all.loadCondition(ctx, l, f))
	}
	all.startInTurn(func() { all.loadCondition(all.ctx, l, f) })
	return errBySQL
}
