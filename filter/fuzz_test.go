package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
)

// reads checks an expression that was read from one of the forms: it is valid, both forms convert
// it without loss, and Simplify returns a valid expression.
func reads(t *testing.T, e filter.Expr) {
	t.Helper()
	require.NoError(t, filter.Validate(e))
	s, err := filter.Format(e)
	require.NoError(t, err)
	back, err := filter.Parse(s)
	require.NoError(t, err, "%q", s)
	require.Equal(t, e, back, "%q", s)
	b, err := filter.Marshal(e)
	require.NoError(t, err)
	back, err = filter.Unmarshal(b)
	require.NoError(t, err, "%q", b)
	require.Equal(t, e, back, "%q", b)
	require.NoError(t, filter.Validate(filter.Simplify(e)))
	filter.Lint(e, env())
	lenient := env()
	lenient.Unknown = filter.UnknownIsNobody
	if bound, err := filter.Bind(e, lenient); err == nil {
		not, err := filter.Bind(filter.Not(bound), lenient)
		require.NoError(t, err)
		require.NotEqual(t, filter.Match(bound, ada), filter.Match(not, ada))
		x, err := filter.Explain(e, lenient, ada)
		require.NoError(t, err)
		require.Equal(t, filter.Match(bound, ada), x.Root.Matches)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`source:instagram tag:hot-lead -tag:customer (attr.city:"São Paulo" OR phone:+55*) created:>=2026-01-01 seen:<30d has:email ada`)
	f.Add(`tag:all(a,"b c") OR -(identity:telegram/bot/42,chat attr.n:1..2 created:30d-ago..today) OR "x\"\\"`)
	f.Add(`can:email/newsletter,sms -consent:email/newsletter=denied,pending,sms=denied (health:whatsapp=blocked)`)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := filter.Parse(s)
		if err != nil {
			var syntax *filter.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.LessOrEqual(t, syntax.Pos, len(s))
			require.NotEmpty(t, syntax.Caret(s))
			return
		}
		reads(t, e)
	})
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"version":1,"filter":{"op":"and","of":[{"op":"search","text":"ada"},{"op":"not","of":{"op":"in","field":"tag","values":["a"]}}]}}`))
	f.Add([]byte(`{"version":1,"filter":{"op":"in","field":"attr","attr":"a","values":[1,true,"x",{"date":"2026-01-01"},{"ago":"1d"},{"period":"today"}]}}`))
	f.Add([]byte(`{"version":1,"filter":{"op":"in","field":"consent","values":[{"permission":{"channel":"email","topic":"a","state":"denied"}}]}}`))
	schema := newValidator(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := filter.Unmarshal(b)
		if err != nil {
			var refused *filter.Error
			require.ErrorAs(t, err, &refused)
			return
		}
		require.True(t, schema.valid(b), "read, but refused by the schema: %s", b)
		reads(t, e)
	})
}
