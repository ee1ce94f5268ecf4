package driver

import (
	"context"
	"slices"
)

// maxBatch is how many changes read and write their rows together, and the most ids in a
// call of a Tx.
const maxBatch = 1_000

// Apply makes the changes in order through tx and returns one Outcome for each. If a change
// fails, the error is a *ChangeError; an error of tx while it reads or writes the rows of
// many changes is returned as it is. After any error the caller must roll tx back. Apply
// checks ctx between batches of changes.
//
// It is the only code that knows what a change means. It reads what a batch of changes
// needs in a few calls, works on values, and writes the differences: so one change and a
// thousand cost about the same number of statements.
func Apply(ctx context.Context, tx Tx, changes []Change) ([]Outcome, error) {
	outcomes := make([]Outcome, len(changes))
	if len(changes) == 0 {
		return outcomes, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := &batch{tx: tx}
	if err := b.readWatching(); err != nil {
		return nil, err
	}
	for from, to := 0, 0; from < len(changes); from = to {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		to = from + batchSize(changes[from:])
		b.reset()
		b.parts = b.watchedParts()
		for i := from; i < to; i++ {
			if err := b.need(changes[i]); err != nil {
				return nil, &ChangeError{Index: i, Err: err}
			}
		}
		if err := b.read(changes[from:to]); err != nil {
			return nil, err
		}
		for i := from; i < to; i++ {
			var err error
			if outcomes[i], err = b.make(changes[i]); err != nil {
				return nil, &ChangeError{Index: i, Err: err}
			}
		}
		if err := b.write(); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// make makes a change, and records who enters or leaves watched groups by it.
func (b *batch) make(c Change) (Outcome, error) {
	logged := len(b.log)
	out, err := c.apply(b)
	if err != nil {
		b.touched.clear()
		return out, err
	}
	return out, b.recordFlips(b.causeOf(c), c.audit(), logged)
}

// batchSize returns how many of the first changes form a batch.
func batchSize(changes []Change) int {
	n := slices.IndexFunc(changes, standalone)
	switch {
	case n < 0:
		n = len(changes)
	case n == 0:
		return 1
	}
	return min(n, maxBatch)
}

// standalone reports whether a change needs a batch of its own: it reads or writes rows
// through tx that other changes of a batch would have changed in memory only.
func standalone(c Change) bool {
	switch c.(type) {
	case UpdateTag, DeleteTag, CreateGroup, UpdateGroup, DeleteGroup, MergeVisitors, UnmergeVisitor,
		PutTopic, DeleteTopic, EraseVisitor, ReapplyErasure, PutAudience, DeleteAudience, PutJob, StepJob,
		WatchGroup, AdvanceWatch:
		return true
	}
	return false
}
