package id

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/tag/text"
)

// New generates an id for the time t, truncated to the microsecond. t must be between 1970 and the
// year 10889, the range of 48 bits of milliseconds.
func New(t time.Time) string {
	u := prefix(t)
	var random [8]byte
	rand.Read(random[:]) // never fails since Go 1.24
	binary.BigEndian.PutUint64(u[8:], binary.BigEndian.Uint64(random[:])&^(3<<62)|2<<62)
	return u.String()
}

// First returns the smallest id that New can generate for the time t: ids for t or later are not
// smaller, ids for earlier times are.
func First(t time.Time) string {
	u := prefix(t)
	u[8] = 0x80
	return u.String()
}

// Time returns the time of an id from New in UTC, to the microsecond. It returns false if s is not
// a version 7 id in the 36-character form.
func Time(s string) (time.Time, bool) {
	u, err := uuid.Parse(s)
	if err != nil || len(s) != 36 || u.Version() != 7 {
		return time.Time{}, false
	}
	ms := int64(binary.BigEndian.Uint64(u[:8]) >> 16)
	fraction := int64(binary.BigEndian.Uint16(u[6:8]) & 0xFFF)
	// Rounding up reverses the rounding down in prefix, since 1,000 µs map to 4,096 steps.
	us := (fraction*1000 + 4095) / 4096
	return time.UnixMilli(ms).Add(time.Duration(us) * time.Microsecond).UTC(), true
}

// Parse parses an id, a UUID of any version in the 36-character form and in either case. It returns
// the id in lower case, or a *text.FieldError for field.
func Parse(field, s string) (string, error) {
	if len(s) != 36 {
		return "", text.Refuse(field, fmt.Sprintf("not an id: %d characters, want 36", len(s)))
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return "", text.Refuse(field, "not an id in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
	}
	return u.String(), nil
}

func prefix(t time.Time) uuid.UUID {
	us := t.UnixMicro()
	ms, rest := us/1000, us%1000
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], uint64(ms)<<16|7<<12|uint64(rest*4096/1000))
	return u
}
