package memory_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) driver.Store { return memory.New() })
}

func TestCompare(t *testing.T) {
	t.Parallel()
	storetest.Compare(t, func(testing.TB) driver.Store { return memory.New() }, 10_000)
}
