package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Reasons for refusing a signature.
const (
	noSecret    = "no secret is set"
	wrongSecret = "made with another secret, or changed on the way"
)

func notAuthentic(reason string) error { return fmt.Errorf("%w: %s", ErrSignature, reason) }

// checkSignature returns nil if sum is the HMAC-SHA256 of message with one of the secrets. Empty secrets
// are ignored.
func checkSignature(secrets []string, message, sum []byte) error {
	reason := noSecret
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		if hmac.Equal(sign(secret, message), sum) {
			return nil
		}
		reason = wrongSecret
	}
	return notAuthentic(reason)
}

func sign(secret string, message []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(message)
	return mac.Sum(nil)
}

// oneOf reports whether given is one of the tokens, in constant time.
func oneOf(tokens []string, given string) bool {
	found := false
	b := sha256.Sum256([]byte(given))
	for _, token := range tokens {
		a := sha256.Sum256([]byte(token))
		if hmac.Equal(a[:], b[:]) {
			found = true
		}
	}
	return found
}

// digest returns a short id derived from the parts.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// fromOrigin checks the header Origin, which scripts in a browser cannot change.
func fromOrigin(allowed []string, h Header) error {
	if allows(allowed, h("Origin")) {
		return nil
	}
	return notAuthentic("sent from a page of another origin")
}

// allows reports whether an origin is allowed. An empty list allows any origin.
func allows(allowed []string, origin string) bool {
	return len(allowed) == 0 || slices.ContainsFunc(allowed, func(a string) bool {
		return a != "" && strings.EqualFold(a, origin)
	})
}
