package intake

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// The ids of those who have none begin with what no user's id begins with.
const (
	anonymousPrefix = "anon:"
	formPrefix      = "form:"
	emailPrefix     = "email:"
)

// Chat reads what a website's chat widget posts, a JSON object:
//
//	{"type": "message", "event_id": "…", "anonymous_id": "…", "identity": "…",
//	 "name": "…", "email": "…", "phone": "…"}
//
// The type is message (Inbound), profile (Profile) or another word (Ignored); default:
// message. The event_id is the widget's own, the same when it posts again. The anonymous_id
// comes from NewAnonymousID and is kept by the browser; the identity comes from Sign. At
// least one is needed. With both, the anonymous id is in Contact.Also, so that what was said
// before signing in is not lost: a page must drop the anonymous_id when its user signs out.
//
// With an identity, name, e-mail and phone are those that the host signed, and those beside
// it are not read. Without one they are what the visitor typed, and the contact is Claimed.
// Contact.OccurredAt is zero: the browser's clock is not asked.
type Chat struct {
	Secrets         []string         // that sign identities, the newest first; default: identities are refused
	Account         string           // the site: the scope of the ids, and whom identities are for; default: none
	Origins         []string         // pages that may post, such as https://example.com; default: any
	RequireIdentity bool             // refuse who is not signed in; default: not
	Now             func() time.Time // the clock against which an identity's expiry is held; default: one that expires is refused
}

// NewAnonymousID returns a new random id of 128 bits for a visitor who is not signed in.
func NewAnonymousID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// Verify checks the header Origin and the identity. The error matches ErrSignature, or
// ErrInvalid for a body that Parse refuses too.
func (c Chat) Verify(h Header, body []byte) error {
	if err := fromOrigin(c.Origins, h); err != nil {
		return fail("verify", visitor.Chat, err)
	}
	_, err := c.read(body)
	return fail("verify", visitor.Chat, err)
}

// Allows reports whether pages of an origin may post, as Origins says.
func (c Chat) Allows(origin string) bool { return allows(c.Origins, origin) }

// Parse reads a delivery. The error matches ErrInvalid, and its *visitor.FieldError names
// the field; or ErrSignature, for an identity that Verify refuses too.
func (c Chat) Parse(_ Header, body []byte) (Batch, error) {
	e, err := c.read(body)
	if err != nil {
		return Batch{}, fail("read", visitor.Chat, err)
	}
	return Batch{[]Event{e}}, nil
}

func (c Chat) read(body []byte) (Event, error) {
	var fields map[string]json.RawMessage
	if err := decode(body, &fields); err != nil {
		return Event{}, err
	}
	s := stamp{source: visitor.Chat, account: c.Account, via: "message"}
	var anonymous, identity string
	var typed ChatUser
	for _, f := range []struct {
		name string
		into *string
	}{
		{"type", &s.via}, {"event_id", &s.id}, {"anonymous_id", &anonymous}, {"identity", &identity},
		{"name", &typed.Name}, {"email", &typed.Email}, {"phone", &typed.Phone},
	} {
		if err := exact(fields, "", f.name, f.into); err != nil {
			return Event{}, err
		}
	}
	kind, ok := map[string]Kind{"message": Inbound, "profile": Profile}[s.via]
	if !ok {
		kind = Ignored
	}
	user, ids, err := c.who(identity, anonymous)
	switch {
	case err != nil:
		return Event{}, err
	case kind == Ignored:
		return s.ignore(Status), nil
	}
	if s.id != "" { // so that nobody can use up the event id of another
		s.id = digest(string(ids[0]), s.id)
	}
	e := s.person(kind, c.Account, ids...)
	if e.Err != nil {
		return Event{}, e.Err
	}
	if e.Contact.Unverified = identity == ""; e.Contact.Unverified {
		user = typed
	}
	e.Contact.Name, e.Contact.Email, e.Contact.Phone = user.Name, user.Email, user.Phone
	return e, nil
}

// who returns the user of an identity, and the ids of the person, the best first.
func (c Chat) who(identity, anonymous string) (ChatUser, []scalar, error) {
	var user ChatUser
	var ids []scalar
	if identity != "" {
		var err error
		if user, err = c.user(identity); err != nil {
			return ChatUser{}, nil, err
		}
		ids = append(ids, scalar(user.ID))
	}
	if anonymous != "" {
		if len(anonymous) != 32 || strings.Trim(anonymous, "0123456789abcdef") != "" {
			return ChatUser{}, nil, text.Refuse("anonymous_id", "not 32 hex digits, as NewAnonymousID makes")
		}
		ids = append(ids, scalar(anonymousPrefix+anonymous))
	}
	switch {
	case c.RequireIdentity && identity == "":
		return ChatUser{}, nil, unsigned("no identity")
	case len(ids) == 0:
		return ChatUser{}, nil, text.Refuse("anonymous_id", "missing, and no identity")
	}
	return user, ids, nil
}
