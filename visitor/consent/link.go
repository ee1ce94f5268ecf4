package consent

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// Link is what a link to unsubscribe says: who does not want messages about what.
type Link struct {
	Workspace string  `json:"-"`
	Subject   Subject `json:"subject"`         // normalized
	Topic     string  `json:"topic,omitempty"` // empty: the whole channel
}

// ErrToken is the error of a token that is not one, was changed, or was made with another key. It
// does not say which, since the answer to it must not help to guess one.
var ErrToken = errors.New("consent: not a valid token")

// maxToken is the maximum length of a token. A longer one is refused unread.
const maxToken = 2048

// linkVersion is the first byte of a token.
const linkVersion = "\x01"

// Token returns the link as a text for a URL: letters, digits, - and _. Only the workspace can be
// read in it: the address is encrypted with the key (AES-256-GCM), which is that of the workspace.
// The token does not expire, and works after the data of the person was deleted. Equal links have
// equal tokens.
func (l Link) Token(key []byte) string {
	plain, err := json.Marshal(l)
	if err != nil {
		panic(err) // a struct of texts
	}
	// The nonce is a keyed hash of what is encrypted: it repeats only with the same link.
	sum := mac(key, "link nonce", l.Workspace, string(plain))
	aead := linkCipher(key)
	nonce := sum[:aead.NonceSize()]
	head := linkVersion + l.Workspace + "\x00" + string(nonce)
	return base64.RawURLEncoding.EncodeToString(aead.Seal([]byte(head), nonce, plain, []byte(l.Workspace)))
}

// ParseToken returns the link of a token that was made with one of the keys, or ErrToken.
func ParseToken(token string, keys ...[]byte) (Link, error) {
	workspace, rest, err := splitToken(token)
	if err != nil {
		return Link{}, err
	}
	for _, key := range keys {
		aead := linkCipher(key)
		n := aead.NonceSize()
		if len(rest) < n {
			return Link{}, ErrToken
		}
		plain, err := aead.Open(nil, rest[:n], rest[n:], []byte(workspace))
		l := Link{Workspace: workspace}
		if err == nil && json.Unmarshal(plain, &l) == nil {
			return l, nil
		}
	}
	return Link{}, ErrToken
}

// TokenWorkspace returns the workspace that a token names, or ErrToken. That it was made with a key
// of the workspace is not checked yet: see ParseToken.
func TokenWorkspace(token string) (string, error) {
	workspace, _, err := splitToken(token)
	return workspace, err
}

func splitToken(token string) (workspace string, rest []byte, err error) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return "", nil, ErrToken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	raw, ok := bytes.CutPrefix(raw, []byte(linkVersion))
	name, rest, found := bytes.Cut(raw, []byte{0})
	if err != nil || !ok || !found {
		return "", nil, ErrToken
	}
	return string(name), rest, nil
}

func linkCipher(key []byte) cipher.AEAD {
	derived := mac(key, "link")
	block, err := aes.NewCipher(derived[:])
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // the block has the size that GCM needs
	}
	return aead
}
