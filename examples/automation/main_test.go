package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `1. Ada was created with the tag hot-lead: group.entered by change and group.entered by change
   the workflow gave her the tag to-call
2. She is no hot lead any more: group.left by change
   the workflow removed the tag
3. Eight days later: group.left by clock
   the workflow gave her the tag win-back
`, out.String())
}
