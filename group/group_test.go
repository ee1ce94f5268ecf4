package group_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

func TestDraftNormalize(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   group.Draft
		want group.Draft
		bad  string // the field of the error; "" for a valid draft
	}{
		"plain":        {in: group.Draft{Name: "VIP"}, want: group.Draft{Name: "VIP"}},
		"spaces":       {in: group.Draft{Name: "\u00a0Open \t leads\u200b "}, want: group.Draft{Name: "Open leads"}},
		"description":  {in: group.Draft{Name: "a", Description: " two\nlines "}, want: group.Draft{Name: "a", Description: "two\nlines"}},
		"longest":      {in: group.Draft{Name: strings.Repeat("é", 100)}, want: group.Draft{Name: strings.Repeat("é", 100)}},
		"empty":        {in: group.Draft{}, bad: "group"},
		"blank":        {in: group.Draft{Name: " \u200b\u00a0"}, bad: "group"},
		"marks only":   {in: group.Draft{Name: "\u0301"}, bad: "group"},
		"too long":     {in: group.Draft{Name: strings.Repeat("é", 101)}, bad: "group"},
		"NUL":          {in: group.Draft{Name: "a\x00b"}, bad: "group"},
		"not UTF-8":    {in: group.Draft{Name: "a\xff"}, bad: "group"},
		"long text":    {in: group.Draft{Name: "a", Description: strings.Repeat("x", 1001)}, bad: "group description"},
		"RTL override": {in: group.Draft{Name: "a\u202eb"}, bad: "group"},
	} {
		got, err := c.in.Normalize()
		if c.bad == "" {
			require.NoError(t, err, name)
			require.Equal(t, c.want, got, name)
			again, err := got.Normalize()
			require.NoError(t, err, name)
			require.Equal(t, got, again, name)
			continue
		}
		require.ErrorIs(t, err, visitor.ErrInvalid, name)
		var field *visitor.FieldError
		require.ErrorAs(t, err, &field, name)
		require.Equal(t, c.bad, field.Field, name)
	}
}

func TestInvalidRules(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]filter.Expr{
		"a bound group":    bound(t, filter.Group.Exists()),
		"a bound rule":     filter.Not(bound(t, filter.Name.Is("a"))),
		"an empty rule":    filter.And(),
		"an invalid field": filter.Condition{Field: "shoe size", Op: filter.OpExists},
	} {
		_, err := group.Draft{Name: "a", Rule: rule}.Normalize()
		require.ErrorIs(t, err, visitor.ErrInvalid, name)
		_, err = group.Patch{Rule: rule}.Apply(group.Group{Name: "a"})
		require.ErrorIs(t, err, visitor.ErrInvalid, name)
	}
}

// bound binds an expression that needs no Env.
func bound(t *testing.T, e filter.Expr) filter.Bound {
	b, err := filter.Bind(e, nil)
	require.NoError(t, err)
	return b
}

func TestPatchApply(t *testing.T) {
	t.Parallel()
	g := group.Group{ID: group.NewID(time.Unix(1, 0)), Name: "VIP", Description: "old", Rule: filter.All()}
	name, description := " Very important ", ""
	got, err := group.Patch{Name: &name, Description: &description}.Apply(g)
	require.NoError(t, err)
	require.Equal(t, group.Group{ID: g.ID, Name: "Very important", Rule: filter.All()}, got)

	got, err = group.Patch{ClearRule: true}.Apply(g)
	require.NoError(t, err)
	require.Nil(t, got.Rule)

	got, err = group.Patch{}.Apply(g)
	require.NoError(t, err)
	require.Equal(t, g, got)

	blank := " "
	_, err = group.Patch{Name: &blank}.Apply(g)
	require.ErrorIs(t, err, visitor.ErrInvalid)
}

func TestParseID(t *testing.T) {
	t.Parallel()
	id := group.NewID(time.Unix(1, 0))
	parsed, err := group.ParseID(strings.ToUpper(string(id)))
	require.NoError(t, err)
	require.Equal(t, id, parsed)
	for _, bad := range []string{"", "x", "urn:uuid:" + string(id), "{" + string(id) + "}", strings.ReplaceAll(string(id), "-", "")} {
		_, err := group.ParseID(bad)
		require.ErrorIs(t, err, visitor.ErrInvalid, bad)
	}
}
