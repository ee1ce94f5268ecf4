package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

func checkSubscribe(f *fixture) {
	ws, neighbour := f.open(nil), f.openOn(f.neighbour, nil)
	f.must(create(f.visitor("Ada")), create(f.visitor("Bob")))
	ctx, cancel := context.WithTimeout(f.Context(), 20*time.Second)
	defer cancel()
	var writers sync.WaitGroup
	var got []driver.Seq
	var failed error
	var people []visitor.Visitor
	for n := range 10 {
		people = append(people, f.visitor(fmt.Sprint("Visitor ", n)))
	}
	subscribed := time.Now()
	for e, err := range ws.Subscribe(ctx, 1) {
		if len(got) == 0 {
			writers.Go(func() {
				for _, v := range people {
					_, err := f.st.Apply(ctx, f.ws, []driver.Change{create(v)})
					failed = errors.Join(failed, err)
				}
			})
		}
		f.ok(err)
		if got = append(got, e.Seq); len(got) == 11 {
			break
		}
	}
	writers.Wait()
	f.ok(failed)
	f.same("numbers", got, []driver.Seq{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	if took := time.Since(subscribed); took > 15*time.Second {
		f.Errorf("ten events took %s", took)
	}
	short, end := context.WithTimeout(f.Context(), 10*time.Millisecond)
	defer end()
	for e, err := range neighbour.Subscribe(short, driver.Seq(len(f.events(f.neighbour, 0)))) {
		f.Errorf("in the neighbour: event %d, error %v", e.Seq, err)
	}
}

func checkRun(f *fixture) {
	f.lapsing(3)
	ctx, cancel := context.WithTimeout(f.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	running := f.open(&store.Options{Now: f.clockAt(f.clock), NewID: visitor.NewID})
	go func() { ended <- store.Run(ctx, running) }()
	entered := 0
	for e, err := range f.open(nil).Subscribe(ctx, 0) {
		f.ok(err)
		if e.Kind == store.GroupEntered {
			entered++
		}
		if entered == 3 {
			break
		}
	}
	cancel()
	f.same("the end", <-ended, context.Canceled)
	f.same("flips", []int{entered, len(f.flips(0))}, []int{3, 3})
}

// clockAt returns a clock that stands still.
func (f *fixture) clockAt(at time.Time) func() time.Time { return func() time.Time { return at } }
