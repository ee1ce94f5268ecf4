package consent

import (
	"cmp"
	"errors"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
)

// State is what was said.
type State string

// The states. Without an entry, the state is unknown.
const (
	Granted State = "granted"
	Denied  State = "denied"
	Pending State = "pending" // asked, and not confirmed yet: only the confirmation may be sent
	// Lifted takes a denial back without agreeing to anything, so that the defaults count again. No
	// Status has it.
	Lifted State = "lifted"
)

var states = codes[State]{
	{Lifted, "takes a denial back"},
	{Pending, "not confirmed yet"},
	{Granted, "agreed"},
	{Denied, "does not want messages"},
}

// ParseState returns the state with that value, in any case and with any space around it. For
// another one it returns a *text.FieldError that lists the states.
func ParseState(s string) (State, error) { return states.parse("state", s) }

// Text returns the state in English, or "" for an unknown one.
func (s State) Text() string { return states.text(s) }

// Origin is where an entry or report comes from. In this order, each ranks above the next at the
// same time.
type Origin string

// The origins.
const (
	Person   Origin = "person"   // the person: a form, a keyword, a link
	Platform Origin = "platform" // the channel, such as the setting "stop marketing" of WhatsApp
	Operator Origin = "operator" // a user of the business
	Import   Origin = "import"   // a file
)

var origins = codes[Origin]{
	{Person, "the person"},
	{Platform, "the channel"},
	{Operator, "a user of the business"},
	{Import, "an import"},
}

// Text returns the origin in English, or "" for an unknown one.
func (o Origin) Text() string { return origins.text(o) }

// Compare returns a negative number if o ranks below p, 0 if they are equal, and a positive one if
// o ranks above p.
func (o Origin) Compare(p Origin) int { return p.place() - o.place() }

// place is 0 for the highest rank. An unknown origin ranks below all.
func (o Origin) place() int {
	if i := origins.index(o); i >= 0 {
		return i
	}
	return len(origins)
}

// speaksForPerson reports whether the person acted, directly or in the settings of the channel.
func (o Origin) speaksForPerson() bool { return o == Person || o == Platform }

// Basis is the legal basis of a grant.
type Basis string

// The bases. The zero value means that none was given.
const (
	ByConsent          Basis = "consent"             // the person agreed
	SoftOptIn          Basis = "soft_opt_in"         // a customer, about similar products
	Implied            Basis = "implied"             // an inquiry or a purchase (CASL)
	Contract           Basis = "contract"            // needed to perform a contract
	LegitimateInterest Basis = "legitimate_interest" // GDPR article 6 (1) f
	NoBasis            Basis = "none"                // known to have none, which permits no grant
)

var bases = codes[Basis]{
	{ByConsent, "consent"},
	{SoftOptIn, "soft opt-in of a customer"},
	{Implied, "implied by an inquiry or a purchase"},
	{Contract, "performance of a contract"},
	{LegitimateInterest, "legitimate interest"},
	{NoBasis, "none"},
}

// Text returns the basis in English, or "" for an unknown one.
func (b Basis) Text() string { return bases.text(b) }

// Limits of entries and reports.
const (
	MaxActor      = 200                // characters of an actor or a cause
	ConfirmWithin = 7 * 24 * time.Hour // default time in which a pending entry can be confirmed
	MaxClockSkew  = 5 * time.Minute    // how far a time can be in the future, as clocks differ
)

// Entry is one statement about a subject: this address may, or must not, be written to.
type Entry struct {
	Subject Subject   `json:"subject"`
	Topic   string    `json:"topic,omitempty"` // key of the topic; empty: the whole channel
	State   State     `json:"state"`
	Origin  Origin    `json:"origin"`
	At      time.Time `json:"at,omitzero"`      // when it was said; zero: when it is recorded
	Expires time.Time `json:"expires,omitzero"` // when it ends; zero: never, and for Pending after ConfirmWithin
	Basis   Basis     `json:"basis,omitempty"`
	// Evidence shows how the entry is known.
	Evidence Evidence `json:"evidence,omitzero"`
	Actor    string   `json:"actor,omitempty"` // who recorded it
	Cause    string   `json:"cause,omitempty"` // why, such as the name of the channel's event
}

