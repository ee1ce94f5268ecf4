package sqlstore

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// errTooLarge says that the index of a workspace takes more memory than there is for all.
var errTooLarge = errors.New("the index is too large")

// build reads all visitors of a workspace into a new index. It reads some at a time, each time in a
// new snapshot, so that no snapshot is kept for long. In the end it reads again the visitors that
// have changed since the first snapshot: every other visitor is still as it was read.
func (e *Engine) build(ctx context.Context, ws driver.WorkspaceID, maxBytes int64) (*liveIndex, error) {
	at, err := e.logState(ctx, ws)
	if err != nil {
		return nil, err
	}
	l := newLiveIndex(ws, at)
	sel := driver.Select{Order: driver.OldestFirst, Limit: matchBatch}
	for more := true; more; {
		var read logState
		page, err := result(ctx, e.read, ws, func(s scope) (page []visitor.Visitor, err error) {
			if read, err = s.logStateSince(ctx, l.read); err != nil {
				return nil, err
			}
			found, err := s.d.reader.page(ctx, s, conjuncts(bound.Constant(true)), sel, ordering{})
			if err != nil {
				return nil, err
			}
			return s.complete(ctx, found)
		})
		if err != nil {
			return nil, err
		}
		l.read = read
		for i := range page {
			if err := l.put(&page[i]); err != nil {
				return nil, err
			}
			sel.After = &driver.Position{ID: page[i].ID}
		}
		more = len(page) == sel.Limit
		if l.bitmap.Bytes() > maxBytes && l.bitmap.Len() > smallLog {
			return nil, errTooLarge
		}
	}
	return l, e.finish(ctx, l, 0)
}

// finish follows the log to its end.
func (e *Engine) finish(ctx context.Context, l *liveIndex, maxBehind int64) error {
	for {
		if _, current, err := e.step(ctx, l, maxBehind); err != nil || current {
			return err
		}
	}
}
