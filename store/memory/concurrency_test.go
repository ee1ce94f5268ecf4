package memory_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/memory"
)

func TestCrowd(t *testing.T) {
	t.Parallel()
	faulttest.Crowd(t, memory.New())
}

func TestLinear(t *testing.T) {
	t.Parallel()
	faulttest.Linear(t, memory.New())
}

// This test is not parallel, since the goroutines of other tests would be counted.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	st := memory.New()
	faulttest.Crowd(t, st)
	require.NoError(t, st.Close())
	goleak.VerifyNone(t, before)
}
