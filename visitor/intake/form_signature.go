package intake

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// signature is how a service signs.
type signature struct {
	header string
	check  func(f Form, value string, h Header, body []byte) error
}

// maxSignatureAge is how old a signature with a time may be.
const maxSignatureAge = 5 * time.Minute

// verifySignature checks the signature of the service. Without Secrets it is not checked.
func (f Form) verifySignature(h Header, body []byte) error {
	if len(f.Secrets) == 0 {
		return nil
	}
	sign := presets[f.Service].sign
	if sign.check == nil {
		return notAuthentic("Secrets is set, and Service is none that signs")
	}
	value := strings.TrimSpace(h(sign.header))
	if value == "" {
		return notAuthentic("no header " + sign.header)
	}
	return sign.check(f, value, h, body)
}

// bodySignature checks a prefix and the HMAC of the body in base64.
func bodySignature(prefix string) func(Form, string, Header, []byte) error {
	return func(f Form, value string, _ Header, body []byte) error {
		encoded, ok := strings.CutPrefix(value, prefix)
		sum, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil {
			return notAuthentic("the signature is not " + prefix + "base64")
		}
		return checkSignature(f.Secrets, body, sum)
	}
}

// webflowSignature checks the HMAC of the time, a colon and the body.
func webflowSignature(f Form, value string, h Header, body []byte) error {
	return f.timed(h("X-Webflow-Timestamp"), ":", value, body)
}

// wpformsSignature checks t=<time>,v=<HMAC of the time, a dot and the body>. A body that is not
// JSON is signed in another form than it is sent, so it cannot be checked.
func wpformsSignature(f Form, value string, _ Header, body []byte) error {
	at, sum, ok := strings.Cut(value, ",v=")
	at, ok2 := strings.CutPrefix(at, "t=")
	switch {
	case !ok || !ok2:
		return notAuthentic("the signature is not t=,v=")
	case !looksLikeJSON(body):
		return notAuthentic("WPForms signs only the request format JSON in a form that can be checked")
	}
	return f.timed(at, ".", sum, body)
}

func (f Form) timed(at, separator, value string, body []byte) error {
	sum, err := hex.DecodeString(value)
	if err != nil {
		return notAuthentic("the signature is not hex")
	}
	if err := checkSignature(f.Secrets, append([]byte(at+separator), body...), sum); err != nil {
		return err
	}
	if f.Now == nil {
		return nil
	}
	if age := f.Now().Sub(scalar(at).time()).Abs(); age > maxSignatureAge {
		return notAuthentic("the signature is more than 5 minutes old")
	}
	return nil
}

// netlifySignature checks a JSON Web Token by HS256 with the claims iss and sha256, the hash of
// the body in hex.
func netlifySignature(f Form, value string, _ Header, body []byte) error {
	claims, err := readToken(f.Secrets, value, "the signature")
	if err != nil {
		return err
	}
	var issuer, sum string
	for name, into := range map[string]*string{"iss": &issuer, "sha256": &sum} {
		if json.Unmarshal(claims[name], into) != nil {
			return notAuthentic("the signature has no claim " + name)
		}
	}
	want := sha256.Sum256(body)
	if issuer != "netlify" || !strings.EqualFold(sum, hex.EncodeToString(want[:])) {
		return notAuthentic(wrongSecret)
	}
	return nil
}
