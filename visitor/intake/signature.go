package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// The reasons for which a signature is refused.
const (
	noSecret    = "no secret is set"
	wrongSecret = "made with another secret, or changed on the way"
)

func unsigned(reason string) error { return fmt.Errorf("%w: %s", ErrSignature, reason) }

// signed reports whether sum is the HMAC-SHA256 of message under one of the secrets.
// An empty secret signs nothing.
func signed(secrets []string, message, sum []byte) error {
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
	return unsigned(reason)
}

func sign(secret string, message []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(message)
	return mac.Sum(nil)
}

// same reports whether given is one of the tokens, in a time that tells nothing of them.
func same(tokens []string, given string) bool {
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

// digest is a short name for a thing that has none: the same parts give the same name.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// fromOrigin checks the header Origin, which browsers set and scripts in them cannot.
func fromOrigin(allowed []string, h Header) error {
	if allows(allowed, h("Origin")) {
		return nil
	}
	return unsigned("sent from a page of another origin")
}

// allows reports whether an origin is allowed: any is where none is named.
func allows(allowed []string, origin string) bool {
	return len(allowed) == 0 || slices.ContainsFunc(allowed, func(a string) bool {
		return a != "" && strings.EqualFold(a, origin)
	})
}
