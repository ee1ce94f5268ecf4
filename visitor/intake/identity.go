package intake

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// ChatUser is a person whom the host has signed in, as a chat identity tells of it.
type ChatUser struct {
	ID      string    // the host's own id of the person, ≤ visitor.MaxIdentity bytes
	Name    string    // default: none
	Email   string    // default: none
	Phone   string    // default: none
	Expires time.Time // default: never; cut to the second
}

// joseHeader is {"alg":"HS256","typ":"JWT"}.
const joseHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

type claims struct {
	Subject  string `json:"sub"`
	Audience string `json:"aud,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone_number,omitempty"`
	Expires  int64  `json:"exp,omitempty"`
}

// Sign returns the identity of u for the page to hand to the widget: a JSON Web Token
// (RFC 7519) with the signature HS256 under the first secret and the claims sub (the ID),
// aud (the Account), name, email, phone_number and exp. Any library for such tokens makes
// the same. The error matches ErrSignature when there is no secret, or ErrInvalid.
func (c Chat) Sign(u ChatUser) (string, error) {
	if len(c.Secrets) == 0 || c.Secrets[0] == "" {
		return "", fail("sign", visitor.Chat, unsigned(noSecret))
	}
	if err := checkChatID(u.ID); err != nil {
		return "", fail("sign", visitor.Chat, err)
	}
	payload := claims{Subject: u.ID, Audience: c.Account, Name: u.Name, Email: u.Email, Phone: u.Phone}
	if !u.Expires.IsZero() {
		payload.Expires = u.Expires.Unix()
	}
	encoded, err := json.Marshal(payload)
	if err != nil {
		return "", fail("sign", visitor.Chat, err)
	}
	message := joseHeader + "." + base64.RawURLEncoding.EncodeToString(encoded)
	return message + "." + base64.RawURLEncoding.EncodeToString(sign(c.Secrets[0], []byte(message))), nil
}

// user returns whom a token speaks for. What it holds is read only once its signature is
// proven, and the algorithm is not the token's to choose (RFC 8725 §3.1).
func (c Chat) user(token string) (ChatUser, error) {
	message, signature, ok := cutLast(token, ".")
	header, payload, ok2 := strings.Cut(message, ".")
	sum, err := base64.RawURLEncoding.DecodeString(signature)
	if !ok || !ok2 || err != nil {
		return ChatUser{}, unsigned("the identity is not a JSON Web Token")
	}
	if err := signed(c.Secrets, []byte(message), sum); err != nil {
		return ChatUser{}, err
	}
	jose, err := readObject(header)
	if err != nil || string(jose["alg"]) != `"HS256"` || jose["crit"] != nil {
		return ChatUser{}, unsigned("the identity is not signed with HS256")
	}
	fields, err := readObject(payload)
	if err != nil {
		return ChatUser{}, text.Refuse("identity", "its claims are not a JSON object")
	}
	return c.claimed(fields)
}

func (c Chat) claimed(fields map[string]json.RawMessage) (ChatUser, error) {
	var u ChatUser
	var audience string
	for _, f := range []struct {
		name string
		into *string
	}{
		{"sub", &u.ID}, {"aud", &audience}, {"name", &u.Name}, {"email", &u.Email}, {"phone_number", &u.Phone},
	} {
		if err := exact(fields, "identity.", f.name, f.into); err != nil {
			return ChatUser{}, err
		}
	}
	if audience != c.Account {
		return ChatUser{}, unsigned("the identity is for another account")
	}
	for _, f := range []struct {
		name string
		bad  func(limit, now time.Time) bool
	}{
		{"exp", func(limit, now time.Time) bool { return !now.Before(limit) }},
		{"nbf", func(limit, now time.Time) bool { return now.Before(limit) }},
	} {
		if raw := fields[f.name]; raw != nil {
			seconds, err := strconv.ParseFloat(string(raw), 64)
			switch {
			case err != nil:
				return ChatUser{}, text.Refuse("identity."+f.name, "not a number of seconds")
			case c.Now == nil:
				return ChatUser{}, unsigned("the identity has an " + f.name + ", and no clock is set to hold it against")
			case f.bad(time.Unix(int64(max(-1e12, min(seconds, 1e12))), 0), c.Now()):
				return ChatUser{}, unsigned("the identity has expired or is not valid yet")
			}
		}
	}
	return u, checkChatID(u.ID)
}

// checkChatID refuses what is no id, and what could be taken for the id of somebody who has
// none.
func checkChatID(id string) error {
	if _, err := text.Token("identity.sub", id, visitor.MaxIdentity); err != nil {
		return err
	}
	switch {
	case id == "":
		return text.Refuse("identity.sub", "missing")
	case strings.HasPrefix(id, anonymousPrefix), strings.HasPrefix(id, formPrefix), strings.HasPrefix(id, emailPrefix):
		return text.Refuse("identity.sub", "starts with anon:, form: or email:, which are not for users")
	}
	return nil
}

func readObject(encoded string) (map[string]json.RawMessage, error) {
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(decoded, &fields); err != nil {
		return nil, err
	}
	if fields == nil {
		return nil, errors.New("not an object")
	}
	return fields, nil
}

// exact reads the text under a key of exactly that name into a string; null and a missing
// one leave it as it is. An error names the key after the prefix.
func exact(fields map[string]json.RawMessage, prefix, name string, into *string) error {
	raw := fields[name]
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return text.Refuse(prefix+name, "not text")
	}
	return nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}
