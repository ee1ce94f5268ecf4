package visitor_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
)

func TestRulesAttributes(t *testing.T) {
	t.Parallel()
	given := visitor.Attributes{
		"city":    visitor.Text(" Lo\u0301ndon "),
		"note":    visitor.Text("a\n\tb\n"),
		"longest": visitor.Text(strings.Repeat("x", visitor.MaxAttributeText)),
		"score":   visitor.Number(-1.5),
		"zero":    visitor.Number(math.Copysign(0, -1)),
		"largest": visitor.Number(math.MaxFloat64),
		"yes":     visitor.Bool(true),
		"no":      visitor.Bool(false),
		"first":   visitor.Time(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)),
		"last":    visitor.Time(time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)),
		"list":    visitor.List(" b  c", "a", "a"),
		"a.b_c-1": visitor.Bool(true),
		"x" + strings.Repeat("y", visitor.MaxAttributeName-1): visitor.Bool(true),
	}
	got, err := visitor.Rules{}.Attributes(given)
	require.NoError(t, err)
	require.Len(t, got, len(given))
	require.Equal(t, "Lóndon", got["city"].Text())
	require.Equal(t, "a\n\tb", got["note"].Text())
	require.False(t, math.Signbit(got["zero"].Number()))
	require.Equal(t, []string{"b c", "a", "a"}, got["list"].List())
	require.Equal(t, 999_999_000, got["last"].Time().Nanosecond())
	again, err := visitor.Rules{}.Attributes(got)
	require.NoError(t, err)
	require.True(t, got.Equal(again))

	for _, none := range []visitor.Attributes{nil, {}} {
		got, err = visitor.Rules{}.Attributes(none)
		require.NoError(t, err)
		require.Nil(t, got)
	}
	got, err = visitor.Rules{}.Attributes(attributes(visitor.MaxAttributes))
	require.NoError(t, err)
	require.Len(t, got, visitor.MaxAttributes)
}

func TestRulesAttributesRefuses(t *testing.T) {
	t.Parallel()
	const name = "a name has 1 to 64 lower-case letters, digits, _, - and ., and starts with a letter"
	const unset = "empty: use Unset to remove it"
	long := strings.Repeat("x", visitor.MaxAttributeText+1)
	for label, c := range map[string]struct {
		in            visitor.Attributes
		field, reason string
	}{
		"too many":        {attributes(visitor.MaxAttributes + 1), "attributes", "more than 100"},
		"no name":         {visitor.Attributes{"": visitor.Bool(true)}, "attribute", name},
		"capital":         {visitor.Attributes{"City": visitor.Bool(true)}, "attribute", name},
		"digit first":     {visitor.Attributes{"1st": visitor.Bool(true)}, "attribute", name},
		"space":           {visitor.Attributes{"a b": visitor.Bool(true)}, "attribute", name},
		"not ASCII":       {visitor.Attributes{"é": visitor.Bool(true)}, "attribute", name},
		"quote":           {visitor.Attributes{`a"`: visitor.Bool(true)}, "attribute", name},
		"NUL in a name":   {visitor.Attributes{"a\x00b": visitor.Bool(true)}, "attribute", name},
		"long name":       {visitor.Attributes{strings.Repeat("x", 65): visitor.Bool(true)}, "attribute", name},
		"no value":        {visitor.Attributes{"a": {}}, "attribute a", "no value"},
		"empty text":      {visitor.Attributes{"a": visitor.Text("")}, "attribute a", unset},
		"blank text":      {visitor.Attributes{"a": visitor.Text(" \u200b\n")}, "attribute a", unset},
		"long text":       {visitor.Attributes{"a": visitor.Text(long)}, "attribute a", "longer than 4096 bytes"},
		"NUL":             {visitor.Attributes{"a": visitor.Text("b\x00")}, "attribute a", "NUL character"},
		"invalid UTF-8":   {visitor.Attributes{"a": visitor.Text("b\xff")}, "attribute a", "not valid UTF-8"},
		"override":        {visitor.Attributes{"a": visitor.Text("b\u202ec")}, "attribute a", "directional override U+202E"},
		"NaN":             {visitor.Attributes{"a": visitor.Number(math.NaN())}, "attribute a", "not a finite number"},
		"infinity":        {visitor.Attributes{"a": visitor.Number(math.Inf(-1))}, "attribute a", "not a finite number"},
		"year 10000":      {visitor.Attributes{"a": visitor.Time(time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC))}, "attribute a", "not in the years 1 to 9999"},
		"year 0":          {visitor.Attributes{"a": visitor.Time(time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC))}, "attribute a", "not in the years 1 to 9999"},
		"far future":      {visitor.Attributes{"a": visitor.Time(time.Unix(1_700_000_000_000_000_000, 0))}, "attribute a", "not in the years 1 to 9999"},
		"far past":        {visitor.Attributes{"a": visitor.Time(time.Unix(-1_700_000_000_000_000_000, 0))}, "attribute a", "not in the years 1 to 9999"},
		"empty list":      {visitor.Attributes{"a": visitor.List()}, "attribute a", unset},
		"long list":       {visitor.Attributes{"a": visitor.List(words(101)...)}, "attribute a", "more than 100 items"},
		"empty item":      {visitor.Attributes{"a": visitor.List("b", " ")}, "attribute a", "an empty item"},
		"long item":       {visitor.Attributes{"a": visitor.List(long)}, "attribute a", "longer than 4096 characters"},
		"long item, wide": {visitor.Attributes{"a": visitor.List(strings.Repeat("é", 2_049))}, "attribute a", "longer than 4096 bytes"},
		"NUL in an item":  {visitor.Attributes{"a": visitor.List("b", "c\x00")}, "attribute a", "NUL character"},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.Rules{}.Attributes(c.in)
			refused(t, err, c.field, c.reason)
			require.Nil(t, got)
			for attribute := range c.in {
				require.Equal(t, c.field != "attribute", visitor.ValidAttributeName(attribute))
			}
		})
	}
}

