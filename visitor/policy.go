package visitor

import "github.com/contactpipeline/visitors/tag/text"

// Policy says which fields of a visitor captured contacts fill, and by what a contact
// finds a visitor beside its ids. The zero Policy holds the defaults.
type Policy struct {
	Name       Fill `json:"name,omitempty"`       // default: IfNewer
	Email      Fill `json:"email,omitempty"`      // default: IfEmpty
	Phone      Fill `json:"phone,omitempty"`      // default: IfEmpty
	Attributes Fill `json:"attributes,omitempty"` // of each by itself; default: IfEmpty

	// ByEmail and ByPhone say when a contact without a known id is taken for a visitor who
	// has its e-mail or phone, and gets its ids. Default: MatchNever, since an address that was
	// typed is no proof of who typed it.
	ByEmail MatchPolicy `json:"by_email,omitempty"`
	ByPhone MatchPolicy `json:"by_phone,omitempty"`
}

// Fill says when a captured value goes into a field. Whatever it says, events may come
// late and out of order: the field ends as if each had come in its time. A value that
// somebody has proven goes before one that is only claimed. One that was set by hand stays,
// but for Always; one that was cleared by hand is filled only by what happened after.
type Fill string

// The fills.
const (
	Never   Fill = "never"    // the field is left alone
	IfEmpty Fill = "if_empty" // the value that was told first stays
	IfNewer Fill = "if_newer" // the value that was told last stays
	Always  Fill = "always"   // as IfNewer, and goes over a value that was set by hand
)

// MatchPolicy says when a contact without a known id matches a visitor by its e-mail or
// phone.
type MatchPolicy string

// The match policies.
const (
	MatchNever    MatchPolicy = ""         // the default
	MatchVerified MatchPolicy = "verified" // if both, contact and visitor, have a verified value or one that was set by hand
	MatchAny      MatchPolicy = "any"      // always
)

// Validate returns a *FieldError for a fill or match policy that is none of the above.
func (p Policy) Validate() error {
	for _, f := range []Fill{p.Name, p.Email, p.Phone, p.Attributes} {
		switch f {
		case "", Never, IfEmpty, IfNewer, Always:
		default:
			return text.Refuse("policy", "want never, if_empty, if_newer or always")
		}
	}
	for _, t := range []MatchPolicy{p.ByEmail, p.ByPhone} {
		switch t {
		case MatchNever, MatchVerified, MatchAny:
		default:
			return text.Refuse("policy", "want verified or any")
		}
	}
	return nil
}

func (f Fill) or(standard Fill) Fill {
	if f == "" {
		return standard
	}
	return f
}

// word is a value as a channel told it.
type word struct {
	value string
	Provenance
}

// takes reports whether the word of a channel goes over what a field holds: a value, and
// its origin if it has one.
func (f Fill) takes(new, old word, told bool) bool {
	switch {
	case new.value == "" || f == Never:
		return false
	case !told:
		return old.value == "" || f == Always
	case old.Source == "": // cleared by hand
		return new.At.After(old.At)
	}
	return f.beats(new, old)
}

// beats orders the words of channels. It is a total order but for words that are equal, so
// that of many one stays, whichever comes first.
func (f Fill) beats(a, b word) bool {
	switch {
	case a.Placeholder != b.Placeholder:
		return b.Placeholder
	case a.Unverified != b.Unverified:
		return b.Unverified
	case f == IfEmpty && a.Changed != b.Changed:
		return a.Changed
	case !a.At.Equal(b.At):
		return a.At.After(b.At) != (f == IfEmpty && !a.Changed)
	case a.value != b.value:
		return a.value < b.value
	case a.Changed != b.Changed:
		return a.Changed
	}
	return a.identity().Compare(b.identity()) < 0
}
