package intake

import (
	"cmp"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/address"
)

// whatsappReader converts the parts of one change.
type whatsappReader struct {
	why      Reason                      // to ignore all messages; "" to convert them
	business string                      // number of the business, in digits
	only     *whatsappContact            // if there is one
	single   bool                        // one contact and one message, which belong together
	contacts map[scalar]*whatsappContact // several, by each id, since they are not in the order of messages
}

type whatsappContact struct {
	waID, userID, parentUserID scalar
	name, username             string
}

func (c *whatsappContact) has(id scalar) bool {
	return id != "" && (id == c.waID || id == c.userID || id == c.parentUserID)
}

func newWhatsAppReader(v object, why Reason, business string) whatsappReader {
	r := whatsappReader{why: why, business: business}
	var all []*whatsappContact
	for raw := range v.list("contacts") {
		o := parseObject(raw)
		profile := o.object("profile")
		all = append(all, &whatsappContact{
			waID: o.id("wa_id"), userID: o.id("user_id"), parentUserID: o.id("parent_user_id"),
			name: profile.text("name"), username: profile.text("username"),
		})
	}
	if len(all) == 1 {
		r.only, r.single = all[0], count(v.list("messages")) == 1
		return r
	}
	r.contacts = make(map[scalar]*whatsappContact, 2*len(all))
	for _, c := range all {
		for _, id := range []scalar{c.waID, c.userID, c.parentUserID} {
			r.contacts[id] = c
		}
	}
	delete(r.contacts, "")
	return r
}

func (r whatsappReader) message(s eventFields, m object) Event {
	kind := m.text("type")
	s.via = cmp.Or(eventName(kind), "unknown")
	switch {
	case r.why != "":
		return s.ignore(r.why)
	case m.missing():
		return s.malformed(text.Refuse("messages", "not an object"))
	case m.has("group_id"):
		return s.ignore(Group)
	case kind == "system", m.has("system"):
		return r.identityChange(s, m)
	case kind == "reaction", m.has("reaction"):
		return s.ignore(Reaction)
	case kind == "revoke", m.has("revoke"):
		return s.ignore(Deleted)
	case kind == "edit", m.has("edit"):
		return r.sender(s, Profile, m)
	}
	if (kind == "unsupported" || kind == "unknown") && s.id != "" { // unknown in older versions of the API
		s.id += unsupportedSuffix
	}
	return r.sender(s, Inbound, m)
}

// call returns the event of a person who calls the business. The offer of a connection comes from
// the caller, also in deliveries without a direction.
func (r whatsappReader) call(s eventFields, m object) Event {
	direction := m.text("direction")
	byPerson := direction == "USER_INITIATED" || direction == "" && m.object("session").text("sdp_type") == "offer"
	if r.why != Call || m.text("event") != "connect" || !byPerson {
		return s.ignore(cmp.Or(r.why, Call))
	}
	return r.sender(s, Inbound, m)
}

// sender returns the event of the person who sent m.
func (r whatsappReader) sender(s eventFields, kind Kind, m object) Event {
	userID, parentUserID, from := m.id("from_user_id"), m.id("from_parent_user_id"), m.id("from")
	c := r.contact(userID, parentUserID, from)
	shared, sharedID := sharedNumber(m)
	e := s.person(kind, "", cmp.Or(userID, c.userID), cmp.Or(parentUserID, c.parentUserID), from, c.waID, sharedID)
	if e.Kind == Ignored {
		return e
	}
	ids := e.Contact.Identities()
	if slices.ContainsFunc(ids, func(i visitor.Identity) bool { return i.ExternalID == r.business }) {
		return s.ignore(Echo)
	}
	e.Contact.Name = cleanText(c.name, visitor.MaxName)
	e.Contact.Username = username(c.username)
	for _, number := range []string{string(from), string(c.waID), shared} {
		if e.Contact.Phone = phone(number); e.Contact.Phone != "" {
			break
		}
	}
	e.Contact.LookupAliases = variants(ids, nil)
	return e
}

