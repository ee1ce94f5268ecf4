package store

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// maxCaptures is the number of contacts that CaptureAll captures in one transaction.
const maxCaptures = 1_000

// CaptureAll captures contacts in their order, up to 1,000 in a transaction, which is much
// faster than one by one. A contact that Capture would refuse with ErrInvalid is left out, with
// the error in its result. If the store fails, CaptureAll returns the results of the contacts
// up to there, which are captured or refused; the others are not captured.
func (w *Workspace) CaptureAll(ctx context.Context, contacts []visitor.Contact) ([]Captured, error) {
	results, err := w.captureAll(ctx, contacts)
	return results, fail(captureAll, err)
}

func (w *Workspace) captureAll(ctx context.Context, contacts []visitor.Contact) ([]Captured, error) {
	results := make([]Captured, 0, len(contacts))
	for len(contacts) > 0 {
		n := min(len(contacts), maxCaptures)
		some, err := w.captureSome(ctx, contacts[:n])
		results = append(results, some...)
		if err != nil {
			return results, err
		}
		contacts = contacts[n:]
	}
	return results, nil
}

const captureAll = "capture contacts"

// captureSome captures contacts in one transaction. Each contact that the store refuses
// splits it in two.
func (w *Workspace) captureSome(ctx context.Context, contacts []visitor.Contact) ([]Captured, error) {
	results := make([]Captured, len(contacts))
	var changes []driver.Change
	var indexes []int // the contact of each change
	for i, c := range contacts {
		change, refused, err := w.capture(c)
		if results[i].InvalidFields = refused; err != nil {
			results[i].Err = fail(captureAll, err)
			continue
		}
		changes, indexes = append(changes, change), append(indexes, i)
	}
	apply := func(n int) error { // the first n changes
		if n == 0 {
			return nil
		}
		outcomes, err := w.store.Apply(ctx, w.id, changes[:n])
		if err != nil {
			return err
		}
		for i, out := range outcomes {
			at := indexes[i]
			results[at] = captured(out, results[at].InvalidFields)
		}
		changes, indexes = changes[n:], indexes[n:]
		return nil
	}
	for {
		err := apply(len(changes))
		if err == nil {
			return results, nil
		}
		var failed *driver.ChangeError
		if errors.As(err, &failed) && errors.Is(err, ErrInvalid) {
			if err = apply(failed.Index); err == nil {
				results[indexes[0]].Err = fail(captureAll, failed.Err)
				changes, indexes = changes[1:], indexes[1:]
				continue
			}
		}
		return results[:indexes[0]], err
	}
}
