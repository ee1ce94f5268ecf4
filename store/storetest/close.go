package storetest

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// These close the store.
var closePromises = []promise{
	{"Close waits for running calls and refuses later ones", "A process that shuts down must not lose what it has acknowledged.", checkCloseWaits},
	{"every call after Close returns ErrClosed", "A host that closes too early finds its mistake by the error.", checkCallsAfterClose},
	{"closing twice is not an error", "Deferred calls and shutdown hooks both close.", checkCloseTwice},
}

func checkCloseWaits(f *fixture) {
	v := f.visitor("Ada")
	f.given(create(v))
	f.closed = true
	const callers = 4
	f.race(callers+1, func(i int) error {
		if i == callers {
			return f.st.Close()
		}
		m := maker{clock: f.clock, ids: uint64(i+1) << 24}
		for range 200 {
			if _, err := f.apply(create(m.visitor("Bob"))); err != nil {
				return ended(err)
			}
			if _, err := f.st.CountVisitors(f.Context(), f.ws, filter.Bound{}, 0); err != nil {
				return ended(err)
			}
		}
		return nil
	}, func(err error) {
		if err != nil {
			f.Errorf("a call while the store closes: %v", err)
		}
	})
}

func checkCallsAfterClose(f *fixture) {
	f.close()
	for name, call := range f.calls(f.Context(), visitor.ID(f.id(f.clock))) {
		if err := call(); !errors.Is(err, driver.ErrClosed) {
			f.Errorf("%s: error %v, want one that matches %q", name, err, driver.ErrClosed)
		}
	}
	if _, err := f.apply(); !errors.Is(err, driver.ErrClosed) {
		f.Errorf("Apply of nothing: error %v, want one that matches %q", err, driver.ErrClosed)
	}
}

func checkCloseTwice(f *fixture) {
	f.close()
	f.close()
}

func (f *fixture) close() {
	f.Helper()
	f.closed = true
	if err := f.st.Close(); err != nil {
		f.Errorf("close: %v", err)
	}
}

// ended returns nil for the error that a call on a closing store must return.
func ended(err error) error {
	if errors.Is(err, driver.ErrClosed) {
		return nil
	}
	return fmt.Errorf("want one that matches %q: %w", driver.ErrClosed, err)
}
