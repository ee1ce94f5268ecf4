package visitor_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
)

func TestAlikeNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b   string
		reason visitor.MatchCode // "" for none
	}{
		{"Ada Lovelace", "LOVELACE, Ada", visitor.SameName},
		{"Ada", "ada", visitor.SameName},
		{"Ada", "Adam", ""}, // single words are never similar
		{"Bob Hope", "Bob Hops", visitor.SimilarName},
		{"Bob Hope", "Hops Bob", visitor.SimilarName},
		{"Bob Hope", "Obb Hope", visitor.SimilarName}, // two letters swapped
		{"Bob Hope", "Bob Ho", ""},
		{"Katherine Johnson", "Catherine Jonson", visitor.SimilarName}, // 2 of 16
		{"Katherine Johnson", "Catherin Jonson", ""},
		{"Bob Hope", "Bob T. Hope", ""},
		{"..", "..", ""},
		// Folding makes 18 characters of one; names of thousands of letters are not compared.
		{strings.Repeat("ﷺ", 198) + " a", strings.Repeat("ﷺ", 198) + " b", ""},
	} {
		for _, names := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			_, reasons := visitor.Similarity(visitor.Visitor{Name: names[0]}, visitor.Visitor{Name: names[1]})
			if c.reason == "" {
				require.Empty(t, reasons, "%v", names)
				continue
			}
			require.Len(t, reasons, 1, "%v", names)
			require.Equal(t, c.reason, reasons[0].Reason, "%v", names)
		}
	}
}
