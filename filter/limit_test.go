package filter_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func nested(depth int) filter.Expr {
	e := filter.Search("x")
	for range depth - 1 {
		e = filter.Not(e)
	}
	return e
}

func repeated[T any](n int, of func(i int) T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = of(i)
	}
	return list
}

func number(i int) string { return fmt.Sprint("n", i) }

// TestLimits has, for each limit, the largest expression and one that is too large.
func TestLimits(t *testing.T) {
	t.Parallel()
	leaf := func(int) filter.Expr { return filter.Name.Is("x") }
	long := strings.Repeat("x", filter.MaxText)
	lists := func(n int) []filter.Expr {
		return repeated(n, func(int) filter.Expr { return filter.Name.In(repeated(512, number)...) })
	}
	for _, c := range []struct {
		name       string
		at, beyond filter.Expr
		reason     string
	}{
		{"depth", nested(filter.MaxDepth), nested(filter.MaxDepth + 1), "nested deeper than 16"},
		{"nodes", filter.And(repeated(filter.MaxNodes-1, leaf)...), filter.And(repeated(filter.MaxNodes, leaf)...), "more than 256 conditions"},
		{"list", filter.Name.In(repeated(filter.MaxList, number)...), filter.Name.In(repeated(filter.MaxList+1, number)...), "more than 1000 values"},
		{"text", filter.Name.Is(long), filter.Name.Is(long + "x"), "longer than 512 bytes"},
		{"search", filter.Search(long), filter.Search(long + "x"), "longer than 512 bytes"},
		{"values", filter.Or(lists(8)...), filter.Or(lists(9)...), "more than 4096 values in all"},
		{"size", filter.Name.In(repeated(1000, func(int) string { return long })...),
			filter.And(filter.Name.In(repeated(1000, func(int) string { return long })...), filter.Email.In(repeated(100, func(int) string { return long })...)),
			"bytes of operands"},
		{"age", filter.LastSeenAt.Within(200 * 365 * 24 * time.Hour), filter.LastSeenAt.Within(200*365*24*time.Hour + 1), "an age outside"},
	} {
		require.NoError(t, filter.Validate(c.at), c.name)
		err := filter.Validate(c.beyond)
		require.ErrorContains(t, err, c.reason, c.name)
		require.ErrorIs(t, err, visitor.ErrInvalid, c.name)

		s, err := filter.Format(c.at)
		require.NoError(t, err, c.name)
		require.LessOrEqual(t, len(s), filter.MaxForm)
		back, err := filter.Parse(s)
		require.NoError(t, err, c.name)
		require.Equal(t, c.at, back, c.name)

		b, err := filter.Marshal(c.at)
		require.NoError(t, err, c.name)
		require.LessOrEqual(t, len(b), filter.MaxForm)
		back, err = filter.Unmarshal(b)
		require.NoError(t, err, c.name)
		require.Equal(t, c.at, back, c.name)
	}
}

// TestLargestForm checks that the forms of a valid expression are never too large to read, with as many
// values as possible and the characters whose escapes are longest.
func TestLargestForm(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("\x01", filter.MaxSize/filter.MaxValues-1) + "x"
	e := filter.Or(repeated(5, func(i int) filter.Expr {
		return filter.Attr("a").In(repeated(filter.MaxValues/5, func(int) string { return text })...)
	})...)
	b, err := filter.Marshal(e)
	require.NoError(t, err)
	require.Greater(t, len(b), 3_000_000)
	back, err := filter.Unmarshal(b)
	require.NoError(t, err)
	require.Equal(t, e, back)
}

func TestLimitOfABoundTree(t *testing.T) {
	t.Parallel()
	words := strings.Join(repeated(170, func(i int) string { return string([]rune{'a' + rune(i/13), 'a' + rune(i%13)}) }), " ")
	env := &filter.Env{Now: now, Tags: map[string]tag.ID{}, Groups: map[string]filter.GroupRef{}}
	for i := range filter.MaxList {
		id := fmt.Sprintf("01900000-0000-7000-8000-%012d", i)
		env.Tags[number(i)] = tag.ID(id)
		env.Groups[number(i)] = filter.GroupRef{ID: visitor.GroupID(id), Rule: filter.Or(filter.Search("a"), filter.Search("b"))}
	}
	env.Groups["large"] = filter.GroupRef{ID: ruleID, Rule: filter.And(repeated(4, func(int) filter.Expr {
		return filter.Tag.HasAll(repeated(filter.MaxList, number)...)
	})...)}
	for name, e := range map[string]filter.Expr{
		"many words":           filter.And(repeated(40, func(int) filter.Expr { return filter.Search(words) })...),
		"groups with a rule":   filter.Group.HasAny(repeated(filter.MaxList, number)...),
		"a bound expression":   filter.And(repeated(100, func(int) filter.Expr { return large(t) })...),
		"a large rule, twice":  filter.Or(filter.Group.Has("large"), filter.Not(filter.Group.Has("large"))),
		"a large rule and all": filter.And(filter.Group.Has("large"), filter.Tag.HasAll(repeated(filter.MaxList, number)...)),
	} {
		_, err := filter.Bind(e, env)
		require.ErrorContains(t, err, "more than 5000 conditions", name)
	}

	for i := range 50 {
		env.Groups[number(i)] = filter.GroupRef{ID: visitor.GroupID(fmt.Sprintf("01900000-0000-7000-8000-%012d", i)), Rule: filter.Name.In(repeated(filter.MaxList, number)...)}
	}
	_, err := filter.Bind(filter.Group.HasAny(repeated(49, number)...), env)
	require.NoError(t, err)
	_, err = filter.Bind(filter.Group.HasAny(repeated(50, number)...), env)
	require.ErrorContains(t, err, "more than 50000 values, with those of groups")

	// A valid expression without rules of groups is below the limit, unless it has many words.
	for name, c := range map[string]filter.Condition{
		"tags":    {Field: "tag", Op: filter.OpAll, Values: repeated(1000, func(i int) filter.Value { return filter.Value{Kind: filter.TextValue, Text: number(i)} })},
		"numbers": {Field: "attr", Attr: "n", Op: filter.OpIn, Values: repeated(1000, func(i int) filter.Value { return filter.Value{Kind: filter.NumberValue, Number: float64(i)} })},
		"times": {Field: "created", Op: filter.OpIn, Values: repeated(1000, func(i int) filter.Value {
			return filter.Value{Kind: filter.TimeValue, Time: now.Add(time.Duration(i) * time.Hour)}
		})},
	} {
		_, err := filter.Bind(filter.Or(append(repeated(251, func(int) filter.Expr { return filter.Email.Exists() }), c, c, c, c)...), env)
		require.NoError(t, err, name)
	}
}

