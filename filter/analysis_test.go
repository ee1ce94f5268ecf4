package filter_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

func TestSimplify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`tag:a`, `tag:a`},
		{`--tag:a`, `tag:a`},
		{`-is:nobody`, `is:everyone`},
		{`AND tag:a`, `tag:a`},
		{`(tag:a (tag:b source:chat)) has:email`, `tag:all(a,b) source:chat has:email`},
		{`tag:a OR (tag:b OR tag:c)`, `tag:a,b,c`},
		{`tag:a,a,b`, `tag:a,b`},
		{`tag:all(a)`, `tag:a`},
		{`tag:a tag:A`, `tag:a`},
		{`tag:a tag:a,b`, `tag:a`},
		{`tag:a OR (tag:a source:chat)`, `tag:a`},
		{`tag:a (tag:a OR source:chat)`, `tag:a`},
		{`tag:a -tag:a`, `is:nobody`},
		{`tag:a OR -tag:a`, `is:everyone`},
		{`tag:a is:everyone`, `tag:a`},
		{`tag:a is:nobody`, `is:nobody`},
		{`tag:a OR is:everyone`, `is:everyone`},
		{`tag:a OR is:nobody`, `tag:a`},
		{`-(-tag:a AND -source:chat)`, `tag:a OR source:chat`},
		{`-(-tag:a OR -source:chat)`, `tag:a source:chat`},
		{`-tag:a -tag:b`, `-tag:a,b`},
		{`-tag:a OR -tag:b`, `-tag:all(a,b)`},
		{`has:tag tag:a`, `tag:a`},
		{`has:tag OR tag:a`, `has:tag`},
		{`has:group group:a`, `has:group group:a`},                     // a member by rule may have been added to no group by hand
		{`source:chat source:telegram`, `source:chat source:telegram`}, // one can be the label of the other
		{`name:ada name:bob`, `is:nobody`},
		{`name:ada name:a*`, `name:ada`},
		{`name:ada name:b*`, `is:nobody`},
		{`name:ada* name:a*`, `name:ada*`},
		{`name:ada* OR name:*d*`, `name:*d*`},
		{`name:*ada name:*bob`, `is:nobody`},
		{`attr.x:ada attr.x:bob`, `attr.x:ada attr.x:bob`}, // it can be a list
		{`attr.x:1 attr.x:"1"`, `is:nobody`},
		{`attr.x:>1 attr.x:>2`, `attr.x:>2`},
		{`attr.x:<1 attr.x:>2`, `is:nobody`},
		{`attr.x:true attr.x:false`, `is:nobody`},
		{`created:>=2026-01-01 created:>=2026-02-01`, `created:>=2026-02-01`},
		{`created:<2026-01-01 created:>=2026-01-01`, `is:nobody`},
		{`created:<2026-01-01 OR created:>=2026-01-01`, `created:<2026-01-01 OR created:>=2026-01-01`},
		{`created:>=2026-01-01 created:>=2026-01-02T00:00:00Z`, `created:>=2026-01-01 created:>=2026-01-02T00:00:00Z`}, // it depends on the time zone
		{`seen:<30d seen:<7d`, `seen:<7d`},
		{`seen:<7d seen:>30d`, `is:nobody`},
		{`seen:<7d seen:>7d`, `is:nobody`},
		{`seen:today seen:this-month`, `seen:today seen:this-month`},
		{`seen:today seen:today`, `seen:today`},
		{`seen:today OR -seen:today`, `is:everyone`},
		{`inbox:a,A,a inbox:a`, `inbox:a`},
		{`identity:telegram identity:telegram/42`, `identity:telegram/42`},
		{`ada "ada lovelace"`, `ada lovelace`},
		{`ada AND "lovelace ada"`, `lovelace ada`},
		{`phone:+55* phone:+5511*`, `phone:+5511*`},
	} {
		e, err := filter.Parse(c.text)
		require.NoError(t, err, c.text)
		s, err := filter.Format(filter.Simplify(e))
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, s, c.text)
	}
	require.Equal(t, filter.And(), filter.Simplify(filter.And()), "an invalid expression is returned unchanged")
}

// TestSimplifyWorksOnAdversaries passes deep lists of similar parts, for which a comparison of all
// parts with each other would take too long.
func TestSimplifyWorksOnAdversaries(t *testing.T) {
	t.Parallel()
	var tree func(depth int, and bool) filter.Expr
	tree = func(depth int, and bool) filter.Expr {
		if depth == 1 {
			return filter.Name.Contains("x")
		}
		of := []filter.Expr{filter.Attr("a").Greater(float64(depth)), tree(depth-1, !and), tree(depth-1, !and)}
		if depth > 5 {
			of = of[:2]
		}
		if and {
			return filter.And(of...)
		}
		return filter.Or(of...)
	}
	e := filter.And(tree(14, false), tree(14, false), filter.Not(tree(13, true)))
	require.NoError(t, filter.Validate(e))
	filter.Simplify(e)
	filter.Lint(e, nil)
	_, err := filter.Bind(e, nil)
	require.NoError(t, err)
}