// contact returns the contact of the sender of a message, the zero value if there is none.
func (r whatsappReader) contact(userID, parentUserID, from scalar) whatsappContact {
	ids := []scalar{userID, parentUserID, from}
	if spelling := address.OtherSpelling(string(from)); spelling != "" {
		ids = append(ids, scalar(spelling))
	}
	for _, id := range ids {
		if r.only != nil && r.only.has(id) {
			return *r.only
		}
		if c := r.contacts[id]; c != nil {
			return *c
		}
	}
	if r.single && userID+parentUserID+from == "" {
		return *r.only
	}
	return whatsappContact{}
}

// sharedNumber returns the number that the sender shared on request. Any other contact card in a
// message is of a third person. WhatsApp sends its own form of the number, with or without "+".
func sharedNumber(m object) (number string, waID scalar) {
	if count(m.list("contacts")) != 1 || !strings.HasPrefix(m.object("contacts").text("origin"), "contact_request") {
		return "", ""
	}
	p := m.object("contacts").object("phones")
	if number = phone(string(p.id("wa_id"))); number != "" {
		return number, p.id("wa_id")
	}
	return phone(string(p.id("phone"))), ""
}

// identityChange returns the event of a person whose ids have changed. When only the user id
// changes, the number stays; if the old user id is missing, nothing is known to have ended, and
// the event is a Profile with the current ids.
func (r whatsappReader) identityChange(s eventFields, m object) Event {
	if !m.has("system") {
		return s.malformed(text.Refuse("system", "missing"))
	}
	sys := m.object("system")
	s.via = sys.text("type")
	now := sys.ids("user_id", "parent_user_id", "wa_id")
	now[2] = cmp.Or(now[2], sys.id("new_wa_id")) // its name in older versions of the API
	was := sys.ids("previous_user_id", "previous_parent_user_id")
	was = append(was, m.ids("from_user_id", "from_parent_user_id", "from")...)
	switch s.via {
	case "user_changed_number", "customer_changed_number":
	case "user_changed_user_id":
		now[2] = cmp.Or(now[2], m.id("from"))
	default:
		return s.ignore(System)
	}
	return s.change(now, was)
}

// userID converts a change of a user id in an older version of the API.
func (r whatsappReader) userID(s eventFields, u object) Event {
	if r.why == Test {
		return s.ignore(Test)
	}
	user, parent := u.object("user_id"), u.object("parent_user_id")
	return s.change(
		[]scalar{user.id("current"), parent.id("current"), u.id("wa_id")},
		[]scalar{user.id("previous"), parent.id("previous")})
}

// change returns the event of a person whose ids were some, and are others now.
func (s eventFields) change(now, was []scalar) Event {
	e := s.person(IdentityChange, "", now...)
	if e.Kind == Ignored {
		return e
	}
	current := e.Contact.Identities()
	old, err := identities(s.source, "", was...)
	if err != nil {
		return s.malformed(err)
	}
	old = slices.DeleteFunc(old, func(i visitor.Identity) bool { return slices.ContainsFunc(current, i.Is) })
	for _, id := range current {
		if e.Contact.Phone == "" {
			e.Contact.Phone = phone(id.ExternalID)
		}
	}
	switch {
	case len(old) > 0:
		e.Contact.PreviousIDs = append(old, variants(old, current)...) // in every spelling
		return e
	case len(current) > 1:
		e.Kind, e.Contact.LookupAliases = Profile, variants(current, nil)
		return e
	}
	return s.malformed(text.Refuse("system", "the old id is missing"))
}

// variants returns the other spellings of the ids that are phone numbers, without ids and known.
func variants(ids, known []visitor.Identity) []visitor.Identity {
	var out []visitor.Identity
	for _, id := range ids {
		id.ExternalID = address.OtherSpelling(id.ExternalID)
		if id.ExternalID != "" && !slices.ContainsFunc(slices.Concat(ids, known, out), id.Is) {
			out = append(out, id)
		}
	}
	return out
}

// digits returns the digits of a formatted number.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