func large(t *testing.T) filter.Expr {
	t.Helper()
	b, err := filter.Bind(filter.Or(repeated(50, func(i int) filter.Expr { return filter.Search(number(100 + i)) })...), nil)
	require.NoError(t, err)
	return b
}

// bombs are inputs that would need much memory or a deep stack to read.
func bombs() map[string]string {
	const depth, many, huge = 10_000, 100_000, 10 << 20
	list := func(of, separator string) string {
		return strings.TrimSuffix(strings.Repeat(of+separator, many), separator)
	}
	return map[string]string{
		"depth of parentheses": strings.Repeat("(", depth) + "x" + strings.Repeat(")", depth),
		"open parentheses":     strings.Repeat("(", depth),
		"depth of negations":   strings.Repeat("-", depth) + "x",
		"depth of NOT":         strings.Repeat("NOT ", depth) + "x",
		"words":                list("ada", " "),
		"AND":                  list("ada", " AND "),
		"OR":                   list("ada", " OR "),
		"conditions":           list("has:tag", " "),
		"list":                 "tag:" + list("a", ","),
		"identities":           "identity:" + list("chat/1", ","),
		"numbers":              "attr.n:" + list("1", ","),
		"negated words":        list("-a", " "),
		"mixed":                "a OR " + list("b", " "),
		"huge word":            strings.Repeat("x", huge),
		"huge quote":           `"` + strings.Repeat("x", huge) + `"`,
		"huge space":           strings.Repeat(" ", huge),
		"quote of 4 MB":        `"` + strings.Repeat("x", filter.MaxForm-2) + `"`,
		"field of 4 MB":        strings.Repeat("x", filter.MaxForm-2) + `:x`,
		"attribute of 4 MB":    "attr." + strings.Repeat("x", filter.MaxForm-7) + `:x`,
		"number of 4 MB":       "attr.n:" + strings.Repeat("1", filter.MaxForm-7),
		"dots of 4 MB":         strings.Repeat(".", filter.MaxForm),
		"age of 4 MB":          "seen:<" + strings.Repeat("1", filter.MaxForm-7) + "d",

		"JSON depth of not":   `{"version":1,"filter":` + strings.Repeat(`{"op":"not","of":`, depth),
		"JSON depth of and":   `{"version":1,"filter":` + strings.Repeat(`{"op":"and","of":[`, depth),
		"JSON depth of lists": `{"version":1,"filter":{"op":"and","of":` + strings.Repeat(`[`, depth),
		"JSON conditions":     `{"version":1,"filter":{"op":"or","of":[` + list(`{"op":"exists","field":"tag"}`, ",") + `]}}`,
		"JSON values":         `{"version":1,"filter":{"op":"in","field":"tag","values":[` + list(`"a"`, ",") + `]}}`,
		"JSON keys":           `{"version":1,"filter":{` + list(`"op":"and"`, ",") + `}}`,
		"JSON huge":           `{"version":1,"filter":{"op":"search","text":"` + strings.Repeat("x", huge) + `"}}`,
	}
}

// TestBombs checks that a bomb of any size is refused with less than 1 MB of memory.
// BenchmarkBombs measures the time.
func TestBombs(t *testing.T) {
	for name, bomb := range bombs() {
		input, isJSON := []byte(bomb), strings.HasPrefix(name, "JSON")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := defuse(bomb, input, isJSON)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, visitor.ErrInvalid, name)
		require.Less(t, len(err.Error()), 400, name)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
	}
}

func defuse(text string, json []byte, isJSON bool) error {
	if isJSON {
		_, err := filter.Unmarshal(json)
		return err
	}
	_, err := filter.Parse(text)
	return err
}

func TestDeepExpressionsInGo(t *testing.T) {
	t.Parallel()
	deep := nested(1_000_000)
	require.Error(t, filter.Validate(deep))
	require.Empty(t, filter.References(deep).Tags)
	require.False(t, filter.Match(deep, ada))
	require.NotEmpty(t, filter.Lint(deep, nil))
	_, err := filter.Explain(deep, nil, ada)
	require.Error(t, err)

	of := make([]filter.Expr, 2)
	itself := filter.AndExpr{Of: of}
	of[0], of[1] = itself, itself
	require.Error(t, filter.Validate(itself))
	require.Empty(t, filter.References(itself).Tags)
}

func BenchmarkBombs(b *testing.B) {
	for name, bomb := range bombs() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			input, isJSON := []byte(bomb), strings.HasPrefix(name, "JSON")
			for b.Loop() {
				if defuse(bomb, input, isJSON) == nil {
					b.Fatal("not refused")
				}
			}
		})
	}
}
