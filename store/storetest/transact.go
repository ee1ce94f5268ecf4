package storetest

import (
	"database/sql"
	"errors"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

var transactPromises = []promise{
	{"a transaction of a Transactor makes all changes or none", "A message without its visitor, or a visitor without the message, is a lead lost.", checkTransact},
	{"the store of a transaction is closed when the transaction has ended", "What is written later would be in no transaction.", checkTransactEnds},
}

// transact calls Transact, if the store is a Transactor, and returns what it returned, or
// panicked with.
func (f *fixture) transact(do func(inside driver.Store) error) (supported bool, panicked any, err error) {
	st, ok := f.st.(driver.Transactor)
	if !ok {
		return false, nil, nil
	}
	defer func() { panicked = recover() }()
	err = st.Transact(f.Context(), func(tx *sql.Tx, inside driver.Store) error {
		if tx == nil {
			f.Errorf("no *sql.Tx")
		}
		return do(inside)
	})
	return true, nil, err
}

func checkTransact(f *fixture) {
	refused := errors.New("refused by the application")
	for _, end := range []func() error{
		func() error { return nil }, func() error { return refused }, func() error { panic(refused) },
	} {
		before := f.count(filter.All())
		ended := false
		supported, panicked, err := f.transact(func(inside driver.Store) error {
			for range 2 {
				if _, err := inside.Apply(f.Context(), f.ws, []driver.Change{create(f.visitor("Ada"))}); err != nil {
					return err
				}
			}
			n, err := inside.CountVisitors(f.Context(), f.ws, f.bind(filter.All()), 0)
			if err != nil {
				return err
			}
			f.same("visitors inside", n, before+2)
			ended = true
			return end()
		})
		if !supported {
			return
		}
		if !ended {
			f.Fatalf("transaction: %v", err)
		}
		want := before
		switch {
		case panicked != nil:
			f.same("panic", panicked, any(refused))
		case err == nil:
			want += 2
		default:
			f.same("error", err, refused)
		}
		f.same("visitors afterwards", f.count(filter.All()), want)
	}
	f.given(create(f.visitor("Bob"))) // nothing is locked
}

func checkTransactEnds(f *fixture) {
	var kept driver.Store
	supported, _, err := f.transact(func(inside driver.Store) error {
		kept = inside
		return nil
	})
	if !supported {
		return
	}
	if err != nil {
		f.Fatalf("transaction: %v", err)
	}
	_, err = kept.Apply(f.Context(), f.ws, []driver.Change{create(f.visitor("Ada"))})
	if !errors.Is(err, driver.ErrClosed) {
		f.Errorf("write after the end of the transaction: %v, want %v", err, driver.ErrClosed)
	}
	f.same("visitors", f.count(filter.All()), int64(0))
}
