package faulttest

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Crash repeatedly stops a server while a store writes to it. The same store works again as soon
// as the server is back.
func Crash(t *testing.T, e Engine, crash func()) {
	r := rand.New(rand.NewPCG(seed(t), 0))
	source := e.Source(t)
	st, err := e.Open(t.Context(), source)
	require.NoError(t, err)
	defer st.Close()
	known := newRecord()
	for i := range *crashesFlag {
		working := make(chan struct{})
		var once sync.Once
		ended := make(chan error)
		go func() {
			ended <- work(context.Background(), st, string(rune('a'+i)), r.Uint64(), 0, func(o operation) {
				known.note(o)
				if o.acknowledged {
					once.Do(func() { close(working) })
				}
			})
		}()
		<-working
		time.Sleep(5*time.Millisecond + time.Duration(r.Int64N(int64(60*time.Millisecond))))
		crash()
		require.Error(t, <-ended, "no worker noticed the crash")
		known.verify(t, st)
		db := e.plain(t, source)
		e.Consistent(t, db)
		require.NoError(t, db.Close())
	}
	t.Logf("%d operations acknowledged", known.acknowledged)
}