func TestLint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{`source:chat tag:vip (has:email OR has:phone) -group:team`, nil},
		{`source:chat source:telegram`, []string{`contradiction /filter/of/1 and[1]: cannot match together with and[0]`}},
		{`source:chat OR source:telegram`, nil},
		{`tag:vip has:email -tag:VIP`, []string{`contradiction /filter/of/2 and[2]: cannot match together with and[0]`}},
		{`tag:vip OR -tag:vip`, []string{`tautology /filter/of/1 or[1]: matches every visitor together with or[0]`}},
		{`has:tag tag:vip`, []string{`shadowed /filter/of/0 and[0]: changes nothing: and[1] is stricter`}},
		{`created:>=2026-01-01 created:>=2025-01-01`, []string{`shadowed /filter/of/1 and[1]: changes nothing: and[0] is as strict or stricter`}},
		{`name:ada* OR name:a*`, []string{`shadowed /filter/of/0 or[0]: changes nothing: or[1] matches more`}},
		{`name:a* OR name:ada*`, []string{`shadowed /filter/of/1 or[1]: changes nothing: or[0] matches as many or more`}},
		{`(source:chat OR source:telegram) source:chat`, []string{
			`tautology /filter/of/0/of/0 and[0].or[0]: always matches here: another condition asks for it`,
			`shadowed /filter/of/0/of/1 and[0].or[1]: never matches here: another condition rules it out`,
			`shadowed /filter/of/0 and[0]: changes nothing: and[1] is stricter`,
		}},
		{`seen:today..yesterday`, []string{`contradiction /filter seen: matches no visitor: the range is empty`}},
		{`attr.n:2..1`, []string{`contradiction /filter attr: matches no visitor: the range is empty`}},
		{`seen:<7d seen:>30d`, []string{`contradiction /filter/of/1 and[1]: cannot match together with and[0]`}},
		{`-(has:name)`, []string{`tautology /filter/of not.name: matches every visitor: none lacks it`}},
		{`tag:vpi OR group:nowhere`, []string{
			`unknown /filter/of/0/values/0 or[0].tag: filter: unknown tag "vpi"; did you mean "VIP"?`,
			`unknown /filter/of/1/values/0 or[1].group: filter: unknown group "nowhere"`,
		}},
		{`source:carrier-pigeon`, []string{`invalid /filter/values/0 source: source unknown; known are instagram, whatsapp, chat, messenger, telegram`}},
		{`attr.n:"1"`, []string{`mismatch /filter/values/0 attr: a text that looks like a number matches texts only`}},
		{`attr.n:>1 -attr.n:x`, []string{
			`mismatch /filter/of/1/of/values/0 and[1].not.attr: a text, where attr.n is compared as a number elsewhere`,
			`shadowed /filter/of/1 and[1]: changes nothing: and[0] is as strict or stricter`,
		}},
	} {
		e, err := filter.Parse(c.text)
		require.NoError(t, err, c.text)
		var got []string
		for _, w := range filter.Lint(e, env()) {
			got = append(got, string(w.Issue)+" "+w.Pointer+" "+w.String())
		}
		require.Equal(t, c.want, got, c.text)
	}
	require.Equal(t, []filter.Warning{{Issue: filter.IssueInvalid, Path: "and", Pointer: "/filter/of", Message: "empty: write all or none"}}, filter.Lint(filter.And(), nil))
}

// TestLintIsRight compares warnings with Match: a contradiction matches no visitor, and without a
// shadowed condition the same visitors match.
func TestLintIsRight(t *testing.T) {
	worlds(t, 10, func(t *testing.T, w world) {
		for i, a := range w.exprs {
			b := w.exprs[(i*7+3)%len(w.exprs)]
			for _, warning := range filter.Lint(filter.And(a, b), w.Env()) {
				if warning.Pointer != "/filter/of/1" && warning.Pointer != "/filter/of/0" {
					continue
				}
				both := w.matches(t, filter.And(a, b))
				switch warning.Issue {
				case filter.IssueContradiction:
					if warning.Path == "and[1]" {
						require.Zero(t, count(both), "%#v %#v", a, b)
					}
				case filter.IssueShadowed:
					left := map[string]filter.Expr{"and[0]": b, "and[1]": a}[warning.Path]
					require.Equal(t, w.matches(t, left), both, "%s: %#v %#v", warning, a, b)
				}
			}
		}
	})
}

