package store

import (
	"encoding/base64"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// FuzzCursor decodes a text as a cursor, and bytes as the content of a cursor with a valid
// checksum. A cursor that is decoded encodes to the same text, belongs to one query, and has
// values that every database accepts.
func FuzzCursor(f *testing.F) {
	at := time.Date(2026, 2, 28, 23, 59, 59, 999_999_000, time.UTC)
	sum, other := []byte("one query"), []byte("another query")
	for _, name := range []string{"", "ada lovelace", "мария", "a\x00b", "\xff"} {
		c := cursor{now: at, position: &driver.Position{Micros: at.UnixMicro(), Name: name, ID: visitor.NewID(at)}}
		b, err := base64.RawURLEncoding.DecodeString(c.String(sum))
		require.NoError(f, err)
		f.Add(c.String(sum), b[cursorHead:])
	}
	relative := filter.Or(filter.LastSeenAt.Within(30*24*time.Hour), filter.CreatedAt.During(filter.LastWeek), filter.CreatedAt.During(filter.ThisYear))
	f.Fuzz(func(t *testing.T, s string, body []byte) {
		forged := append(append([]byte{cursorVersion}, checksum(sum, body)...), body...)
		for _, s := range []string{s, base64.RawURLEncoding.EncodeToString(forged)} {
			c, err := readCursor(s, sum)
			if err != nil {
				require.ErrorIs(t, err, visitor.ErrInvalid)
				continue
			}
			require.Equal(t, s, c.String(sum))
			_, err = readCursor(s, other)
			require.ErrorIs(t, err, visitor.ErrInvalid)
			_, err = visitor.ParseID(string(c.position.ID))
			require.NoError(t, err)
			require.True(t, utf8.ValidString(c.position.Name))
			require.NotContains(t, c.position.Name, "\x00")
			_, err = filter.Bind(relative, &filter.Env{Now: c.now})
			require.NoError(t, err)
		}
	})
}
