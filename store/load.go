package store

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// LoadOptions are what a caller may choose of a Load. Nil means the defaults.
type LoadOptions struct {
	// Batch is how many visitors are made in one transaction. Default: 1,000.
	Batch int
	// Refused is told of each draft that was refused: its place in the sequence, from
	// 0, and why. Default: they are only counted.
	Refused func(index int, err error)
	// Progress is told after each batch. Default: nobody is.
	Progress func(Loaded)
}

// Loaded counts what a Load has done.
type Loaded struct {
	Created int // visitors made
	Refused int // drafts that were not
}

// Load makes visitors of many drafts, fast, a batch in a transaction. A draft that the
// workspace or its store refuses (ErrInvalid, ErrExists for an identity that is taken,
// ErrNotFound for a group) is reported and left out; the others of its batch are made. With an error, the batches counted in Loaded are made, the rest is not. Memory
// holds one batch.
func (w *Workspace) Load(ctx context.Context, drafts iter.Seq[visitor.Draft], o *LoadOptions) (Loaded, error) {
	if o == nil {
		o = &LoadOptions{}
	}
	l := loader{w: w, o: *o}
	if l.o.Batch <= 0 {
		l.o.Batch = 1_000
	}
	index := 0
	for d := range drafts {
		l.add(index, d)
		index++
		if l.pending == l.o.Batch {
			if err := l.flush(ctx); err != nil {
				return l.done, fail("load visitors", err)
			}
		}
	}
	return l.done, fail("load visitors", l.flush(ctx))
}

type loader struct {
	w       *Workspace
	o       LoadOptions
	done    Loaded
	pending int             // visitors in changes
	changes []driver.Change // tags first made, then visitors, as they came
	indexes []int           // of the draft behind each change
	ensured map[string]bool // names of tags that changes make
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

// leaveOut removes the change at that place from the batch and, where it makes a tag, the
// visitor of the same draft. The draft's other tags stay: later drafts may rely on them.
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

// flush applies the batch; a draft that the store refuses is left out and the rest applied
// again.
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
