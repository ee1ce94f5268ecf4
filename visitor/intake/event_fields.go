package intake

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// eventFields has the fields that events of every kind have.
type eventFields struct {
	source  visitor.Source
	account string // of the business
	inbox   string // the account that the person wrote to, if it is one that can answer
	via     string
	id      string
	at      time.Time
	payload []byte // the channel's JSON of the event
}

func (s eventFields) event(kind Kind) Event {
	id := s.id
	if _, err := text.Token("event id", id, visitor.MaxIdentity); err != nil {
		id = digest(id)
	}
	return Event{
		Kind: kind, Account: s.account, Via: eventName(s.via),
		Contact: visitor.Contact{Source: s.source, EventID: id, OccurredAt: s.at},
	}
}

func (s eventFields) ignore(why Reason) Event {
	e := s.event(Ignored)
	e.Reason = why
	return e
}

func (s eventFields) malformed(err error) Event {
	e := s.ignore(Malformed)
	e.Err = err
	return e
}

// person returns the event of a person with these ids in the scope. The first non-empty id is
// the ExternalID, the others are in AlternateIDs.
func (s eventFields) person(kind Kind, scope string, ids ...scalar) Event {
	refs, err := identities(s.source, scope, ids...)
	if err != nil {
		return s.malformed(err)
	}
	if len(refs) == 0 {
		return s.malformed(text.Refuse("external_id", "missing"))
	}
	e := s.event(kind)
	e.Contact.Account, e.Contact.ExternalID = scope, refs[0].ExternalID
	e.Contact.Inbox = s.validInbox()
	e.Payload = s.payload
	e.Contact.UpdateOnly = kind != Inbound
	if len(refs) > 1 {
		e.Contact.AlternateIDs = refs[1:]
	}
	return e
}

// consentSuffix makes the id of a Consent event from that of the message that it is part of.
const consentSuffix = ":consent"

// permission returns the Consent event of an entry, which gets the subject and the time.
func (s eventFields) permission(address scalar, entry consent.Entry) Event {
	entry.Subject, entry.At = s.subject(address), s.at
	return s.signal(address, Event{Consent: &entry})
}

// health returns the Consent event of a report.
func (s eventFields) health(address scalar, state consent.HealthState, code string) Event {
	report := consent.HealthReport{Subject: s.subject(address), State: state, At: s.at, Code: code}
	return s.signal(address, Event{Health: &report})
}

func (s eventFields) signal(address scalar, what Event) Event {
	if address == "" {
		return s.ignore(NoSender)
	}
	if _, err := s.subject(address).Normalize(); err != nil {
		return s.malformed(err)
	}
	e := s.event(Consent)
	e.Consent, e.Health = what.Consent, what.Health
	return e
}

// subject returns an address towards the account that the person wrote to.
func (s eventFields) subject(address scalar) consent.Subject {
	return consent.Subject{Channel: consent.Channel(s.source), Sender: s.validInbox(), Address: string(address)}
}

// validInbox returns the inbox, "" if it is not valid, which must not cost the person.
func (s eventFields) validInbox() string {
	inbox, _ := text.Token("inbox", s.inbox, visitor.MaxIdentity)
	return inbox
}

// identities returns the ids as identities in the scope, without duplicates and empty ones. An id
// that is not valid is left out if there is a valid one, so that it does not cost the person.
func identities(source visitor.Source, scope string, ids ...scalar) ([]visitor.Identity, error) {
	if _, err := text.Token("account", scope, visitor.MaxIdentity); err != nil {
		return nil, err
	}
	var refs []visitor.Identity
	var refused error
	for _, id := range ids {
		if _, err := text.Token("external_id", string(id), visitor.MaxIdentity); err != nil {
			refused = err
			continue
		}
		ref := visitor.Identity{Source: source, Account: scope, ExternalID: string(id)}
		if id != "" && !slices.ContainsFunc(refs, ref.Is) {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return nil, refused
	}
	return refs, nil
}
