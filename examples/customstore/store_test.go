package main

import (
	"context"
	"testing"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/storetest"
)

func open(testing.TB) store.Store { return NewStore() }

func TestStore(t *testing.T) { storetest.Run(t, open) }

func Example() {
	if err := run(context.Background()); err != nil {
		panic(err)
	}
	// Output: José Saramago came through Instagram
}
