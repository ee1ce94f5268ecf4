package store

import (
	"context"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// CaptureOutcome is what a capture did.
type CaptureOutcome string

// The outcomes of a capture.
const (
	CaptureCreated CaptureOutcome = "created" // a visitor was made
	CaptureUpdated CaptureOutcome = "updated" // a visitor was found, and something of it is new
	CaptureMatched CaptureOutcome = "matched" // a visitor was found, who at most was seen again
	CaptureIgnored CaptureOutcome = "ignored" // nothing was done; the Reason says why
)

// CaptureReason says how a capture found its visitor, or why it was ignored.
type CaptureReason string

// The reasons.
const (
	NewPerson        = CaptureReason(driver.NewPerson)
	SameIdentity     = CaptureReason(driver.SameIdentity)
	AlternateID      = CaptureReason(driver.AlternateID)
	OtherSpelling    = CaptureReason(driver.OtherSpelling)
	SameEmail        = CaptureReason(driver.SameEmail)
	SamePhone        = CaptureReason(driver.SamePhone)
	AlreadyProcessed = CaptureReason(driver.AlreadyProcessed)
	UnknownPerson    = CaptureReason(driver.UnknownPerson)
)

// Text returns the reason in English, "" for an unknown one.
func (r CaptureReason) Text() string {
	switch r {
	case NewPerson:
		return "nobody had these ids"
	case SameIdentity:
		return "found by this id"
	case AlternateID:
		return "found by another id of the same person"
	case OtherSpelling:
		return "found by another spelling of the number"
	case SameEmail:
		return "found by the e-mail address"
	case SamePhone:
		return "found by the phone number"
	case AlreadyProcessed:
		return "the event was processed before"
	case UnknownPerson:
		return "nobody has these ids, and the event is not one that creates a visitor"
	}
	return ""
}

// Captured is the result of a capture.
type Captured struct {
	Visitor       visitor.Visitor // as it is now; zero where nobody was found or made
	Outcome       CaptureOutcome
	Reason        CaptureReason // how the visitor was found, or why the contact was ignored
	InvalidFields []error       // of what was left out, a *visitor.FieldError each
	Err           error         // of CaptureAll: why nothing of the contact was taken in; else nil
}

// Capture takes in what an event on a channel tells of a person: it finds the visitor by
// any id that the contact gives, else makes one, with the contact's source, and fills the
// profile as Options.Capture says. It is safe to repeat, in any order and at once: the same
// events end in the same visitors, and an event with an id that was taken in before
// changes nothing. A contact without a name gets a readable one that is made up
// (Visitor.Placeholder), until a real one is told.
//
// A typed e-mail or phone is a claim: it fills the profile but finds nobody, unless
// Options.Capture allows it. Where the channel itself says that two ids are one person's,
// and two visitors have them, these are merged, which Unmerge undoes; not so where they
// have different ids of one form on the same account.
//
// The error matches ErrInvalid when an id is missing or not valid, or the visitor would pass
// a limit; nothing is changed then. Other fields that are not valid are left out and told in
// Captured.Refused.
func (w *Workspace) Capture(ctx context.Context, c visitor.Contact) (Captured, error) {
	const op = "capture contact"
	change, refused, err := w.capture(c)
	if err != nil {
		return Captured{}, fail(op, err)
	}
	outcomes, err := w.apply(ctx, change)
	if err != nil {
		return Captured{}, fail(op, err)
	}
	return captured(outcomes[0], refused), nil
}

// capture returns the change that takes c in, and what of c is left out.
func (w *Workspace) capture(c visitor.Contact) (change driver.CaptureContact, refused []error, err error) {
	now := w.now()
	c, refused, err = w.rules.Contact(c, now)
	if err != nil {
		return change, nil, err
	}
	change = driver.CaptureContact{Audit: w.audit(now), ID: w.newID(now), Contact: c, Policy: w.policy}
	for _, name := range c.Tags {
		d, err := tag.Draft{Name: name}.Normalize()
		if err != nil {
			return change, nil, err
		}
		change.Tags = append(change.Tags, newTag(d, now))
	}
	return change, refused, nil
}

func captured(o driver.Outcome, refused []error) Captured {
	r := Captured{Visitor: o.Visitor, Outcome: CaptureMatched, Reason: CaptureReason(o.Reason), InvalidFields: refused}
	switch {
	case o.Reason == driver.AlreadyProcessed, o.Effect == driver.Missing:
		r.Outcome = CaptureIgnored
	case o.Effect == driver.Created:
		r.Outcome = CaptureCreated
	case o.Effect == driver.Updated:
		r.Outcome = CaptureUpdated
	}
	return r
}

// ProfileFetcher asks a channel for what its events do not tell of a person, such as the
// name, and returns the contact with it. A channel may refuse for people who are there.
type ProfileFetcher func(ctx context.Context, c visitor.Contact) (visitor.Contact, error)

// Complete asks the channel for the profile of a person who was captured under a name that
// was made up, and takes in what it tells. It makes no visitor. Call it after the event
// has been answered, since channels are slow. The error is the fetcher's, or Capture's.
func (w *Workspace) EnrichProfile(ctx context.Context, c visitor.Contact, fetch ProfileFetcher) (Captured, error) {
	told, err := fetch(ctx, visitor.Contact{Source: c.Source, Account: c.Account, ExternalID: c.ExternalID})
	if err != nil {
		return Captured{}, fail("complete contact", err)
	}
	told.Source, told.Account, told.ExternalID = c.Source, c.Account, c.ExternalID
	told.UpdateOnly, told.EventID = true, ""
	return w.Capture(ctx, told)
}
