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

// WorkspaceKey returns the key of a workspace, which is derived from a suppression key. Who knows
// it cannot derive those of other workspaces.
func WorkspaceKey(key []byte, workspace string) []byte {
	derived := mac(key, "workspace", workspace)
	return derived[:]
}

// Keys are the keys of a workspace, made by WorkspaceKey.
type Keys struct {
	Live [][]byte `json:"live"` // newest first: hashes are made with the first, and looked up with all
	// Missing is true if a key that was used before is not among Live: then what was said about
	// some addresses cannot be found, and no message is permitted.
	Missing bool `json:"missing,omitempty"`
}

// Hash is a keyed hash of an address on a channel. It finds what was said about an address that is
// not stored anymore, and cannot be turned back into the address without the key.
type Hash [sha256.Size]byte

// Hash returns the hash of the channel and address of a normalized subject: an HMAC-SHA-256 over
// NormalForm, channel and address. The sender is not part of it, so that what was said towards any
// sender is found. Every spelling of an address has the same hash. The key is that of a workspace.
func (s Subject) Hash(key []byte) Hash {
	return mac(key, "address", strconv.Itoa(NormalForm), string(s.Channel), s.Address)
}

// String returns the hash in hex, as JSON has it.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns the hash in hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads a hash in hex. The error is a *text.FieldError.
func (h *Hash) UnmarshalText(b []byte) error {
	refused := text.Refuse("hash", "not 64 hexadecimal digits")
	if len(b) != hex.EncodedLen(len(h)) {
		return refused
	}
	if _, err := hex.Decode(h[:], b); err != nil {
		return refused
	}
	return nil
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
