package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/contactpipeline/visitors/store/driver"
)

// maxShared is the maximum of calls of Apply that share a transaction: more would save
// little, and the first would wait longer.
const maxShared = 512

// job is one call of Apply.
type job struct {
	ctx      context.Context
	ws       driver.WorkspaceID
	changes  []driver.Change
	queue    *commitQueue
	outcomes []driver.Outcome
	err      error
	done     chan struct{} // closed when outcomes or err hold the result
}

func (j *job) finished() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// commitQueue is where calls of Apply wait for a shared transaction. It has no goroutine: one
// caller is the leader, makes the changes of all that wait, and then another one becomes the
// leader.
type commitQueue struct {
	leading chan struct{} // holds a token while a caller is the leader
	callers int           // of a server's queue; guarded by commitQueues.mu

	mu      sync.Mutex
	waiting []*job
}

func newCommitQueue() *commitQueue { return &commitQueue{leading: make(chan struct{}, 1)} }

func (q *commitQueue) add(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, j)
}

// remove removes a job unless it has begun.
func (q *commitQueue) remove(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, j)
	if i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	return i >= 0
}

// take removes the jobs that have waited longest, and returns them.
func (q *commitQueue) take() []*job {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxShared)
	jobs := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return jobs
}

// share makes the job's changes, in one transaction with those of calls that wait at the
// same time. It returns when that is committed, or the job has failed.
func (e *Engine) share(j *job) {
	var leave func()
	j.queue, leave = e.queueOf(j.ws)
	defer leave()
	j.queue.add(j)
	select {
	case <-j.done:
		return
	case <-j.ctx.Done():
		if j.queue.remove(j) {
			j.err = j.ctx.Err()
			return
		}
		<-j.done // it has begun, so its result is known soon
		return
	case j.queue.leading <- struct{}{}:
	}
	defer func() { <-j.queue.leading }()
	for !j.finished() {
		e.lead(j)
	}
}

// lead makes the changes of the jobs that have waited longest. If no session is available,
// j fails.
func (e *Engine) lead(j *job) {
	var jobs []*job
	defer func() {
		for _, j := range jobs {
			close(j.done)
		}
	}()
	err := e.call(j.ctx, e.writers, func(s *session) error {
		if jobs == nil {
			jobs = j.queue.take()
		}
		return e.commit(s, jobs)
	})
	if jobs == nil && j.queue.remove(j) {
		j.err = err
		jobs = []*job{j}
	}
	for _, j := range jobs {
		if errors.Is(j.err, errAgain) {
			j.err = e.call(j.ctx, e.writers, func(s *session) error { return e.commit(s, []*job{j}) })
		}
	}
}

// errAgain is the error of jobs whose shared transaction was lost before the commit. None of
// their changes was made, so each gets a transaction of its own.
var errAgain = errors.New("transaction was lost")

// commit makes the changes of the jobs in one transaction. A job that fails does not make
// the others fail.
func (e *Engine) commit(s *session, jobs []*job) (err error) {
	defer func() {
		for _, j := range jobs {
			if err != nil {
				j.err = err // not its own, which may be due to changes of another job
			}
			if j.err == nil {
				e.signals.Notify(j.ws)
			}
			if j.err = e.fail(j.ctx, j.err); j.err != nil {
				j.outcomes = nil
			}
		}
	}()
	for _, j := range jobs {
		j.err = nil
	}
	if len(jobs) == 1 {
		return s.write(jobs[0].ctx, e.d, func() error { return e.applyAlone(s, jobs[0]) })
	}
	// All processes lock workspaces in the same order, so that no two wait for each other.
	slices.SortStableFunc(jobs, func(a, b *job) int { return cmp.Compare(a.ws, b.ws) })
	return s.write(context.Background(), e.d, func() error {
		for rest := jobs; len(rest) > 0; {
			ws, n := rest[0].ws, 1
			for n < len(rest) && rest[n].ws == ws {
				n++
			}
			if e.applySeveral(e.scope(s, ws), rest[:n]) != nil {
				return errAgain
			}
			rest = rest[n:]
		}
		return nil
	})
}

// applyAlone makes the changes of the only job of a transaction.
func (e *Engine) applyAlone(s *session, j *job) error {
	in := e.scope(s, j.ws)
	outcomes, rest, err := apply(j.ctx, in, j.changes, nil)
	if err != nil {
		return err
	}
	j.outcomes = outcomes
	return rest.write(j.ctx, in)
}

// applySeveral makes the changes of a workspace's jobs: all together or, if a job fails, each in
// a savepoint. It fails only if the transaction is lost or cannot be completed.
func (e *Engine) applySeveral(s scope, jobs []*job) error {
	ctx := context.Background()
	total := newPending()
	together := &job{ctx: ctx}
	for _, j := range jobs {
		together.changes = append(together.changes, j.changes...)
	}
	if len(jobs) > 1 && !slices.ContainsFunc(jobs, func(j *job) bool { return j.ctx.Err() != nil }) {
		if err := applyInside(s, together, total); err != nil {
			return err
		}
		if together.err == nil {
			outcomes := together.outcomes
			for _, j := range jobs {
				j.outcomes, outcomes = outcomes[:len(j.changes):len(j.changes)], outcomes[len(j.changes):]
			}
			return total.write(ctx, s)
		}
	}
	for _, j := range jobs {
		if err := applyInside(s, j, total); err != nil {
			return err
		}
	}
	return total.write(ctx, s)
}

// applyInside makes the changes of a job in a savepoint, and adds what is to be written later to
// total. It fails only if the transaction is lost.
func applyInside(s scope, j *job, total *pending) error {
	var rest *pending
	j.err = s.writeInside(context.Background(), func() (err error) {
		j.outcomes, rest, err = apply(j.ctx, s, j.changes, total.texts)
		return err
	})
	if lost := (*lostError)(nil); errors.As(j.err, &lost) {
		return j.err
	}
	if j.err == nil {
		total.add(rest)
	}
	return nil
}
