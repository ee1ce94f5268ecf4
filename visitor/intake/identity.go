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

// ChatUser is a signed-in user of the host, the content of a chat identity.
type ChatUser struct {
	ID      string    // the host's id of the user, at most visitor.MaxIdentity bytes
	Name    string    // default: none
	Email   string    // default: none
	Phone   string    // default: none
	Expires time.Time // truncated to the second; default: never
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

// Sign returns the identity of u, which the page passes to the widget: a JSON Web Token
// (RFC 7519) signed by HS256 with the first secret, with the claims sub (the ID), aud (the
// Account), name, email, phone_number and exp. Any JWT library can generate it too. The error
// matches ErrSignature if there is no secret, ErrInvalid if the ID is not valid.
func (c Chat) Sign(u ChatUser) (string, error) {
	if len(c.Secrets) == 0 || c.Secrets[0] == "" {
		return "", fail("sign", visitor.Chat, notAuthentic(noSecret))
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

// user returns the user of a token.
func (c Chat) user(token string) (ChatUser, error) {
	fields, err := readToken(c.Secrets, token, "the identity")
	if err != nil {
		return ChatUser{}, err
	}
	if fields == nil {
		return ChatUser{}, text.Refuse("identity", "its claims are not a JSON object")
	}
	return c.userOf(fields)
}

// readToken returns the claims of a JSON Web Token, nil if they are not a JSON object. They are
// parsed only after its signature is verified, and it cannot choose the algorithm (RFC 8725
// §3.1). Errors call the token what.
func readToken(secrets []string, token, what string) (map[string]json.RawMessage, error) {
	message, signature, ok := cutLast(token, ".")
	header, payload, ok2 := strings.Cut(message, ".")
	sum, err := base64.RawURLEncoding.DecodeString(signature)
	if !ok || !ok2 || err != nil {
		return nil, notAuthentic(what + " is not a JSON Web Token")
	}
	if err := checkSignature(secrets, []byte(message), sum); err != nil {
		return nil, err
	}
	jose, err := readObject(header)
	if err != nil || string(jose["alg"]) != `"HS256"` || jose["crit"] != nil {
		return nil, notAuthentic(what + " is not signed with HS256")
	}
	claims, _ := readObject(payload)
	return claims, nil
}

func (c Chat) userOf(fields map[string]json.RawMessage) (ChatUser, error) {
	var u ChatUser
	var audience string
	for _, f := range []struct {
		name string
		into *string
	}{
		{"sub", &u.ID}, {"aud", &audience}, {"name", &u.Name}, {"email", &u.Email}, {"phone_number", &u.Phone},
	} {
		if err := textField(fields, "identity.", f.name, f.into); err != nil {
			return ChatUser{}, err
		}
	}
	if audience != c.Account {
		return ChatUser{}, notAuthentic("the identity is for another account")
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
				return ChatUser{}, notAuthentic("the identity has an " + f.name + ", and Now is not set")
			case f.bad(time.Unix(int64(max(-1e12, min(seconds, 1e12))), 0), c.Now()):
				return ChatUser{}, notAuthentic("the identity has expired or is not valid yet")
			}
		}
	}
	return u, checkChatID(u.ID)
}

// checkChatID refuses an empty or invalid id, and one with the prefix of generated ids.
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

// textField stores the text of the key with exactly that name in *into, which is not changed if the
// value is null or missing. The field of the error is the prefix and the name.
func textField(fields map[string]json.RawMessage, prefix, name string, into *string) error {
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
