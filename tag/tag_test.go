package tag_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
)

func TestDraftNormalize(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want tag.Draft }{
		"name alone":        {tag.Draft{Name: "vip"}, tag.Draft{Name: "vip", Color: tag.ColorFor("vip")}},
		"cleaned":           {tag.Draft{Name: "\u00a0 Hot \u200b Lead\n"}, tag.Draft{Name: "Hot Lead", Color: tag.ColorFor("hot lead")}},
		"color given":       {tag.Draft{Name: "vip", Color: "#ABC"}, tag.Draft{Name: "vip", Color: "#aabbcc"}},
		"description":       {tag.Draft{Name: "vip", Color: "#000000", Description: " a\nb "}, tag.Draft{Name: "vip", Color: "#000000", Description: "a\nb"}},
		"longest":           {tag.Draft{Name: strings.Repeat("é", tag.MaxName), Color: "#000000"}, tag.Draft{Name: strings.Repeat("é", tag.MaxName), Color: "#000000"}},
		"emoji":             {tag.Draft{Name: "🔥", Color: "#000000"}, tag.Draft{Name: "🔥", Color: "#000000"}},
		"looks like a hash": {tag.Draft{Name: "#1", Color: "#000000"}, tag.Draft{Name: "#1", Color: "#000000"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.in.Normalize()
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			again, err := got.Normalize()
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestDraftRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in            tag.Draft
		field, reason string
	}{
		"no name":             {tag.Draft{}, "tag", "empty name"},
		"white space":         {tag.Draft{Name: " \u00a0\u200b"}, "tag", "empty name"},
		"marks alone":         {tag.Draft{Name: "\u0301"}, "tag", "empty name"},
		"an accent alone":     {tag.Draft{Name: "´"}, "tag", "empty name"},
		"invisible letter":    {tag.Draft{Name: "\u3164"}, "tag", "empty name"},
		"too long":            {tag.Draft{Name: strings.Repeat("x", tag.MaxName+1)}, "tag", "longer than 64 characters"},
		"NUL":                 {tag.Draft{Name: "a\x00b"}, "tag", "NUL character"},
		"override":            {tag.Draft{Name: "a\u202eb"}, "tag", "directional override U+202E"},
		"color":               {tag.Draft{Name: "vip", Color: "red"}, "color", "want #rrggbb"},
		"long description":    {tag.Draft{Name: "vip", Description: strings.Repeat("x", tag.MaxDescription+1)}, "tag description", "longer than 1000 bytes"},
		"invalid description": {tag.Draft{Name: "vip", Description: "\xff"}, "tag description", "not valid UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.in.Normalize()
			refused(t, err, c.field, c.reason)
			require.Zero(t, got)
		})
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"hot lead", "Hot Lead", " hot\u00a0 lead ", "ＨＯＴ　lead", "hót léad"},
		{"Straße", "STRASSE"},
		{"👍\ufe0f", "👍"},
	} {
		for _, name := range same {
			require.Equal(t, tag.Key(same[0]), tag.Key(name), name)
		}
	}
	require.NotEqual(t, tag.Key("hot lead"), tag.Key("hotlead"))
	require.NotEqual(t, tag.Key("c"), tag.Key("c++"))
}

func TestPatchApply(t *testing.T) {
	t.Parallel()
	old := tag.Tag{ID: tag.NewID(time.Now()), Name: "vip", Color: "#000000", Description: "d", CreatedAt: time.Now()}

	same, err := tag.Patch{}.Apply(old)
	require.NoError(t, err)
	require.Equal(t, old, same)

	next, err := tag.Patch{Name: new(" Gold "), Color: new(tag.Color("")), Description: new("")}.Apply(old)
	require.NoError(t, err)
	require.Equal(t, tag.Tag{ID: old.ID, Name: "Gold", Color: tag.ColorFor("gold"), CreatedAt: old.CreatedAt}, next)

	_, err = tag.Patch{Name: new(" ")}.Apply(old)
	refused(t, err, "tag", "empty name")
	_, err = tag.Patch{Color: new(tag.Color("x"))}.Apply(old)
	refused(t, err, "color", "want #rrggbb")
}

func TestID(t *testing.T) {
	t.Parallel()
	made := tag.NewID(time.Now())
	b, err := json.Marshal(made)
	require.NoError(t, err)
	var read tag.ID
	require.NoError(t, json.Unmarshal(b, &read))
	require.Equal(t, made, read)
	require.ErrorIs(t, json.Unmarshal([]byte(`"42"`), &read), text.ErrInvalid)
}

func TestAssignmentCompare(t *testing.T) {
	t.Parallel()
	list := []tag.Assignment{{Name: "b"}, {Name: "a"}, {Name: "B"}}
	slices.SortFunc(list, tag.Assignment.Compare)
	require.Equal(t, []tag.Assignment{{Name: "B"}, {Name: "a"}, {Name: "b"}}, list)
}

func refused(t *testing.T, err error, field, reason string) {
	t.Helper()
	var f *text.FieldError
	require.True(t, errors.As(err, &f), "%v", err)
	require.ErrorIs(t, err, text.ErrInvalid)
	require.Equal(t, text.FieldError{Field: field, Reason: reason}, *f)
}
