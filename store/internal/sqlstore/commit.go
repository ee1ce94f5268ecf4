package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/contactpipeline/visitors/store"
)

// maxShared is how many calls of Apply share a transaction at most: more would save
// little and keep the first ones waiting.
const maxShared = 512

// job is one call of Apply on its way.
type job struct {
	ctx      context.Context
	ws       store.WorkspaceID
	changes  []store.Change
	desk     *desk
	outcomes []store.Outcome
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

// desk is where calls of Apply meet. There is no goroutine behind it: one of the callers
// leads, does the work of all who wait, and lets the next one lead.
type desk struct {
	leading chan struct{} // holds a token while somebody leads

	mu      sync.Mutex
	waiting []*job
}

func newDesk() *desk { return &desk{leading: make(chan struct{}, 1)} }

func (d *desk) add(j *job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = append(d.waiting, j)
}

// remove takes back a job that nobody has begun.
func (d *desk) remove(j *job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.waiting, j)
	if i >= 0 {
		d.waiting = slices.Delete(d.waiting, i, i+1)
	}
	return i >= 0
}

// take hands over the jobs that have waited longest.
func (d *desk) take() []*job {
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
	j.desk, leave = e.deskOf(j.ws)
	defer leave()
	j.desk.add(j)
	select {
	case <-j.done:
		return
	case <-j.ctx.Done():
		if j.desk.remove(j) {
			j.err = j.ctx.Err()
			return
		}
		<-j.done // begun: its end is near, and known
		return
	case j.desk.leading <- struct{}{}:
	}
	defer func() { <-j.desk.leading }()
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
			jobs = j.desk.take()
		}
		return e.commit(s, jobs)
	})
	if jobs == nil && j.desk.remove(j) {
		j.err = err
		jobs = []*job{j}
	}
}

// commit makes the changes of the jobs in one transaction, each in a savepoint, so that
// one that fails fails alone.
func (e *Engine) commit(s *session, jobs []*job) (err error) {
	defer func() {
		for _, j := range jobs {
			if j.err = e.fail(j.ctx, cmp.Or(j.err, err)); j.err != nil {
				j.outcomes = nil
			}
		}
	}()
	for _, j := range jobs {
		j.err = nil
	}
	if len(jobs) == 1 {
		return s.write(jobs[0].ctx, e.d, func() error { return e.run(s, jobs[0]) })
	}
	// Two processes that lock workspaces in one order do not lock each other out.
	slices.SortStableFunc(jobs, func(a, b *job) int { return cmp.Compare(a.ws, b.ws) })
	return s.write(context.Background(), e.d, func() error {
		for _, j := range jobs {
			j.err = s.writeInside(j.ctx, func() error { return e.run(s, j) })
			if s.broken {
				return j.err
			}
		}
		return nil
	})
}

func (e *Engine) run(s *session, j *job) (err error) {
	j.outcomes, err = apply(j.ctx, scope{s, e.d, string(j.ws)}, j.changes)
	return err
}
