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
	// Batch is the number of visitors created in one transaction, for which other writers to the
	// workspace wait. Default: 5,000, a quarter of a second on SQLite.
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
// to another visitor, ErrNotFound if a group does not exist, ErrSuppressed for an address of
// an erased person) is reported and left out; the rest of its batch is created, those before it
// in a transaction of their own.
//
// The events of visitors that enter watched groups say that they are part of an import: see Event.Flip.
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
	l.o.Batch = cmp.Or(max(l.o.Batch, 0), 5_000)
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
		if create, ok := c.(driver.CreateVisitor); ok {
			create.Bulk = true
			c = create
		}
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

// leaveOut removes the first change from the batch. If it creates a tag, it also removes the
// visitor of the same draft; the draft's other tags stay, as later drafts can depend on them.
func (l *loader) leaveOut() {
	remove := func(at int) {
		l.changes = slices.Delete(l.changes, at, at+1)
		l.indexes = slices.Delete(l.indexes, at, at+1)
	}
	if _, isTag := l.changes[0].(driver.EnsureTag); isTag {
		last := 0
		for last+1 < len(l.indexes) && l.indexes[last+1] == l.indexes[0] {
			last++
		}
		remove(last)
	}
	remove(0)
	l.pending--
}

// flush applies the batch. If the store refuses a draft, those before it are created, then the
// rest without it.
func (l *loader) flush(ctx context.Context) error {
	changes, indexes := l.changes[:0], l.indexes[:0]
	for end := len(l.changes); l.pending > 0; {
		_, err := l.w.store.Apply(ctx, l.w.id, l.changes[:end])
		var failed *driver.ChangeError
		switch {
		case err == nil:
			l.created(end)
			end = len(l.changes)
		case !errors.As(err, &failed) || !isRefusal(err):
			return err
		case failed.Index > 0:
			end = failed.Index
		default:
			l.refuse(l.indexes[0], failed.Err)
			l.leaveOut()
			end = len(l.changes)
		}
	}
	l.pending, l.changes, l.indexes, l.ensured = 0, changes, indexes, nil
	if l.o.Progress != nil {
		l.o.Progress(l.done)
	}
	return nil
}

// isRefusal reports whether an error is about a draft, so that others can be created.
func isRefusal(err error) bool {
	return errors.Is(err, ErrExists) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) || errors.Is(err, ErrSuppressed)
}

// created counts the visitors of the first n changes, and removes these from the batch.
func (l *loader) created(n int) {
	for _, c := range l.changes[:n] {
		if _, ok := c.(driver.CreateVisitor); ok {
			l.done.Created++
			l.pending--
		}
	}
	l.changes, l.indexes = l.changes[n:], l.indexes[n:]
}
