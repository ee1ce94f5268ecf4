package filter_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/tag"
)

// TestConditionsOnOneFieldAreOneTest checks the tests that expressions are bound to.
func TestConditionsOnOneFieldAreOneTest(t *testing.T) {
	t.Parallel()
	env := &filter.Env{Now: now, Tags: map[string]tag.ID{}}
	for i := range 4 {
		env.Tags[number(i)] = tag.ID(fmt.Sprintf("01900000-0000-7000-8000-%012d", i))
	}
	for text, want := range map[string]string{
		`tag:n1 tag:n2`:                            `tag all 1,2`,
		`tag:all(n2,n1,n1) tag:n3 tag:n1`:          `tag all 1,2,3`,
		`tag:n1 tag:n1`:                            `tag in 1`,
		`tag:n1 OR tag:n2 OR tag:n1,n3`:            `tag in 1,2,3`,
		`-tag:n1 -tag:n2`:                          `not tag in 1,2`,
		`-tag:n1 OR -tag:n2`:                       `not tag all 1,2`,
		`tag:n1 OR tag:all(n2,n3)`:                 `tag in 1 | tag all 2,3`,
		`tag:n1,n2 tag:n3`:                         `tag in 1,2 & tag in 3`,
		`attr.a:1 OR attr.a:3,2`:                   `a between [1,1] [2,2] [3,3]`,
		`attr.a:>=1 attr.a:<=5`:                    `a between [1,5]`,
		`attr.a:1..3 OR attr.a:2..5`:               `a between [1,5]`,
		`attr.a:1..2 attr.a:3..4`:                  `nobody`,
		`-attr.a:1 -attr.a:2`:                      `not a between [1,1] [2,2]`,
		`attr.a:1 OR attr.a:x`:                     `a between [1,1] | a in x`,
		`attr.t:*y* OR attr.t:*x*`:                 `t contains x,y`,
		`attr.t:*y* attr.t:*x*`:                    `t contains y & t contains x`,
		`attr.t:*x* OR attr.t:x*`:                  `t contains x`,
		`name:x* OR name:y* OR email:z*`:           `name prefix x,y | email prefix z`,
		`created:2026-01-01..2026-01-02`:           `created between [1767225600000000,1767398399999999]`,
		`created:2026-01-01,2026-01-02`:            `created between [1767225600000000,1767398399999999]`,
		`created:>=2026-01-01 created:<2026-01-02`: `created between [1767225600000000,1767311999999999]`,
		`inbox:b OR inbox:a,B`:                     `inbox in B,a,b`,
		`identity:chat/2 OR identity:chat,chat/2`:  `identity in chat, chat/2`,
		`"ada" "bob" "ada"`:                        `search ada bob`,
	} {
		e, err := filter.Parse(text)
		require.NoError(t, err, text)
		bound, err := filter.Bind(e, env)
		require.NoError(t, err, text)
		require.Equal(t, want, spelled(bound.Node()), text)
	}
}

func spelled(n bound.Node) string {
	list := func(nodes []bound.Node, operator string) string {
		parts := make([]string, len(nodes))
		for i, n := range nodes {
			parts[i] = spelled(n)
		}
		return strings.Join(parts, operator)
	}
	switch n := n.(type) {
	case bound.Constant:
		return map[bool]string{true: "everyone", false: "nobody"}[bool(n)]
	case bound.AllOf:
		return list(n, " & ")
	case bound.AnyOf:
		return list(n, " | ")
	case bound.Negation:
		return "not " + spelled(n.Of)
	case bound.Terms:
		words := "search"
		for _, t := range n {
			words += " " + t.Text
		}
		return words
	}
	test := n.(*bound.Test)
	name := test.Field.Name
	if test.Attr != "" {
		name = test.Attr
	}
	var operands []string
	for _, text := range test.Texts {
		operands = append(operands, strings.TrimPrefix(text, "01900000-0000-7000-8000-00000000000"))
	}
	if len(operands) > 0 {
		operands = []string{strings.Join(operands, ",")}
	}
	for _, r := range test.Times {
		operands = append(operands, fmt.Sprintf("[%d,%d]", r.Min, r.Max))
	}
	for _, r := range test.Numbers {
		operands = append(operands, fmt.Sprintf("[%v,%v]", r.Min, r.Max))
	}
	var refs []string
	for _, ref := range test.Refs {
		refs = append(refs, strings.TrimSuffix(string(ref.Source)+"/"+ref.ExternalID, "/"))
	}
	if len(refs) > 0 {
		operands = append(operands, strings.Join(refs, ", "))
	}
	return name + " " + string(test.Op) + " " + strings.Join(operands, " ")
}

// TestJoinedTestsMeanTheSame joins many random conditions, many of them on the same field.
func TestJoinedTestsMeanTheSame(t *testing.T) {
	worlds(t, 10, func(t *testing.T, w world) {
		n, random := newNaive(w.Generator), rand.New(rand.NewPCG(*seed, 1))
		for range 20 {
			of := make([]filter.Expr, 2+random.IntN(60))
			for i := range of {
				if of[i] = w.exprs[random.IntN(len(w.exprs))]; random.IntN(3) == 0 {
					of[i] = filter.Not(of[i])
				}
			}
			for _, e := range []filter.Expr{filter.Or(of...), filter.And(of[:2]...), filter.Not(filter.Or(of...)), filter.And(filter.Not(of[0]), filter.Not(of[1]))} {
				if filter.Validate(e) != nil {
					continue
				}
				for i, got := range w.matches(t, e) {
					require.Equal(t, n.match(e, w.visitors[i]), got, "%#v", e)
				}
			}
		}
	})
}
