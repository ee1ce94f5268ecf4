package rest

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The OpenAPI document lists every code.
func TestDocumentListsAllCodes(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("problem.go")
	require.NoError(t, err)
	var declared []Code
	for _, found := range regexp.MustCompile(`(?m)^\tCode\w+ +Code = "(\w+)"`).FindAllSubmatch(source, -1) {
		declared = append(declared, Code(found[1]))
	}
	require.Len(t, declared, len(codes))
	require.ElementsMatch(t, declared, codes)
}
