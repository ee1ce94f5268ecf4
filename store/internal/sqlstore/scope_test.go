package sqlstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sources parses the package's own files.
func sources(t *testing.T) map[string]*ast.File {
	names, err := fs.Glob(os.DirFS("."), "*.go")
	require.NoError(t, err)
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
	}
	require.Contains(t, files, "scope.go")
	return files
}

// TestStatementsStartInScope parses the package: only scope.go starts statements, and only
// session.go and migrate.go use control, for transactions and the schema.
func TestStatementsStartInScope(t *testing.T) {
	t.Parallel()
	builder := regexp.MustCompile(`^(Select|Insert|Update|Delete|Replace|StatementBuilder|Case)$`)
	call := regexp.MustCompile(`^(Exec|Query|QueryRow|Prepare)(Context)?$`)
	for name, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				of, _ := n.X.(*ast.Ident)
				started := of != nil && of.Name == "sq" && builder.MatchString(n.Sel.Name) || call.MatchString(n.Sel.Name)
				require.False(t, started && name != "scope.go", "%s starts a statement by %s", name, n.Sel.Name)
			case *ast.CallExpr:
				of, _ := n.Fun.(*ast.Ident)
				free := of != nil && strings.HasPrefix(of.Name, "control")
				require.False(t, free && name != "session.go" && name != "migrate.go" && name != "scope.go", "%s runs a statement that is not scoped", name)
			}
			return true
		})
	}
}

// TestStatementsNameTheWorkspace parses the constant statements: each on a table with rows of
// workspaces binds or inserts the workspace.
func TestStatementsNameTheWorkspace(t *testing.T) {
	t.Parallel()
	verb := regexp.MustCompile(`^(SELECT|INSERT INTO|UPDATE|DELETE FROM) `)
	seen := 0
	for name, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			sum, ok := n.(*ast.BinaryExpr)
			if !ok || sum.Op != token.ADD {
				return true
			}
			text := spelled(sum)
			if !verb.MatchString(text) || regexp.MustCompile(`<(TextTable|ScratchTable|schemaTable|keyTable)>`).MatchString(text) {
				return false
			}
			seen++
			named := strings.Contains(text, "ws = ?") || strings.Contains(text, "ws = $1") || strings.Contains(text, "(ws, ") ||
				strings.Contains(text, "<workspaceTable>") && (strings.Contains(text, "name = ?") || strings.Contains(text, "(name, "))
			require.True(t, named, "%s: a statement without the workspace: %s", name, text)
			return false
		})
	}
	require.Greater(t, seen, 12, "the test looks in the wrong place")
}

// spelled returns the text of a concatenation, with <name> for constants.
func spelled(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return spelled(e.X) + spelled(e.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.Ident:
		return "<" + e.Name + ">"
	}
	return "<?>"
}