// Normalize returns e in normalized form with its defaults, times in UTC to the microsecond, or a
// *text.FieldError. It refuses a time before 1970 and one more than MaxClockSkew after now; an
// expiry of a denial or a Lifted entry, or one that is not after At; their basis; a grant with NoBasis; and
// a grant of an import without a basis.
func (e Entry) Normalize(now time.Time) (Entry, error) {
	var err error
	if e.Subject, err = e.Subject.Normalize(); err != nil {
		return Entry{}, err
	}
	for _, err := range []error{
		checkTopicKey(e.Topic), states.check("state", e.State), origins.check("origin", e.Origin),
		bases.checkOptional("basis", e.Basis),
	} {
		if err != nil {
			return Entry{}, err
		}
	}
	if e.At, err = normalizeAt(e.At, now); err != nil {
		return Entry{}, err
	}
	if e.Expires, err = normalizeExpires(e); err != nil {
		return Entry{}, err
	}
	switch {
	case (e.State == Denied || e.State == Lifted) && e.Basis != "":
		return Entry{}, text.Refuse("basis", "only a grant needs one")
	case e.State == Granted && e.Basis == NoBasis:
		return Entry{}, text.Refuse("basis", "a grant needs one")
	case e.State == Granted && e.Origin == Import && e.Basis == "":
		return Entry{}, text.Refuse("basis", "missing: an imported grant needs one")
	}
	if e.Evidence, err = e.Evidence.Normalize(); err != nil {
		return Entry{}, err
	}
	if e.Actor, err = text.Line("actor", e.Actor, MaxActor); err != nil {
		return Entry{}, err
	}
	if e.Cause, err = text.Line("cause", e.Cause, MaxActor); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// Errors of entries and reports that the application cannot make, or that would have no effect.
var (
	// ErrPlatformOwned is the error of a state that only the channel, or the person on it, changes.
	ErrPlatformOwned = errors.New("consent: a state of the channel, which the application cannot write")
	// ErrDenied is the error of a grant by the business where there is a denial.
	ErrDenied = errors.New("consent: denied, which only the person can lift")
)

// CheckApplication returns why an application cannot record e, nil if it can. status is that of
// the same subject and topic, the zero Status if there is none. ErrPlatformOwned: e is of the
// platform, or is of the business and would lift a denial of the platform. ErrDenied: e is of the
// business and would lift another denial. Denials can always be recorded.
func (e Entry) CheckApplication(status Status) error {
	if e.Origin == Platform {
		return ErrPlatformOwned
	}
	denial, denied := status.denial()
	switch {
	case e.State == Denied || e.Origin == Person || !denied:
		return nil
	case denial.Origin == Platform:
		return ErrPlatformOwned
	}
	return ErrDenied
}

// live reports whether e has not expired at t.
func (e Entry) live(t time.Time) bool { return e.Expires.IsZero() || t.Before(e.Expires) }

// outlasts reports whether e ends later than f.
func (e Entry) outlasts(f Entry) bool {
	return !f.Expires.IsZero() && (e.Expires.IsZero() || e.Expires.After(f.Expires))
}

// compare orders entries in the order in which Fold reads them: by subject and topic, then by time
// and rank. Of entries that are equal in this, the one that permits less comes last. Only
// entries that are equal in everything compare as 0.
func (e Entry) compare(f Entry) int {
	if c := cmp.Or(e.Subject.Compare(f.Subject), cmp.Compare(e.Topic, f.Topic), e.At.Compare(f.At),
		e.Origin.Compare(f.Origin), cmp.Compare(states.index(e.State), states.index(f.State))); c != 0 {
		return c
	}
	switch {
	case e.outlasts(f):
		return -1
	case f.outlasts(e):
		return 1
	}
	return cmp.Or(cmp.Compare(e.State, f.State), cmp.Compare(e.Origin, f.Origin), cmp.Compare(e.Basis, f.Basis),
		e.Evidence.compare(f.Evidence), cmp.Compare(e.Actor, f.Actor), cmp.Compare(e.Cause, f.Cause))
}

func normalizeAt(t, now time.Time) (time.Time, error) {
	if t.IsZero() {
		t = now
	}
	t = t.UTC().Truncate(time.Microsecond)
	switch {
	case t.UnixMicro() <= 0:
		return time.Time{}, text.Refuse("at", "not after 1970-01-01T00:00:00Z")
	case t.After(now.Add(MaxClockSkew)):
		return time.Time{}, text.Refuse("at", "in the future")
	}
	return t, nil
}

func normalizeExpires(e Entry) (time.Time, error) {
	t := e.Expires
	if t.IsZero() {
		if e.State == Pending {
			t = e.At.Add(ConfirmWithin)
		}
		return t, nil
	}
	t = t.UTC().Truncate(time.Microsecond)
	switch {
	case e.State == Denied, e.State == Lifted:
		return time.Time{}, text.Refuse("expires", "only a grant or a pending entry expires")
	case !t.After(e.At):
		return time.Time{}, text.Refuse("expires", "not after the time of the entry")
	case t.Year() > 9999:
		return time.Time{}, text.Refuse("expires", "after the year 9999")
	}
	return t, nil
}
