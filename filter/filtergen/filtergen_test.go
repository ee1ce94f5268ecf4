package filtergen_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/visitor"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func ExampleGenerator() {
	g := filtergen.New(1, nil)
	visitors := g.Visitors(1000)
	bound, err := filter.Bind(filter.Not(filter.Email.Exists()), g.Env())
	if err != nil {
		fmt.Println(err)
	}
	n := 0
	for _, v := range visitors {
		if filter.Match(bound, v) {
			n++
		}
	}
	fmt.Println(n > 100 && n < 900)
	// Output: true
}

func TestSameSeedSameResults(t *testing.T) {
	t.Parallel()
	a, b := filtergen.New(*seed, nil), filtergen.New(*seed, nil)
	require.Equal(t, a.Visitors(200), b.Visitors(200), "seed %d", *seed)
	require.Equal(t, a.Expr(5), b.Expr(5), "seed %d", *seed)
	require.Equal(t, a.Each(), b.Each(), "seed %d", *seed)
	require.NotEqual(t, a.Visitors(50), filtergen.New(*seed+1, nil).Visitors(50), "seed %d", *seed)
}

func TestDraftCreatesTheVisitor(t *testing.T) {
	t.Parallel()
	g := filtergen.New(*seed, nil)
	for _, v := range g.Visitors(500) {
		d, err := visitor.Rules{}.Draft(filtergen.Draft(v), g.Now())
		require.NoError(t, err, "seed %d", *seed)
		require.Equal(t, filtergen.Draft(v), d, "seed %d", *seed)
		at, ok := v.ID.Time()
		require.True(t, ok && at.Equal(v.CreatedAt), "seed %d", *seed)
	}
}

func TestExpressionsBind(t *testing.T) {
	t.Parallel()
	for i := range uint64(50) {
		g := filtergen.New(*seed+i, nil)
		for depth := 1; depth <= filter.MaxDepth; depth++ {
			for range 10 {
				e := g.Expr(depth)
				_, err := filter.Bind(e, g.Env())
				require.NoError(t, err, "seed %d: %#v", *seed+i, e)
			}
		}
	}
}

// TestConditionsHit checks that the random conditions of every field, operator and kind of operand
// match some visitors, but not all: a comparison of two stores that always return no visitor would
// prove nothing.
func TestConditionsHit(t *testing.T) {
	t.Parallel()
	hit, missed := map[string]bool{}, map[string]bool{}
	for i := range uint64(200) { // with 60, one run in some hundred had no match of a rare kind
		g := filtergen.New(*seed+i, nil)
		visitors := g.Visitors(150)
		for _, e := range g.Each() {
			name := fmt.Sprintf("%T", e)
			if c, ok := e.(filter.Condition); ok {
				name = c.Field + " " + string(c.Op)
				if len(c.Values) > 0 {
					name += " " + string(c.Values[0].Kind)
				}
			}
			bound, err := filter.Bind(e, g.Env())
			require.NoError(t, err, "seed %d", *seed+i)
			for _, v := range visitors {
				if filter.Match(bound, v) {
					hit[name] = true
				} else {
					missed[name] = true
				}
			}
		}
	}
	for _, f := range filter.Fields() {
		for _, op := range f.Ops {
			kinds := f.Operands(op)
			if len(kinds) == 0 {
				kinds = []filter.ValueKind{""}
			}
			for _, kind := range kinds {
				name := strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Name, op, kind))
				require.True(t, hit[name], "seed %d: %q matched nobody", *seed, name)
				always := op == filter.OpExists && slices.Contains([]string{"name", "created", "updated"}, f.Name)
				require.Equal(t, !always, missed[name], "seed %d: %q matched everybody", *seed, name)
			}
		}
	}
}

func TestGivenTagsAndGroups(t *testing.T) {
	t.Parallel()
	from := filtergen.New(*seed, nil)
	tags, groups := from.Tags()[:2], from.Groups()[:1]
	g := filtergen.New(*seed, &filtergen.Options{Tags: tags, Groups: groups, Now: from.Now(), Zone: time.UTC})
	require.Equal(t, from.Now(), g.Now())
	require.Len(t, g.Env().Tags, 2)
	for _, v := range g.Visitors(200) {
		for _, a := range v.Tags {
			require.Contains(t, []any{tags[0].ID, tags[1].ID}, a.Tag)
		}
		for _, id := range v.Groups() {
			require.Equal(t, groups[0].ID, id)
		}
	}
}
