package intake

import (
	"cmp"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// whatsappReader converts the messages of one change. It finds their contacts by any id, since
// contacts are not in the order of messages.
type whatsappReader struct {
	why      Reason // to ignore all messages; "" to convert them
	business string // number of the business, in digits
	only     *whatsappContact
	contacts map[scalar]*whatsappContact
}

func (v *whatsappValue) reader(why Reason) whatsappReader {
	r := whatsappReader{
		why: why, business: digits(string(v.Metadata.DisplayNumber)),
		contacts: make(map[scalar]*whatsappContact, 2*len(v.Contacts)),
	}
	for i := range v.Contacts {
		c := &v.Contacts[i]
		for _, id := range []scalar{c.WaID, c.UserID, c.ParentUserID} {
			r.contacts[id] = c
		}
	}
	delete(r.contacts, "")
	if len(v.Contacts) == 1 && len(v.Messages) == 1 {
		r.only = &v.Contacts[0]
	}
	return r
}

func (r whatsappReader) event(s eventFields, m whatsappMessage) Event {
	switch {
	case r.why != "":
		return s.ignore(r.why)
	case m.GroupID.set:
		return s.ignore(Group)
	case m.Type == "system", m.System != nil:
		return r.identityChange(s, m)
	case m.Type == "reaction", m.Reaction.set:
		return s.ignore(Reaction)
	case m.Type == "revoke", m.Revoke.set:
		return s.ignore(Deleted)
	case m.Type == "unsupported":
		return s.ignore(Unsupported)
	case m.Type == "":
		return s.malformed(text.Refuse("type", "missing"))
	case m.Type == "edit", m.Edit.set:
		return r.sender(s, Profile, m)
	}
	return r.sender(s, Inbound, m)
}

// sender returns the event of the person who sent m.
func (r whatsappReader) sender(s eventFields, kind Kind, m whatsappMessage) Event {
	c := r.contact(m)
	shared, sharedID := m.sharedNumber()
	e := s.person(kind, "",
		cmp.Or(m.FromUserID, c.UserID), cmp.Or(m.FromParentUserID, c.ParentUserID), m.From, c.WaID, sharedID)
	if e.Kind == Ignored {
		return e
	}
	ids := e.Contact.Identities()
	if slices.ContainsFunc(ids, func(i visitor.Identity) bool { return i.ExternalID == r.business }) {
		return s.ignore(Echo)
	}
	e.Contact.Name = cleanText(c.Profile.Name, visitor.MaxName)
	e.Contact.Username = username(c.Profile.Username)
	for _, number := range []string{string(m.From), string(c.WaID), shared} {
		if e.Contact.Phone = phone(number); e.Contact.Phone != "" {
			break
		}
	}
	e.Contact.LookupAliases = variants(ids, nil)
	return e
}

// contact returns the contact of the sender of m, the zero value if there is none.
func (r whatsappReader) contact(m whatsappMessage) whatsappContact {
	ids := []scalar{m.FromUserID, m.FromParentUserID, m.From}
	for _, spelling := range Variants(string(m.From)) {
		ids = append(ids, scalar(spelling))
	}
	for _, id := range ids {
		if c := r.contacts[id]; c != nil {
			return *c
		}
	}
	if r.only != nil && m.From+m.FromUserID+m.FromParentUserID == "" {
		return *r.only
	}
	return whatsappContact{}
}

// sharedNumber returns the number that the sender shared on request. Any other contact card in a
// message is of a third person.
func (m whatsappMessage) sharedNumber() (number string, waID scalar) {
	if len(m.Contacts) != 1 || !strings.HasPrefix(m.Contacts[0].Origin, "contact_request") || len(m.Contacts[0].Phones) == 0 {
		return "", ""
	}
	p := m.Contacts[0].Phones[0]
	if number = phone(string(p.WaID)); number != "" {
		return number, p.WaID
	}
	if strings.HasPrefix(p.Phone, "+") {
		return phone(p.Phone), ""
	}
	return "", ""
}

// identityChange returns the event of a person whose ids have changed.
func (r whatsappReader) identityChange(s eventFields, m whatsappMessage) Event {
	if m.System == nil {
		return s.malformed(text.Refuse("system", "missing"))
	}
	sys := m.System
	s.via = sys.Type
	switch s.via {
	case "user_changed_number", "customer_changed_number", "user_changed_user_id":
	default:
		return s.ignore(System)
	}
	waID := cmp.Or(sys.WaID, sys.NewWaID)
	e := s.person(IdentityChange, "", sys.UserID, sys.ParentUserID, waID)
	if e.Kind == Ignored {
		return e
	}
	now := e.Contact.Identities()
	was, err := identities(s.source, "", sys.PreviousUserID, sys.PreviousParentID, m.FromUserID, m.FromParentUserID, m.From)
	if err != nil {
		return s.malformed(err)
	}
	was = slices.DeleteFunc(was, func(i visitor.Identity) bool { return slices.Contains(now, i) })
	if len(was) == 0 {
		return s.malformed(text.Refuse("system", "the old id is missing"))
	}
	e.Contact.PreviousIDs = append(was, variants(was, now)...) // in every spelling
	e.Contact.Phone = phone(string(waID))
	return e
}

// variants returns the other spellings of the ids that are phone numbers, without ids and known.
func variants(ids, known []visitor.Identity) []visitor.Identity {
	var out []visitor.Identity
	for _, id := range ids {
		for _, spelling := range Variants(id.ExternalID) {
			id.ExternalID = spelling
			if !slices.Contains(ids, id) && !slices.Contains(known, id) && !slices.Contains(out, id) {
				out = append(out, id)
			}
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
