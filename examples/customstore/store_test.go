package main

import (
	"context"
	"testing"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/storetest"
	"github.com/contactpipeline/visitors/store/storetest/reference"
)

func open(testing.TB) store.Store { return reference.New() }

// TestStore checks every promise that the library makes about stores.
func TestStore(t *testing.T) { storetest.Run(t, open) }

// TestCompare compares the answers to 2,000 random filters with filter.Match.
func TestCompare(t *testing.T) { storetest.Compare(t, open, 2_000) }

func Example() {
	if err := run(context.Background()); err != nil {
		panic(err)
	}
	// Output: José Saramago came through Instagram
}
