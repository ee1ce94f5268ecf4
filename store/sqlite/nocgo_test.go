package sqlite_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// Without cgo there is no SQLite driver. The module still compiles, since a program may
// use the other stores, and the error of Open says what is missing.
func TestWithoutCgo(t *testing.T) {
	t.Parallel()
	run := func(words ...string) string {
		command := exec.CommandContext(t.Context(), "go", words...)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	require.Empty(t, run("list", "-export", `-f={{""}}`, "github.com/contactpipeline/visitors/...")) // compiles, does not link
	require.Equal(t, "open sqlite: this program was built without cgo, which the SQLite driver needs: build it with CGO_ENABLED=1 and a C compiler\n",
		run("run", "./testdata/nocgo"))
}
