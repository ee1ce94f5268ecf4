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

// cursor is the end of a page, and the time of the first page.
type cursor struct {
	now      time.Time
	position *driver.Position // nil for the first page
}

// A cursor is base64url of: version, checksum (8), now (8), micros (8), id (36), name.
const (
	cursorVersion = 2
	cursorHead    = 1 + 8
	cursorFixed   = cursorHead + 8 + 8 + 36
	maxCursor     = 8_192
)

// fingerprint is a hash of workspace, filter and order, to which a cursor belongs. It fails
// for a filter with a bound part, which has no written form.
func (w *Workspace) fingerprint(q Query) ([]byte, error) {
	where, err := filter.Marshal(q.Where)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", w.id, q.Order, where))
	return sum[:], nil
}

// String encodes the cursor for a query with that fingerprint.
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

// readCursor decodes a cursor of a query with that fingerprint.
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

// sound reports whether a page could have ended there. The checksum is not a secret, so a
// client can write any text, which a database can refuse.
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
