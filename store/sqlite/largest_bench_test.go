package sqlite_test

import (
	"testing"

	"github.com/contactpipeline/visitors/store/storetest"
)

func BenchmarkLargest(b *testing.B) { storetest.BenchLargest(b, openFile, nil) }
