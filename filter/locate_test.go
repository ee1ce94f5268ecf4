package filter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
)

func TestLocate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`tag:nobody`:             `nobody`,
		`name:nobody tag:nobody`: `nobody`,
		`ada bob (tag:vip OR -(tag:vip,"no body" source:chat)) x`: `"no body"`,
		`-tag:all(vip,nobody)`: `nobody)`,
		`created:2026-01-01..2026-02-01 AND NOT group:vip,çrew`: `çrew`,
	} {
		e, err := filter.Parse(text)
		require.NoError(t, err)
		_, err = filter.Bind(e, &filter.Env{Tags: map[string]tag.ID{"vip": tag.NewID(time.Now())}, Groups: map[string]filter.GroupRef{"vip": {}}})
		var unknown *filter.UnknownError
		require.True(t, errors.As(err, &unknown), "%s: %v", text, err)
		pos, ok := filter.Locate(text, unknown.Pointer)
		require.True(t, ok, text)
		require.Equal(t, strings.LastIndex(text, want), pos, text)
	}
	for _, pointer := range []string{"", "/filter/of/9", "/filter/of/0", "x"} {
		_, ok := filter.Locate("ada tag:vip", pointer)
		require.Equal(t, pointer == "", ok, pointer)
	}
	_, ok := filter.Locate("(", "/filter")
	require.False(t, ok)
}

// Locate finds the values of a text in their order.
func TestLocateFindsEveryValue(t *testing.T) {
	worlds(t, 3, func(t *testing.T, w world) {
		for _, e := range w.exprs {
			text, err := filter.Format(e)
			require.NoError(t, err)
			e, err = filter.Parse(text)
			require.NoError(t, err)
			last := -1
			for _, pointer := range pointersOf(e, "/filter") {
				pos, ok := filter.Locate(text, pointer)
				require.True(t, ok, "%s in %s", pointer, text)
				require.Greater(t, pos, last, "%s in %s", pointer, text)
				last = pos
			}
		}
	})
}

func pointersOf(e filter.Expr, at string) (pointers []string) {
	var of []filter.Expr
	switch e := e.(type) {
	case filter.AndExpr:
		of = e.Of
	case filter.OrExpr:
		of = e.Of
	case filter.NotExpr:
		return pointersOf(e.Of, at+"/of")
	case filter.Condition:
		for i := range e.Values {
			pointers = append(pointers, fmt.Sprintf("%s/values/%d", at, i))
		}
	}
	for i, child := range of {
		pointers = append(pointers, pointersOf(child, fmt.Sprintf("%s/of/%d", at, i))...)
	}
	return pointers
}
