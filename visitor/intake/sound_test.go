package intake_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// sound returns an error if a result breaks a rule that holds for every delivery.
func sound(batch intake.Batch, err error) error {
	if err != nil {
		var typed *intake.Error
		switch {
		case len(batch.Events) > 0:
			return errors.New("both events and an error")
		case !errors.As(err, &typed):
			return fmt.Errorf("error of type %T", err)
		case !errors.Is(err, intake.ErrSignature) && !errors.Is(err, intake.ErrInvalid):
			return errors.New("an error that matches no sentinel")
		}
		return nil
	}
	for i, e := range batch.Events {
		if err := soundEvent(e); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
	}
	return nil
}

func soundEvent(e intake.Event) error {
	c := e.Contact
	if c.Source == "" {
		return errors.New("no source")
	}
	bare := visitor.Contact{Source: c.Source, EventID: c.EventID, OccurredAt: c.OccurredAt}
	person := e.Kind != intake.Ignored && e.Kind != intake.Consent
	if e.Payload != nil && !person || e.Payload == nil && person && c.Source != visitor.Chat && c.Source != "form" {
		return errors.New("a payload without a person, or a person without a payload")
	}
	if (e.Consent != nil || e.Health != nil) != (e.Kind == intake.Consent) || e.Consent != nil && e.Health != nil {
		return errors.New("not exactly one of consent and health, or of another kind")
	}
	if e.Kind == intake.Consent {
		return soundConsent(e, bare)
	}
	if e.Kind == intake.Ignored {
		field := (*visitor.FieldError)(nil)
		switch {
		case e.Reason == "":
			return errors.New("ignored without a reason")
		case !reflect.DeepEqual(c, bare):
			return errors.New("an ignored event that holds something of a person")
		case (e.Reason == intake.Malformed) != errors.As(e.Err, &field):
			return errors.New("malformed without a field, or a field without malformed")
		}
		return nil
	}
	if e.Kind == intake.Consent {
		bare := visitor.Contact{Source: c.Source, EventID: c.EventID, OccurredAt: c.OccurredAt}
		if !reflect.DeepEqual(c, bare) || (e.Consent == nil) == (e.Health == nil) || e.Payload != nil {
			return errors.New("a consent event that is not one entry or one report")
		}
		return nil
	}
	if e.Reason != "" || e.Err != nil {
		return errors.New("a reason or an error, but not ignored")
	}
	if (e.Kind == intake.IdentityChange) != (len(e.Contact.PreviousIDs) > 0) {
		return errors.New("old ids without a change, or a change without old ids")
	}
	if (e.Kind == intake.Inbound) == e.Contact.UpdateOnly {
		return errors.New("inbound that makes nobody, or another kind that makes somebody")
	}
	return soundPerson(e)
}

// soundPerson checks that visitor.Rules accept the data from a channel. Typed data is excepted: the
// store refuses it if it is not valid.
func soundPerson(e intake.Event) error {
	c, rules := e.Contact, visitor.Rules{}
	own := c.Identity()
	var seen []visitor.Identity
	for _, id := range c.Identities() {
		if slices.ContainsFunc(seen, id.Is) {
			return errors.New("the same id twice")
		}
		seen = append(seen, id)
	}
	for _, id := range c.LookupAliases {
		if slices.ContainsFunc(seen, id.Is) {
			return errors.New("a variant that is an id")
		}
	}
	for _, id := range seen {
		id.Source = visitor.Chat // the zero rules do not know a host's own sources
		if _, err := rules.Identity(id); err != nil {
			return err
		}
	}
	if c.Source == visitor.Chat || c.Source == "form" {
		return nil
	}
	if name, err := visitor.NormalizeName(c.Name); c.Name != "" && (err != nil || name != c.Name) {
		return fmt.Errorf("name: %w", err)
	}
	if phone, err := rules.NormalizePhone(c.Phone); err != nil || phone != c.Phone {
		return fmt.Errorf("phone: %w", err)
	}
	own.Username = c.Username
	if kept, err := rules.Identity(own); err != nil || kept.Username != c.Username {
		return fmt.Errorf("username: %w", err)
	}
	return nil
}

// soundConsent checks that a Consent event says what it is about, and holds nothing but the address.
func soundConsent(e intake.Event, bare visitor.Contact) error {
	subject, stated := consent.Subject{}, false
	switch {
	case e.Consent != nil:
		subject, stated = e.Consent.Subject, e.Consent.State != "" && e.Consent.Origin != "" && e.Consent.Evidence.Kind != ""
	case e.Health != nil:
		subject, stated = e.Health.Subject, e.Health.State != ""
	}
	switch {
	case !reflect.DeepEqual(e.Contact, bare):
		return errors.New("a signal of consent that holds something of a person")
	case e.Reason != "" || e.Err != nil:
		return errors.New("a reason or an error, but not ignored")
	case !stated:
		return errors.New("a signal of consent without a state or an origin")
	case subject.Channel == "" || subject.Address == "":
		return errors.New("a signal of consent without a subject")
	case len(subject.Address) > visitor.MaxIdentity || len(subject.Sender) > visitor.MaxIdentity:
		return errors.New("a subject that is too long")
	}
	if err := normalizable(e); err != nil {
		return fmt.Errorf("a signal of consent that cannot be recorded: %w", err)
	}
	return nil
}

// normalizable returns an error if package consent refuses the entry or report of an event.
func normalizable(e intake.Event) (err error) {
	recorded := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	if e.Health != nil {
		_, err = e.Health.Normalize(recorded)
		return err
	}
	if !e.Consent.Expires.IsZero() {
		recorded = e.Consent.Expires.Add(-time.Second)
	}
	_, err = e.Consent.Normalize(recorded)
	return err
}
