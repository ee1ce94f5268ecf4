package bound

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

// Kind is the kind of a field. It decides which operators a condition on the field has.
type Kind string

// The kinds of fields.
const (
	EnumKind     Kind = "enum"
	TextKind     Kind = "text"
	PhoneKind    Kind = "phone"
	IDKind       Kind = "id"
	TimeKind     Kind = "time"
	TagKind      Kind = "tag"
	GroupKind    Kind = "group"
	IdentityKind Kind = "identity"
	InboxKind    Kind = "inbox" // the inboxes of all identities
	AttrKind     Kind = "attr"  // text, number, bool, time or list, as the attribute's value is
	// Conditions on the following are Permissions; those on all others are Tests.
	CanKind     Kind = "can"     // whether marketing may be sent
	ConsentKind Kind = "consent" // what people said about messages
	HealthKind  Kind = "health"  // whether messages arrive
)

// Field is a field of a visitor that a Test or a Permission can be about.
type Field struct {
	Name   string // as in the text and JSON forms of filters
	Kind   Kind
	Column string // the column of the SQL engines that stores it; "" if it is more than a column
}

// fields is the table of all fields. A new field is one row here, and a case in text or time
// if it has a column; tests fail until every engine knows it.
var fields = []Field{
	{Name: "source", Kind: EnumKind, Column: "source"},
	{Name: "tag", Kind: TagKind},
	{Name: "group", Kind: GroupKind},
	{Name: "name", Kind: TextKind, Column: "name_fold"},
	{Name: "email", Kind: TextKind, Column: "email_fold"},
	{Name: "phone", Kind: PhoneKind, Column: "phone"},
	{Name: "created", Kind: TimeKind, Column: "created_at"},
	{Name: "updated", Kind: TimeKind, Column: "updated_at"},
	{Name: "seen", Kind: TimeKind, Column: "last_seen_at"},
	{Name: "id", Kind: IDKind, Column: "id"},
	{Name: "identity", Kind: IdentityKind},
	{Name: "inbox", Kind: InboxKind},
	{Name: "attr", Kind: AttrKind},
	{Name: "can", Kind: CanKind},
	{Name: "consent", Kind: ConsentKind},
	{Name: "health", Kind: HealthKind},
}

// Fields returns all fields, in the order in which a user interface lists them.
func Fields() []Field { return slices.Clone(fields) }

// FieldNamed returns the field with that name, nil if there is none. It returns the same
// pointer on each call; do not change the field.
func FieldNamed(name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// Text returns the field's value in v, "" for a field that is not an EnumKind, IDKind,
// TextKind or PhoneKind. A table of functions would be shorter, but would move every visitor
// that is matched to the heap.
func (f *Field) Text(v *visitor.Visitor) string {
	switch f.Name {
	case "source":
		return string(v.Source)
	case "name":
		return v.Name
	case "email":
		return v.Email
	case "phone":
		return v.Phone
	case "id":
		return string(v.ID)
	}
	return ""
}

// Time returns the field's value in v, the zero time for a field that is not a TimeKind.
func (f *Field) Time(v *visitor.Visitor) time.Time {
	switch f.Name {
	case "created":
		return v.CreatedAt
	case "updated":
		return v.UpdatedAt
	case "seen":
		return v.LastSeenAt
	}
	return time.Time{}
}
