package storetest_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/storetest"
)

func open(testing.TB) driver.Store { return memory.New() }

func TestMemory(t *testing.T)      { storetest.Run(t, open) }
func FuzzMemory(f *testing.F)      { storetest.Fuzz(f, open) }
func BenchmarkMemory(b *testing.B) { storetest.Bench(b, open) }

func BenchmarkLargest(b *testing.B) { storetest.BenchLargest(b, open, nil) }

func ExampleRun() {
	// As the test of a back end, in its own package:
	testStore := func(t *testing.T) {
		storetest.Run(t, func(testing.TB) driver.Store { return memory.New() })
	}
	_ = testStore
	// Output:
}

func ExampleCompare() {
	// As the test of a back end, in its own package:
	testFilters := func(t *testing.T) {
		storetest.Compare(t, func(testing.TB) driver.Store { return memory.New() }, 10_000)
	}
	_ = testFilters
	// Output:
}

func ExampleFuzz() {
	// As the fuzz target of a back end, for go test -fuzz:
	fuzzStore := func(f *testing.F) {
		storetest.Fuzz(f, func(testing.TB) driver.Store { return memory.New() })
	}
	_ = fuzzStore
	// Output:
}

func ExampleBench() {
	// As the benchmark of a back end, for go test -bench:
	benchmarkStore := func(b *testing.B) {
		storetest.Bench(b, func(testing.TB) driver.Store { return memory.New() })
	}
	_ = benchmarkStore
	// Output:
}
