package store

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// LoadOptions configure Load. A nil *LoadOptions and the zero value of each field mean the
// default.
type LoadOptions struct {
	// Batch is the number of visitors created in one transaction. Default: 1,000.
	Batch int
	// Refused is called for each draft that was refused, with its index in the sequence,
	// from 0, and the reason. Default: refused drafts are only counted.
	Refused func(index int, err error)
	// Progress is called after each batch with the counts so far. Default: none.
	Progress func(Loaded)
}

// Loaded counts what Load did.
type Loaded struct {
	Created int // visitors created
	Refused int // drafts refused
}

// Load creates a visitor for each draft, in batches of one transaction each; only one batch
// is held in memory. A draft that is refused (ErrInvalid, ErrExists if an identity belongs
// to another visitor, ErrNotFound if a group does not exist) is reported and left out; the
// rest of its batch is created.
//
// An error from drafts ends Load: the drafts before it are created, and the error is
// returned, wrapped. After an error of the store, the visitors counted in Loaded are created
// and no others.
func (w *Workspace) Load(ctx context.Context, drafts iter.Seq2[visitor.Draft, error], o *LoadOptions) (Loaded, error) {
	const op = "load visitors"
	if o == nil {
		o = &LoadOptions{}
	}
	l := loader{w: w, o: *o}
	l.o.Batch = cmp.Or(max(l.o.Batch, 0), 1_000)
	index := 0
	for d, err := range drafts {
		if err != nil {
			err = errors.Join(err, l.flush(ctx))
			return l.done, fail(op, err)
		}
		l.add(index, d)
		index++
		if l.pending == l.o.Batch {
			if err := l.flush(ctx); err != nil {
				return l.done, fail(op, err)
			}
		}
	}
	err := l.flush(ctx)
	return l.done, fail(op, err)
}

type loader struct {
	w       *Workspace
	o       LoadOptions
	done    Loaded
	pending int             // number of visitors in changes
	changes []driver.Change // for each draft its tags, then its visitor
	indexes []int           // the index of the draft of each change
	ensured map[string]bool // names of tags that changes create
}

func (l *loader) add(index int, d visitor.Draft) {
	changes, err := l.w.creation(d, l.w.now())
	if err != nil {
		l.refuse(index, err)
		return
	}
	for _, c := range changes {
		if ensure, ok := c.(driver.EnsureTag); ok {
			if l.ensured[ensure.Tag.Name] {
				continue
			}
			if l.ensured == nil {
				l.ensured = map[string]bool{}
			}
			l.ensured[ensure.Tag.Name] = true
		}
		l.changes = append(l.changes, c)
		l.indexes = append(l.indexes, index)
	}
	l.pending++
}

func (l *loader) refuse(index int, err error) {
	l.done.Refused++
	if l.o.Refused != nil {
		l.o.Refused(index, fail("create visitor", err))
	}
}

// leaveOut removes a change from the batch. If it creates a tag, it also removes the visitor
// of the same draft; the draft's other tags stay, as later drafts can depend on them.
func (l *loader) leaveOut(at int) {
	remove := func(at int) {
		l.changes = slices.Delete(l.changes, at, at+1)
		l.indexes = slices.Delete(l.indexes, at, at+1)
	}
	if _, isTag := l.changes[at].(driver.EnsureTag); isTag {
		last := at
		for last+1 < len(l.indexes) && l.indexes[last+1] == l.indexes[at] {
			last++
		}
		remove(last)
	}
	remove(at)
	l.pending--
}

// flush applies the batch. If the store refuses a draft, it is left out and the rest is
// applied again.
func (l *loader) flush(ctx context.Context) error {
	for l.pending > 0 {
		_, err := l.w.store.Apply(ctx, l.w.id, l.changes)
		if err == nil {
			l.done.Created += l.pending
			break
		}
		var failed *driver.ChangeError
		if !errors.As(err, &failed) || !errors.Is(err, ErrExists) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInvalid) {
			return err
		}
		l.refuse(l.indexes[failed.Index], failed.Err)
		l.leaveOut(failed.Index)
	}
	l.pending, l.changes, l.indexes, l.ensured = 0, l.changes[:0], l.indexes[:0], nil
	if l.o.Progress != nil {
		l.o.Progress(l.done)
	}
	return nil
}
