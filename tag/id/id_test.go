package id_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
)

var (
	earliest = time.UnixMicro(0)
	latest   = time.UnixMilli(1<<48 - 1).Add(999 * time.Microsecond)
)

func TestTimeRoundTripOfEveryMicrosecond(t *testing.T) {
	t.Parallel()
	for _, ms := range []time.Time{earliest, time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), latest.Truncate(time.Millisecond)} {
		before := ""
		for us := range time.Duration(1_000) {
			at := ms.Add(us * time.Microsecond)
			made := id.New(at)
			got, ok := id.Time(made)
			require.True(t, ok)
			require.Equal(t, at.UTC(), got)
			got, ok = id.Time(id.First(at))
			require.True(t, ok)
			require.Equal(t, at.UTC(), got)
			require.Less(t, before, made)
			before = made
		}
	}
}

func TestNewIsUUIDv7(t *testing.T) {
	t.Parallel()
	now := time.Now()
	seen := map[string]bool{}
	for range 10_000 {
		made := id.New(now)
		u, err := uuid.Parse(made)
		require.NoError(t, err)
		require.Equal(t, uuid.Version(7), u.Version())
		require.Equal(t, uuid.RFC4122, u.Variant())
		require.Equal(t, made, u.String(), "lower case, 36 characters")
		require.False(t, seen[made])
		seen[made] = true
	}
}

func TestOrderIsTimeOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(0, latest.UnixMicro()-2_000)
		a := time.UnixMicro(micros.Draw(t, "a"))
		b := time.UnixMicro(micros.Draw(t, "b"))
		if rapid.Bool().Draw(t, "near") {
			b = a.Add(time.Duration(rapid.IntRange(1, 2_000).Draw(t, "apart")) * time.Microsecond)
		}
		if b.Before(a) {
			a, b = b, a
		}
		first, made := id.First(b), id.New(b)
		require.LessOrEqual(t, first, made)
		if a.Before(b) {
			require.Less(t, id.New(a), made)
			require.Less(t, id.New(a), first)
		}
	})
}

func TestNewCutsNanoseconds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 123_456_999, time.FixedZone("", 3600))
	got, ok := id.Time(id.New(at))
	require.True(t, ok)
	require.Equal(t, at.UTC().Truncate(time.Microsecond), got)
}

func TestTimeOfOthers(t *testing.T) {
	t.Parallel()
	made := id.New(time.Now())
	for _, s := range []string{
		"", "x", uuid.NewString(), "{" + made + "}", "urn:uuid:" + made, strings.ReplaceAll(made, "-", ""), uuid.Nil.String(),
	} {
		_, ok := id.Time(s)
		require.False(t, ok, s)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	made, v4 := id.New(time.Now()), uuid.NewString()
	for in, want := range map[string]string{made: made, strings.ToUpper(made): made, v4: v4} {
		got, err := id.Parse("tag id", in)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{
		"", " ", made[:35], made + "0", " " + made, "{" + made + "}", "urn:uuid:" + made, strings.ReplaceAll(made, "-", ""),
		strings.ReplaceAll(made, "-", "_"), "g" + made[1:], strings.Repeat("é", 18), strings.Repeat("x", 1<<20),
	} {
		got, err := id.Parse("tag id", bad)
		var field *text.FieldError
		require.True(t, errors.As(err, &field), "%q", bad)
		require.Equal(t, "tag id", field.Field)
		require.Empty(t, got)
		if strings.TrimSpace(bad) != "" {
			require.NotContains(t, err.Error(), bad)
		}
	}
}