func TestAttributesMerge(t *testing.T) {
	t.Parallel()
	a := visitor.Attributes{"a": visitor.Number(1), "b": visitor.Number(2)}
	got := a.Merge(visitor.Attributes{"b": visitor.Number(3), "c": visitor.Number(4)}, []string{"a", "x"})
	require.Equal(t, visitor.Attributes{"b": visitor.Number(3), "c": visitor.Number(4)}, got)
	require.Equal(t, visitor.Attributes{"a": visitor.Number(1), "b": visitor.Number(2)}, a, "left as it was")
	require.Nil(t, a.Merge(nil, []string{"a", "b"}))
	require.Nil(t, visitor.Attributes(nil).Merge(nil, nil))
	require.True(t, a.Clone().Equal(a))
	require.Nil(t, visitor.Attributes{}.Clone())
}

func TestValue(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_789, time.FixedZone("", 3600))
	items := []string{"a", "b"}
	list := visitor.List(items...)
	items[0] = "x"
	require.Equal(t, []string{"a", "b"}, list.List())
	list.List()[0] = "x"
	require.Equal(t, []string{"a", "b"}, list.List())
	var seen []string
	for item := range list.Items {
		seen = append(seen, item)
		break
	}
	require.Equal(t, []string{"a"}, seen)

	require.Equal(t, at.UTC().Truncate(time.Microsecond), visitor.Time(at).Time())
	require.Equal(t, at.UnixMicro(), visitor.Time(at).Micros())

	all := []visitor.Value{{}, visitor.Text("1"), visitor.Number(1), visitor.Bool(true), visitor.Bool(false), visitor.Number(0), visitor.Time(at), list}
	for i, v := range all {
		for j, w := range all {
			require.Equal(t, i == j, v.Equal(w), "%v and %v", v, w)
		}
	}
	for want, v := range map[string]visitor.Value{
		"": {}, "x": visitor.Text("x"), "1.5": visitor.Number(1.5), "true": visitor.Bool(true), "a, b": list, "2026-01-02T02:04:05.000006Z": visitor.Time(at),
	} {
		require.Equal(t, want, v.String())
	}
	require.Equal(t, visitor.ListKind, list.Kind())
	require.Zero(t, visitor.Value{}.Kind())
	zero := visitor.Value{}
	require.Zero(t, zero.Text())
	require.Zero(t, visitor.Bool(true).Number())
	require.False(t, visitor.Number(1).Bool())
	require.True(t, zero.Time().IsZero())
}

func TestAttributesJSON(t *testing.T) {
	t.Parallel()
	a := visitor.Attributes{
		"city":  visitor.Text(`Lóndon "x" <b>`),
		"like":  visitor.Text("2026-01-02T03:04:05Z"),
		"score": visitor.Number(0.1),
		"big":   visitor.Number(math.MaxFloat64),
		"yes":   visitor.Bool(true),
		"no":    visitor.Bool(false),
		"when":  visitor.Time(time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.UTC)),
		"list":  visitor.List("b", "a"),
		"empty": visitor.List(),
	}
	b, err := json.Marshal(a)
	require.NoError(t, err)
	var read visitor.Attributes
	require.NoError(t, json.Unmarshal(b, &read))
	require.True(t, a.Equal(read), "%s", b)

	b, err = json.Marshal(visitor.Attributes{"when": a["when"], "yes": a["yes"], "n": visitor.Number(2)})
	require.NoError(t, err)
	require.JSONEq(t, `{"when": {"time": "2026-01-02T03:04:05.000006Z"}, "yes": true, "n": 2}`, string(b))

	_, err = json.Marshal(visitor.Attributes{"a": {}})
	require.ErrorIs(t, err, visitor.ErrInvalid)
	for _, bad := range []string{
		`null`, `{}`, `{"time": 1}`, `{"time": "soon"}`, `{"time": "2026-01-02T03:04:05Z", "x": 1}`, `{"x": "y"}`, `[1]`, `["a", null]`, `[["a"]]`, `1e400`,
	} {
		err := json.Unmarshal([]byte(`{"a": `+bad+`}`), &visitor.Attributes{})
		require.ErrorIs(t, err, visitor.ErrInvalid, bad)
		require.NotContains(t, err.Error(), "soon")
		require.NotContains(t, err.Error(), "e400")
	}
}