func TestExplain(t *testing.T) {
	t.Parallel()
	e, err := filter.Parse(`source:telegram -tag:vip (seen:<7d OR attr.city:berlin OR (has:phone email:*@example.org)) group:"Telegram people" lovelace`)
	require.NoError(t, err)
	x, err := filter.Explain(e, env(), ada)
	require.NoError(t, err)
	require.False(t, x.Matches)
	require.Equal(t, `✗ and
  ✓ source:telegram — saw telegram
  ✗ not
    ✓ tag:vip — saw VIP ← would have to change
  ✗ or
    ✗ seen:<7d — saw 2026-02-13T12:00:00Z in [2026-03-08T12:00:00Z, …) ← would have to change
    ✗ attr.city:berlin — saw São Paulo
    ✗ and
      ✓ has:phone — saw +5511987654321
      ✗ email:*@example.org — saw Ada.L@Example.com
  ✓ group:"Telegram people"
    ✗ added by hand — saw `+string(teamID)+`
    ✓ by rule
      ✓ source:telegram — saw telegram
      ✓ not
        ✗ removed by hand — saw nothing
  ✓ lovelace — saw Ada Lovelace-Ödegård, Ada.L@Example.com, +5511987654321`, x.String())

	b, err := json.Marshal(x)
	require.NoError(t, err)
	var back filter.Explanation
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, x, back)
	require.Contains(t, string(b), `{"text":"seen:\u003c7d","matches":false,"actual":["2026-02-13T12:00:00Z"],"windows":[{"from":"2026-03-08T12:00:00Z"}],"change":true}`)
}

func TestExplainWhatCannotMatch(t *testing.T) {
	t.Parallel()
	x, err := filter.Explain(filter.And(filter.Email.Exists(), filter.None()), nil, empty)
	require.NoError(t, err)
	require.Equal(t, "✗ and\n  ✗ has:email — saw nothing\n  ✗ is:nobody — for every visitor", x.String(), "no change makes it match")

	_, err = filter.Explain(filter.And(), nil, empty)
	require.ErrorIs(t, err, visitor.ErrInvalid)
	_, err = filter.Explain(filter.Tag.Has("nope"), nil, empty)
	require.ErrorIs(t, err, visitor.ErrInvalid)
}

func TestExplainABoundExpression(t *testing.T) {
	t.Parallel()
	bound, err := filter.Bind(filter.Or(
		filter.Not(filter.Tag.Has("vip")), filter.Search("bob"), filter.Attr("score").Less(7), filter.Identity.On(visitor.Chat),
		filter.UpdatedAt.Before(now.Add(-48*time.Hour)),
	), env())
	require.NoError(t, err)
	x, err := filter.Explain(bound, nil, ada)
	require.NoError(t, err)
	require.Equal(t, `✗ or
  ✗ not
    ✓ tag in 01900000-0000-7000-8000-000000000001 — saw VIP ← would have to change
  ✗ search bob — saw Ada Lovelace-Ödegård, Ada.L@Example.com, +5511987654321
  ✗ attr.score between [-Inf, 6.999999999999999] — saw 42
  ✗ identity in chat — saw telegram/bot-1/42
  ✗ updated between […, 2026-03-13T12:00:00Z) — saw 2026-03-14T23:59:59.999999Z in […, 2026-03-13T12:00:00Z)`, x.String())
}

// TestExplainMarksTheFewest compares the marks with the smallest set of conditions, found by trying
// all of them.
func TestExplainMarksTheFewest(t *testing.T) {
	worlds(t, 3, func(t *testing.T, w world) {
		for range 60 {
			e := w.Expr(4)
			if refs := filter.References(e); len(refs.Groups)+len(refs.GroupIDs) > 0 {
				continue // a group with a rule has its own text, which evaluate does not know
			}
			for _, v := range w.visitors[:5] {
				x, err := filter.Explain(e, w.Env(), v)
				require.NoError(t, err)
				var leaves []*filter.Verdict
				collect(&x.Root, &leaves)
				if len(leaves) > 10 {
					continue
				}
				marked, fewest := 0, len(leaves)+1
				for _, leaf := range leaves {
					if leaf.Change {
						marked++
					}
				}
				for set := range 1 << len(leaves) {
					turned, size := turn(leaves, set)
					if turned && evaluate(x.Root) {
						fewest = min(fewest, size)
					}
					turn(leaves, set)
				}
				if fewest > len(leaves) {
					fewest = 0 // no set makes it match
				}
				require.Equal(t, fewest, marked, "%s", x)
			}
		}
	})
}

func collect(v *filter.Verdict, leaves *[]*filter.Verdict) {
	if len(v.Children) == 0 {
		*leaves = append(*leaves, v)
	}
	for i := range v.Children {
		collect(&v.Children[i], leaves)
	}
}

// turn inverts the results of the leaves in the set. It reports false if one of them is constant.
func turn(leaves []*filter.Verdict, set int) (possible bool, size int) {
	possible = true
	for i, leaf := range leaves {
		if set>>i&1 == 1 {
			size++
			leaf.Matches = !leaf.Matches
			possible = possible && !leaf.Constant
		}
	}
	return possible, size
}

func evaluate(v filter.Verdict) bool {
	if len(v.Children) == 0 {
		return v.Matches
	}
	matching := 0
	for _, child := range v.Children {
		if evaluate(child) {
			matching++
		}
	}
	switch v.Text {
	case "and":
		return matching == len(v.Children)
	case "or":
		return matching > 0
	}
	return matching == 0
}
