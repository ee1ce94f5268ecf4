package sqlstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
)

// TestEveryKindOfEventHasANumber parses the constants of driver: an event of a kind without a
// number could be written, but not read.
func TestEveryKindOfEventHasANumber(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../../driver/event.go", nil, 0)
	require.NoError(t, err)
	var constants []driver.EventKind
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if of, _ := spec.Type.(*ast.Ident); of != nil && of.Name == "EventKind" {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				constants = append(constants, driver.EventKind(text))
			}
		}
		return true
	})
	require.ElementsMatch(t, kinds[1:], constants)
}
