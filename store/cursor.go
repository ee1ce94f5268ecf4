package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// cursor is where a page ended, and the time of the first one.
type cursor struct {
	now      time.Time
	position *driver.Position // nil at the start
}

// A cursor is base64url of: version, checksum (8), now (8), micros (8), id (36), name.
const (
	cursorVersion = 2
	cursorHead    = 1 + 8
	cursorFixed   = cursorHead + 8 + 8 + 36
	maxCursor     = 8_192
)

// fingerprint sums up what a cursor belongs to: workspace, filter and order. A filter
// that has no written form, since a part of it is bound, has no cursors.
func (w *Workspace) fingerprint(q Query) ([]byte, error) {
	where, err := filter.Marshal(q.Where)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", w.id, q.Order, where))
	return sum[:], nil
}

// String spells the cursor for a query with that fingerprint.
func (c cursor) String(fingerprint []byte) string {
	b := make([]byte, cursorHead, cursorFixed+len(c.position.Name))
	b[0] = cursorVersion
	b = binary.BigEndian.AppendUint64(b, uint64(c.now.UnixMicro()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.position.Micros))
	b = append(b, c.position.ID...)
	b = append(b, c.position.Name...)
	copy(b[1:], checksum(fingerprint, b[cursorHead:]))
	return base64.RawURLEncoding.EncodeToString(b)
}

// readCursor reads a cursor of a query with that fingerprint.
func readCursor(s string, fingerprint []byte) (cursor, error) {
	if len(s) > maxCursor || strings.ContainsAny(s, "\r\n") { // which base64 would skip
		return cursor{}, text.Refuse("after", "not a cursor")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < cursorFixed || b[0] != cursorVersion {
		return cursor{}, text.Refuse("after", "not a cursor")
	}
	if string(b[1:cursorHead]) != string(checksum(fingerprint, b[cursorHead:])) {
		return cursor{}, text.Refuse("after", "a cursor of another query or workspace")
	}
	body := b[cursorHead:]
	c := cursor{
		now: time.UnixMicro(int64(binary.BigEndian.Uint64(body))).UTC(),
		position: &driver.Position{
			Micros: int64(binary.BigEndian.Uint64(body[8:])),
			ID:     visitor.ID(body[16:52]),
			Name:   string(body[52:]),
		},
	}
	if !c.sound() {
		return cursor{}, text.Refuse("after", "not a cursor")
	}
	return c, nil
}

// sound reports whether a cursor may have come from a page. The checksum is no secret, so
// what it covers may be anything, and a database need not take any text.
func (c cursor) sound() bool {
	id, err := visitor.ParseID(string(c.position.ID))
	name := c.position.Name
	return err == nil && id == c.position.ID && utf8.ValidString(name) && !strings.Contains(name, "\x00") &&
		c.now.Year() >= 1 && c.now.Year() <= 9999
}

func checksum(fingerprint, body []byte) []byte {
	h := sha256.New()
	h.Write(fingerprint)
	h.Write(body)
	return h.Sum(nil)[:8]
}
