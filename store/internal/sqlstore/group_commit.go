package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/contactpipeline/visitors/store/driver"
)

// maxShared is how many calls of Apply share a transaction at most: more would save
// little and keep the first ones waiting.
const maxShared = 512

// job is one call of Apply on its way.
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

// commitQueue is where calls of Apply wait for a shared transaction. No goroutine serves it: one of the callers
// leads, does the work of all who wait, and lets the next one lead.
type commitQueue struct {
	leading   chan struct{} // holds a token while somebody leads
	unbatched int           // transactions to come whose jobs are not tried at once; the leader's

	mu      sync.Mutex
	waiting []*job
}

func newCommitQueue() *commitQueue { return &commitQueue{leading: make(chan struct{}, 1)} }

func (d *commitQueue) add(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = append(d.waiting, j)
}

// remove takes back a job that nobody has begun.
func (d *commitQueue) remove(j *job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.waiting, j)
	if i >= 0 {
		d.waiting = slices.Delete(d.waiting, i, i+1)
	}
	return i >= 0
}

// take hands over the jobs that have waited longest.
func (d *commitQueue) take() []*job {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(d.waiting), maxShared)
	jobs := slices.Clone(d.waiting[:n])
	d.waiting = slices.Delete(d.waiting, 0, n)
	return jobs
}

// share makes the job's changes, in one transaction with those of the calls that wait at
// the same time. It returns when that is committed, or the job has failed.
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
		<-j.done // begun: its end is near, and known
		return
	case j.queue.leading <- struct{}{}:
	}
	defer func() { <-j.queue.leading }()
	for !j.finished() {
		e.lead(j)
	}
}

// lead makes the changes of the jobs that have waited longest; if it cannot, j fails.
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

// errAgain is for jobs whose transaction was lost before it was committed: nothing of them
// is done, so each may have a transaction of its own.
var errAgain = errors.New("transaction was lost")

// commit makes the changes of the jobs in one transaction, each in a savepoint, so that
// one that fails fails alone.
func (e *Engine) commit(s *session, jobs []*job) (err error) {
	defer func() {
		for _, j := range jobs {
			if err != nil {
				j.err = err // its own may be about what another has done, which is undone now
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
		return s.write(jobs[0].ctx, e.d, func() error { return e.lone(s, jobs[0]) })
	}
	// Two processes that lock workspaces in one order do not lock each other out.
	slices.SortStableFunc(jobs, func(a, b *job) int { return cmp.Compare(a.ws, b.ws) })
	return s.write(context.Background(), e.d, func() error {
		for rest := jobs; len(rest) > 0; {
			ws, n := rest[0].ws, 1
			for n < len(rest) && rest[n].ws == ws {
				n++
			}
			if e.several(scope{s, e.d, string(ws)}, rest[:n]) != nil {
				return errAgain
			}
			rest = rest[n:]
		}
		return nil
	})
}

// lone makes the changes of a job that has the transaction to itself.
func (e *Engine) lone(s *session, j *job) error {
	in := scope{s, e.d, string(j.ws)}
	outcomes, left, err := apply(j.ctx, in, j.changes, nil)
	if err != nil {
		return err
	}
	j.outcomes = outcomes
	return left.write(j.ctx, in)
}

// several makes the changes of a workspace's jobs. It fails only where all must.
func (e *Engine) several(s scope, jobs []*job) error {
	ctx := context.Background()
	total := newPending()
	made, err := atOnce(ctx, s, jobs, total)
	if err != nil {
		return err
	}
	if !made {
		for _, j := range jobs {
			var left *pending
			j.err = s.writeInside(ctx, func() (err error) {
				j.outcomes, left, err = apply(j.ctx, s, j.changes, total.texts)
				return err
			})
			if j.err == nil {
				total.add(left)
			}
			if lost := (*lostError)(nil); errors.As(j.err, &lost) {
				return j.err
			}
		}
	}
	return total.write(ctx, s)
}

// unbatchedAfterFailure is for how many transactions the jobs are made one by one after some that could
// not be made at once: where some fail, others soon do too.
const unbatchedAfterFailure = 16

// atOnce makes the changes of all jobs as if they were of one, which saves a savepoint for
// each, and lets the database make several of a kind together. It reports whether that went
// well; else nothing is done. It fails only where the transaction is lost.
func atOnce(ctx context.Context, s scope, jobs []*job, total *pending) (bool, error) {
	queue := jobs[0].queue
	if queue.unbatched > 0 {
		queue.unbatched--
		return false, nil
	}
	if len(jobs) < 2 {
		return false, nil
	}
	var changes []driver.Change
	for _, j := range jobs {
		if j.ctx.Err() != nil {
			return false, nil
		}
		changes = append(changes, j.changes...)
	}
	var outcomes []driver.Outcome
	var left *pending
	err := s.writeInside(ctx, func() (err error) {
		outcomes, left, err = apply(ctx, s, changes, total.texts)
		return err
	})
	if err == nil {
		for _, j := range jobs {
			j.outcomes, outcomes = outcomes[:len(j.changes):len(j.changes)], outcomes[len(j.changes):]
		}
		total.add(left)
		return true, nil
	}
	queue.unbatched = unbatchedAfterFailure
	if lost := (*lostError)(nil); errors.As(err, &lost) {
		return false, err
	}
	return false, nil
}
