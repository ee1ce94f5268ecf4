package store

import (
	"context"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// CaptureOutcome is what a capture did.
type CaptureOutcome string

// The outcomes of a capture.
const (
	CaptureCreated CaptureOutcome = "created" // a visitor was created
	CaptureUpdated CaptureOutcome = "updated" // a visitor was found and changed
	CaptureMatched CaptureOutcome = "matched" // a visitor was found; at most its times of last contact changed
	CaptureIgnored CaptureOutcome = "ignored" // nothing was done; see the Reason
)

// CaptureReason is a code for how a capture found its visitor, or why it was ignored.
type CaptureReason string

// The reasons of a capture.
const (
	NewPerson        CaptureReason = CaptureReason(driver.NewPerson)        // no visitor had these ids
	SameIdentity     CaptureReason = CaptureReason(driver.SameIdentity)     // found by source, account and external id
	AlternateID      CaptureReason = CaptureReason(driver.AlternateID)      // found by another id of the same person
	OtherSpelling    CaptureReason = CaptureReason(driver.OtherSpelling)    // found by another spelling of the number
	SameEmail        CaptureReason = CaptureReason(driver.SameEmail)        // found by e-mail, if Options.Capture allows it
	SamePhone        CaptureReason = CaptureReason(driver.SamePhone)        // found by phone, if Options.Capture allows it
	AlreadyProcessed CaptureReason = CaptureReason(driver.AlreadyProcessed) // ignored: the event was captured before
	UnknownPerson    CaptureReason = CaptureReason(driver.UnknownPerson)    // ignored: no visitor has these ids, and the contact is UpdateOnly
)

var reasonTexts = map[CaptureReason]string{
	NewPerson:        "no visitor had these ids",
	SameIdentity:     "found by this id",
	AlternateID:      "found by another id of the same person",
	OtherSpelling:    "found by another spelling of the number",
	SameEmail:        "found by the e-mail address",
	SamePhone:        "found by the phone number",
	AlreadyProcessed: "the event was processed before",
	UnknownPerson:    "no visitor has these ids, and such an event does not create one",
}

// Text returns the reason in English, or "" for an unknown code.
func (r CaptureReason) Text() string { return reasonTexts[r] }

// Captured is the result of a capture.
type Captured struct {
	Visitor       visitor.Visitor // after the capture; zero if none was found or created
	Outcome       CaptureOutcome
	Reason        CaptureReason // how the visitor was found, or why the contact was ignored
	InvalidFields []error       // a *visitor.FieldError for each field that was left out
	Err           error         // CaptureAll only: why the contact was refused; it matches ErrInvalid
}

// Capture records a contact, the data about a person in an event of a channel. It finds the
// visitor by any id of the contact or creates one, and fills the profile according to
// Options.Capture. Events can be repeated, reordered and captured concurrently with the same
// result; an event whose id was captured before changes nothing. A visitor without a name gets
// a readable placeholder (see Visitor.Placeholder) until a name is known.
//
// An unverified e-mail or phone fills the profile, but matches no visitor unless
// Options.Capture allows it. If the channel reports two ids as one person's and two visitors
// have them, these are merged (see Unmerge), unless they have different ids of one form on the
// same account.
//
// The error matches ErrInvalid if an id is missing or invalid, or the visitor would exceed a
// limit; nothing is changed then. Other invalid fields are left out and listed in
// Captured.InvalidFields.
func (w *Workspace) Capture(ctx context.Context, c visitor.Contact) (Captured, error) {
	const op = "capture contact"
	change, refused, err := w.capture(c)
	if err != nil {
		return Captured{}, fail(op, err)
	}
	outcome, err := w.applyLast(ctx, op, change)
	if err != nil {
		return Captured{}, err
	}
	return captured(outcome, refused), nil
}

// capture returns the change that captures c, and the errors of the fields that are left out.
func (w *Workspace) capture(c visitor.Contact) (change driver.CaptureContact, refused []error, err error) {
	now := w.now()
	c, refused, err = w.rules.Contact(c, now)
	if err != nil {
		return change, nil, err
	}
	change = driver.CaptureContact{Audit: w.audit(now), ID: w.o.NewID(now), Contact: c, Policy: w.o.Capture}
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
	r := Captured{Visitor: lo.FromPtr(o.Visitor), Outcome: CaptureMatched, Reason: CaptureReason(o.Reason), InvalidFields: refused}
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

// ProfileFetcher requests the profile of a person from a channel, such as the name, which
// many events do not contain, and returns the contact with it.
type ProfileFetcher func(ctx context.Context, c visitor.Contact) (visitor.Contact, error)

// EnrichProfile fetches the profile of a person who was captured with a placeholder name, and
// captures it. It never creates a visitor. Call it after the event has been answered, as
// channels are slow. The error is that of fetch or of Capture.
func (w *Workspace) EnrichProfile(ctx context.Context, c visitor.Contact, fetch ProfileFetcher) (Captured, error) {
	profile, err := fetch(ctx, visitor.Contact{Source: c.Source, Account: c.Account, ExternalID: c.ExternalID})
	if err != nil {
		return Captured{}, fail("enrich profile", err)
	}
	profile.Source, profile.Account, profile.ExternalID = c.Source, c.Account, c.ExternalID
	profile.UpdateOnly, profile.EventID = true, ""
	return w.Capture(ctx, profile)
}
