package consent

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"strings"
)

// Link is what a link to unsubscribe says: who does not want messages about what. It holds no
// address, so it can stand in a URL and works after the person's data was deleted.
type Link struct {
	Workspace string
	Subject   Hash   // of the address towards the sender, see Subject.Hash
	Topic     string // empty: the whole channel
}

// ErrToken is the error of a token that is not one, was changed, or was signed with another key.
// It does not say which, since the answer to it must not help to guess one.
var ErrToken = errors.New("consent: not a valid token")

// maxToken is the maximum length of a token. A longer one is refused unread.
const maxToken = 1024

// linkVersion is the first byte of a token, and of what is signed.
const linkVersion = "\x01"

// Token returns the link as a text for a URL: letters, digits, - and _. It is signed with the key
// and does not expire. Workspace and topic can be read in it.
func (l Link) Token(key []byte) string {
	sum := mac(key, "link", linkVersion, l.Workspace, string(l.Subject[:]), l.Topic)
	return base64.RawURLEncoding.EncodeToString([]byte(
		linkVersion + string(sum[:]) + string(l.Subject[:]) + l.Topic + "\x00" + l.Workspace))
}

// ParseToken returns the link of a token that was signed with one of the keys, or ErrToken. The
// caller checks that the workspace is the expected one.
func ParseToken(token string, keys ...[]byte) (Link, error) {
	if len(token) > maxToken {
		return Link{}, ErrToken
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	rest, ok := strings.CutPrefix(string(raw), linkVersion)
	const size = len(Hash{})
	if err != nil || !ok || len(rest) < 2*size {
		return Link{}, ErrToken
	}
	l := Link{Subject: Hash([]byte(rest[size : 2*size]))}
	l.Topic, l.Workspace, _ = strings.Cut(rest[2*size:], "\x00")
	for _, key := range keys {
		if hmac.Equal([]byte(l.Token(key)), []byte(token)) {
			return l, nil
		}
	}
	return Link{}, ErrToken
}
