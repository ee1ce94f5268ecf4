package intake

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// stamp is what every event has, whatever its kind.
type stamp struct {
	source  visitor.Source
	account string // that it came to
	via     string
	id      string
	at      time.Time
}

func (s stamp) event(kind Kind) Event {
	id := s.id
	if _, err := text.Token("event id", id, visitor.MaxIdentity); err != nil {
		id = digest(id)
	}
	return Event{
		Kind: kind, Account: s.account, Via: word(s.via),
		Contact: visitor.Contact{Source: s.source, EventID: id, OccurredAt: s.at},
	}
}

func (s stamp) ignore(why Reason) Event {
	e := s.event(Ignored)
	e.Reason = why
	return e
}

func (s stamp) malformed(err error) Event {
	e := s.ignore(Malformed)
	e.Err = err
	return e
}

// person returns the event of a person, who has the ids within the scope: the first that
// is not empty is the contact's, the others are in Also.
func (s stamp) person(kind Kind, scope string, ids ...scalar) Event {
	refs, err := identities(s.source, scope, ids...)
	if err != nil {
		return s.malformed(err)
	}
	if len(refs) == 0 {
		return s.malformed(text.Refuse("external_id", "missing"))
	}
	e := s.event(kind)
	e.Contact.Account, e.Contact.ExternalID = scope, refs[0].ExternalID
	e.Contact.UpdateOnly = kind != Inbound
	if len(refs) > 1 {
		e.Contact.AlternateIDs = refs[1:]
	}
	return e
}

// identities returns the ids that are not empty as identities within the scope, each once.
func identities(source visitor.Source, scope string, ids ...scalar) ([]visitor.Identity, error) {
	if _, err := text.Token("account", scope, visitor.MaxIdentity); err != nil {
		return nil, err
	}
	var refs []visitor.Identity
	for _, id := range ids {
		if _, err := text.Token("external_id", string(id), visitor.MaxIdentity); err != nil {
			return nil, err
		}
		ref := visitor.Identity{Source: source, Account: scope, ExternalID: string(id)}
		if id != "" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}
