package storetest_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/storetest"
)

func open(testing.TB) store.Store { return memory.New() }

func TestMemory(t *testing.T) { storetest.Run(t, open) }
