package consent

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/contactpipeline/visitors/tag/text"
)

// MinKey is the minimum length of a suppression key in bytes. 32 random bytes are a good key.
const MinKey = 16

// CheckKey returns a *text.FieldError if a suppression key is too short.
func CheckKey(key []byte) error {
	if len(key) < MinKey {
		return text.Refuse("suppression_key", fmt.Sprintf("shorter than %d bytes", MinKey))
	}
	return nil
}

// KeyID returns a short name of a key, which does not reveal it. A store records it next to hashes
// and so knows whether a key is missing.
func KeyID(key []byte) string {
	id := mac(key, "key")
	return hex.EncodeToString(id[:8])
}

// Hash is a keyed hash of a subject. It finds what was said about an address that is not stored
// anymore, and cannot be turned back into the address without the key.
type Hash [sha256.Size]byte

// Hash returns the hash of a normalized subject of a workspace: an HMAC-SHA-256 over NormalForm,
// the workspace, channel, sender and address. Every spelling of an address has the same hash.
func (s Subject) Hash(key []byte, workspace string) Hash {
	return mac(key, "subject", strconv.Itoa(NormalForm), workspace, string(s.Channel), s.Sender, s.Address)
}

// mac returns the HMAC-SHA-256 of the parts, each written as its length, a colon and its bytes.
// The first part is the use, so that no result for one use is one for another.
func mac(key []byte, parts ...string) (sum Hash) {
	var short [512]byte
	message := short[:0]
	for _, part := range parts {
		message = strconv.AppendInt(message, int64(len(part)), 10)
		message = append(message, ':')
		message = append(message, part...)
	}
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(sum[:0])
	return sum
}
