package visitor

import (
	"slices"

	"github.com/contactpipeline/visitors/tag/text"
)

// Policy decides which fields of a visitor are filled from captured contacts, and whether a
// contact is matched to a visitor by e-mail or phone as well as by id. The zero Policy has
// the defaults.
type Policy struct {
	Name       Fill `json:"name,omitempty"`       // default: IfNewer
	Email      Fill `json:"email,omitempty"`      // default: IfEmpty
	Phone      Fill `json:"phone,omitempty"`      // default: IfEmpty
	Attributes Fill `json:"attributes,omitempty"` // applies to each attribute separately; default: IfEmpty

	// ByEmail and ByPhone set when a contact whose ids are unknown is matched to a visitor with
	// the same e-mail or phone, who then gets the contact's ids. Default: MatchNever, since
	// anybody can type the address of another person.
	ByEmail MatchPolicy `json:"by_email,omitempty"`
	ByPhone MatchPolicy `json:"by_phone,omitempty"`
}

// Fill decides whether a captured value is written to a field. The result does not depend on
// the order in which events arrive, only on when they occurred. A verified value replaces an
// unverified one, never the reverse. A value that was set by hand is replaced only with
// Always; a field that was cleared by hand is filled only from later events.
type Fill string

// Values of Fill.
const (
	Never   Fill = "never"    // the field is not changed
	IfEmpty Fill = "if_empty" // the value of the earliest event stays
	IfNewer Fill = "if_newer" // the value of the latest event stays
	Always  Fill = "always"   // as IfNewer, and also replaces a value that was set by hand
)

// MatchPolicy decides when a contact whose ids are unknown is matched to a visitor by e-mail
// or phone.
type MatchPolicy string

// Values of MatchPolicy.
const (
	MatchNever    MatchPolicy = ""         // the default
	MatchVerified MatchPolicy = "verified" // if the value is verified or set by hand, in the contact and in the visitor
	MatchAny      MatchPolicy = "any"      // always
)

// Validate returns a *FieldError for an unknown Fill or MatchPolicy.
func (p Policy) Validate() error {
	for _, f := range []Fill{p.Name, p.Email, p.Phone, p.Attributes} {
		if !slices.Contains([]Fill{"", Never, IfEmpty, IfNewer, Always}, f) {
			return text.Refuse("policy", "want never, if_empty, if_newer or always")
		}
	}
	for _, m := range []MatchPolicy{p.ByEmail, p.ByPhone} {
		if !slices.Contains([]MatchPolicy{MatchNever, MatchVerified, MatchAny}, m) {
			return text.Refuse("policy", "want verified or any")
		}
	}
	return nil
}

// fieldValue is the value of a field and where it comes from.
type fieldValue struct {
	value string
	Provenance
}

// replaces reports whether a captured value replaces the old value of a field.
// hasProvenance is false if old was set by hand or never set.
func (f Fill) replaces(new, old fieldValue, hasProvenance bool) bool {
	switch {
	case new.value == "" || f == Never:
		return false
	case !hasProvenance:
		return old.value == "" || f == Always
	case old.Source == "": // cleared by hand
		return new.At.After(old.At)
	}
	return f.prefers(new, old)
}

// prefers reports whether a is kept rather than b. It is a total order, so that the same one
// of several captured values is kept, in whatever order they arrive.
func (f Fill) prefers(a, b fieldValue) bool {
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
