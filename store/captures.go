package store

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// mostCaptures is how many contacts CaptureAll takes in by one transaction.
const mostCaptures = 1_000

// CaptureAll captures many contacts in their order, far faster than one by one: a thousand
// in a transaction. One that Capture would refuse with ErrInvalid has it as Err and is left
// out; those around it are taken in. The error is the store's; the contacts whose results
// are returned, the first ones, are taken in or refused then, and the others are not.
func (w *Workspace) CaptureAll(ctx context.Context, contacts []visitor.Contact) ([]Captured, error) {
	results := make([]Captured, 0, len(contacts))
	for len(contacts) > 0 {
		n := min(len(contacts), mostCaptures)
		some, err := w.captureSome(ctx, contacts[:n])
		results = append(results, some...)
		if err != nil {
			return results, fail(captureAll, err)
		}
		contacts = contacts[n:]
	}
	return results, nil
}

const captureAll = "capture contacts"

// captureSome captures contacts in one transaction, or, around each that the store refuses,
// in two.
func (w *Workspace) captureSome(ctx context.Context, contacts []visitor.Contact) ([]Captured, error) {
	results := make([]Captured, len(contacts))
	var changes []driver.Change
	var places []int // of each change's contact
	for i, c := range contacts {
		change, refused, err := w.capture(c)
		if results[i].InvalidFields = refused; err != nil {
			results[i].Err = fail(captureAll, err)
			continue
		}
		changes, places = append(changes, change), append(places, i)
	}
	take := func(n int) error { // the first n changes
		if n == 0 {
			return nil
		}
		outcomes, err := w.store.Apply(ctx, w.id, changes[:n])
		if err != nil {
			return err
		}
		for i, out := range outcomes {
			at := places[i]
			results[at] = captured(out, results[at].InvalidFields)
		}
		changes, places = changes[n:], places[n:]
		return nil
	}
	for {
		err := take(len(changes))
		if err == nil {
			return results, nil
		}
		var failed *driver.ChangeError
		if errors.As(err, &failed) && errors.Is(err, ErrInvalid) {
			if err = take(failed.Index); err == nil {
				results[places[0]].Err = fail(captureAll, failed.Err)
				changes, places = changes[1:], places[1:]
				continue
			}
		}
		return results[:places[0]], err
	}
}
