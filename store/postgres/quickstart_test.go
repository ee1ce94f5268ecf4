package postgres_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/pgtest"
)

// TestQuickstart runs the example as README says.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t, nil)
	for _, nth := range []string{"first", "second"} {
		said, err := exec.CommandContext(t.Context(), "go", "run", "../../examples/quickstart", "-postgres", dsn).CombinedOutput()
		require.NoError(t, err, "%s run: %s", nth, said)
		require.Contains(t, string(said), "The visitors are in the Postgres database.")
	}
	require.Greater(t, ask[int64](t, dsn, "SELECT count(*) FROM visitors_visitor"), int64(10))
}
