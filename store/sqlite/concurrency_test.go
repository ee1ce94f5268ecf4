//go:build cgo

package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/sqlite"
)

// eachStore runs a test on a store opened in each way.
func eachStore(t *testing.T, test func(*testing.T, driver.Store)) {
	for name, path := range map[string]string{"file": engine.Source(t), "memory": ":memory:"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := sqlite.Open(t.Context(), path, nil)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			test(t, st)
		})
	}
}

func TestCrowd(t *testing.T) {
	t.Parallel()
	eachStore(t, faulttest.Crowd)
}

func TestLinear(t *testing.T) {
	t.Parallel()
	eachStore(t, faulttest.Linear)
}

func TestStorm(t *testing.T) {
	t.Parallel()
	faulttest.Storm(t, engine)
}

func TestTogether(t *testing.T) {
	t.Parallel()
	faulttest.Together(t, engine)
}

// It runs alone, since other tests have goroutines too.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	st, err := sqlite.Open(t.Context(), engine.Source(t), nil)
	require.NoError(t, err)
	faulttest.Linear(t, st)
	require.NoError(t, st.Close())
	goleak.VerifyNone(t, before)
}
