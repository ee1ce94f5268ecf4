package storetest

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/storetest/reference"
)

// oracle is a workspace of the reference store, in which changes are made one at a time. The
// workspace of the fixture must equal it.
type oracle struct {
	store *reference.Store
	ws    driver.WorkspaceID
}

func newOracle(f *fixture) *oracle { return &oracle{reference.New(), f.ws} }

// apply makes all changes or none.
func (o *oracle) apply(ctx context.Context, changes []driver.Change) ([]driver.Outcome, error) {
	next := o.store.Clone()
	var outcomes []driver.Outcome
	for i, c := range changes {
		out, err := next.Apply(ctx, o.ws, []driver.Change{c})
		var failed *driver.ChangeError
		if errors.As(err, &failed) {
			return nil, &driver.ChangeError{Index: i, Err: failed.Err}
		} else if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, out...)
	}
	o.store = next
	return outcomes, nil
}

// dump returns everything that can be read of the workspace.
func (o *oracle) dump(f *fixture) dump {
	f.Helper()
	other := *f
	other.suite = &suite{st: o.store}
	return other.dump(o.ws)
}
