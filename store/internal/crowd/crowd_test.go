package crowd_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// TestCrowd checks the distribution that benchmarks assume.
func TestCrowd(t *testing.T) {
	t.Parallel()
	const size = 10_000
	st := memory.New()
	require.NoError(t, crowd.New(size).Load(t.Context(), st, "acme"))
	env, err := crowd.EnvOf(t.Context(), st, "acme", size)
	require.NoError(t, err)
	count := func(e filter.Expr) int {
		n, err := st.CountVisitors(t.Context(), "acme", crowd.Bind(t, e, env), 0)
		require.NoError(t, err)
		return int(n)
	}
	require.Equal(t, size, count(filter.All()))
	require.Equal(t, 2, count(filter.Search("zykov")))
	require.Equal(t, size/1000, count(filter.Group.Has("VIP")))
	require.Equal(t, size/20, count(filter.Tag.Has(crowd.OldTag)))
	require.InDelta(t, size/2, count(filter.Source.Is(visitor.WhatsApp)), size/20)
	require.InDelta(t, size/16, count(filter.Source.Is(visitor.Telegram)), size/100)
	common, rare := count(filter.Tag.Has("tag 000")), count(filter.Tag.Has("tag 199"))
	require.Greater(t, common, 50*rare)
	require.NotZero(t, rare)
}
