package rest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIdempotencyCacheForgets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	k := newIdempotencyCache()
	k.now, k.size = func() time.Time { return now }, 3
	use := func(key string) keyState {
		c, state := k.claim("acme", key, nil)
		if state == keyFree {
			k.settle(c, "made")
		}
		return state
	}
	require.Equal(t, keyFree, use("a"))
	require.Equal(t, keyDone, use("a"))
	now = now.Add(keyLife)
	require.Equal(t, keyFree, use("a"), "a day later")
	for i := range 3 {
		require.Equal(t, keyFree, use(fmt.Sprint(i)))
	}
	require.Equal(t, 3, k.order.Len())
	require.Equal(t, keyDone, use("2"))
	require.Equal(t, keyFree, use("a"), "the oldest went first")

	busy, _ := k.claim("acme", "busy", nil)
	now = now.Add(2 * keyLife)
	_, state := k.claim("acme", "busy", nil)
	require.Equal(t, keyBusy, state, "a request under way keeps its key")
	k.settle(busy, "")
	require.Equal(t, keyFree, use("busy"))
	require.Len(t, k.by, k.order.Len())
}
