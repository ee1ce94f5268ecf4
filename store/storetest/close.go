package storetest

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Each of these closes the store.
var closePromises = []promise{
	{
		name: "closing waits for the calls under way and ends the others",
		why:  "A process that shuts down must not lose what it has acknowledged.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			r.given(create(v))
			r.closed = true
			const callers = 4
			r.race(callers+1, func(i int) error {
				if i == callers {
					return r.st.Close()
				}
				m := maker{clock: r.clock, minted: uint64(i+1) << 24}
				for range 200 {
					if _, err := r.apply(create(m.visitor("Bob"))); err != nil {
						return ended(err)
					}
					if _, err := r.st.CountVisitors(r.Context(), r.ws, filter.Bound{}, 0); err != nil {
						return ended(err)
					}
				}
				return nil
			}, func(err error) {
				if err != nil {
					r.Errorf("a call while the store closes: %v", err)
				}
			})
		},
	},
	{
		name: "every call after closing says so",
		why:  "A host that closes too early finds its mistake by the error.",
		keep: func(r *room) {
			r.close()
			for name, call := range r.calls(r.Context(), visitor.ID(r.id(r.clock))) {
				if err := call(); !errors.Is(err, store.ErrClosed) {
					r.Errorf("%s: error %v, want one that matches %q", name, err, store.ErrClosed)
				}
			}
			if _, err := r.apply(); !errors.Is(err, store.ErrClosed) {
				r.Errorf("Apply of nothing: error %v, want one that matches %q", err, store.ErrClosed)
			}
		},
	},
	{
		name: "closing twice is no error",
		why:  "Deferred calls and shutdown hooks both close.",
		keep: func(r *room) {
			r.close()
			r.close()
		},
	},
}

func (r *room) close() {
	r.Helper()
	r.closed = true
	if err := r.st.Close(); err != nil {
		r.Errorf("close: %v", err)
	}
}

// ended is the error of a call on a store that is closing: nil when it is the right one.
func ended(err error) error {
	if errors.Is(err, store.ErrClosed) {
		return nil
	}
	return fmt.Errorf("want one that matches %q: %w", store.ErrClosed, err)
}
