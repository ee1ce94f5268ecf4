package filter_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/visitor"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

// world has random visitors and expressions.
type world struct {
	*filtergen.Generator
	visitors []visitor.Visitor
	exprs    []filter.Expr
}

// worlds runs check in random worlds. It prints the seed of a failure, to pass with -seed.
func worlds(t *testing.T, rounds int, check func(t *testing.T, w world)) {
	t.Helper()
	t.Parallel()
	for i := range uint64(rounds) {
		g := filtergen.New(*seed+i, nil)
		w := world{Generator: g, visitors: g.Visitors(60), exprs: g.Each()}
		for depth := 1; depth <= 8; depth++ {
			for range 5 {
				w.exprs = append(w.exprs, g.Expr(depth))
			}
		}
		check(t, w)
		if t.Failed() {
			t.Fatalf("seed %d", *seed+i)
		}
	}
}

func (w world) bind(t *testing.T, e filter.Expr) filter.Bound {
	t.Helper()
	b, err := filter.Bind(e, w.Env())
	require.NoError(t, err)
	return b
}

// matches returns for each visitor whether e matches.
func (w world) matches(t *testing.T, e filter.Expr) []bool {
	t.Helper()
	bound := w.bind(t, e)
	matches := make([]bool, len(w.visitors))
	for i, v := range w.visitors {
		matches[i] = filter.Match(bound, v)
	}
	return matches
}

func count(matches []bool) int {
	n := 0
	for _, m := range matches {
		if m {
			n++
		}
	}
	return n
}

func TestMatchMeansWhatTheLanguageSays(t *testing.T) {
	worlds(t, 25, func(t *testing.T, w world) {
		n := newNaive(w.Generator)
		for _, e := range w.exprs {
			for i, got := range w.matches(t, e) {
				if want := n.match(e, w.visitors[i]); got != want {
					s, _ := filter.Format(e)
					t.Errorf("%s\nmatches: %v, want %v\n%+v", s, got, want, w.visitors[i])
					return
				}
			}
		}
	})
}

func TestNotIsTheComplement(t *testing.T) {
	worlds(t, 5, func(t *testing.T, w world) {
		all := count(w.matches(t, filter.All()))
		require.Equal(t, len(w.visitors), all)
		require.Zero(t, count(w.matches(t, filter.None())))
		for _, e := range w.exprs {
			got := w.matches(t, e)
			require.Equal(t, all, count(got)+count(w.matches(t, filter.Not(e))), "%#v", e)
			require.Equal(t, got, w.matches(t, filter.Not(filter.Not(e))), "%#v", e)
		}
	})
}

func TestAndOrObeyTheLaws(t *testing.T) {
	worlds(t, 5, func(t *testing.T, w world) {
		for i := range w.exprs {
			a, b, c := w.exprs[i], w.exprs[(i+7)%len(w.exprs)], w.exprs[(i+31)%len(w.exprs)]
			for _, law := range []struct {
				name        string
				left, right filter.Expr
			}{
				{"and commutes", filter.And(a, b), filter.And(b, a)},
				{"or commutes", filter.Or(a, b), filter.Or(b, a)},
				{"and associates", filter.And(a, filter.And(b, c)), filter.And(filter.And(a, b), c)},
				{"or associates", filter.Or(a, filter.Or(b, c)), filter.Or(filter.Or(a, b), c)},
				{"and distributes", filter.And(a, filter.Or(b, c)), filter.Or(filter.And(a, b), filter.And(a, c))},
				{"or distributes", filter.Or(a, filter.And(b, c)), filter.And(filter.Or(a, b), filter.Or(a, c))},
				{"De Morgan", filter.Not(filter.And(a, b)), filter.Or(filter.Not(a), filter.Not(b))},
				{"De Morgan", filter.Not(filter.Or(a, b)), filter.And(filter.Not(a), filter.Not(b))},
				{"absorption", filter.And(a, filter.Or(a, b)), a},
				{"excluded middle", filter.Or(a, filter.Not(a)), filter.All()},
				{"contradiction", filter.And(a, filter.Not(a)), filter.None()},
			} {
				require.Equal(t, w.matches(t, law.left), w.matches(t, law.right), "%s: %#v, %#v, %#v", law.name, a, b, c)
			}
		}
	})
}

func TestSimplifyMeansTheSame(t *testing.T) {
	worlds(t, 15, func(t *testing.T, w world) {
		for _, e := range w.exprs {
			small := filter.Simplify(e)
			require.NoError(t, filter.Validate(small))
			require.LessOrEqual(t, size(small), size(e))
			require.Equal(t, small, filter.Simplify(small), "twice: %#v", e)
			for _, zone := range []*time.Location{w.Env().Zone, time.FixedZone("+14", 14*3600), time.FixedZone("-14", -14*3600)} {
				env := w.Env()
				if zone != env.Zone {
					env.Zone, env.Now = zone, env.Now.AddDate(0, 1, 13)
				}
				before, err := filter.Bind(e, env)
				require.NoError(t, err)
				after, err := filter.Bind(small, env)
				require.NoError(t, err)
				for _, v := range w.visitors {
					if filter.Match(before, v) != filter.Match(after, v) {
						t.Errorf("%#v\nbecame\n%#v\nfor\n%#v", e, small, v)
						return
					}
				}
			}
		}
	})
}

// size counts the nodes of an expression.
func size(e filter.Expr) int {
	n := 1
	switch e := e.(type) {
	case filter.AndExpr:
		for _, child := range e.Of {
			n += size(child)
		}
	case filter.OrExpr:
		for _, child := range e.Of {
			n += size(child)
		}
	case filter.NotExpr:
		n += size(e.Of)
	}
	return n
}

func TestFormsKeepTheExpression(t *testing.T) {
	worlds(t, 20, func(t *testing.T, w world) {
		for _, e := range w.exprs {
			s, err := filter.Format(e)
			require.NoError(t, err)
			back, err := filter.Parse(s)
			require.NoError(t, err, s)
			require.Equal(t, e, back, s)

			b, err := filter.Marshal(e)
			require.NoError(t, err)
			back, err = filter.Unmarshal(b)
			require.NoError(t, err, string(b))
			require.Equal(t, e, back, string(b))
		}
	})
}

func TestResolveMeansTheSame(t *testing.T) {
	worlds(t, 5, func(t *testing.T, w world) {
		for _, e := range w.exprs {
			resolved, err := filter.Resolve(e, w.Env())
			require.NoError(t, err)
			refs := filter.References(resolved)
			require.Empty(t, refs.Tags)
			require.Empty(t, refs.Groups)
			require.Equal(t, w.matches(t, e), w.matches(t, resolved))
		}
	})
}

func TestExplainAgreesWithMatch(t *testing.T) {
	worlds(t, 5, func(t *testing.T, w world) {
		for _, e := range w.exprs {
			for i, want := range w.matches(t, e)[:10] {
				for _, form := range []filter.Expr{e, w.bind(t, e)} {
					x, err := filter.Explain(form, w.Env(), w.visitors[i])
					require.NoError(t, err)
					require.Equal(t, want, x.Matches)
					require.Equal(t, want, x.Root.Matches, "%#v\n%s", e, x)
					require.NotEmpty(t, x.String())
				}
			}
		}
	})
}
