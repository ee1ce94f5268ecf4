package filter

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

// Kind is the kind of a field: it decides the operators.
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
	AttrKind     Kind = "attr" // text, number, bool, time or list, as the attribute's value is
)

// Field is a row of the field table: all that is known of a field.
type Field struct {
	Name   string // as in the text and JSON forms
	Label  string // for people
	Kind   Kind
	Ops    []Op
	Column string // the stored column that carries it; "" where a table of its own does
}

var (
	textOps    = []Op{OpIn, OpContains, OpPrefix, OpSuffix, OpExists}
	orderedOps = []Op{OpIn, OpLess, OpAtMost, OpGreater, OpAtLeast, OpBetween, OpExists}
)

// fields is the field table. A new field is one row here, and a line in text or time
// where it has a column; tests fail until every engine knows it.
var fields = []Field{
	{Name: "source", Label: "Source", Kind: EnumKind, Ops: []Op{OpIn}, Column: "source"},
	{Name: "tag", Label: "Tag", Kind: TagKind, Ops: []Op{OpIn, OpAll, OpExists}},
	{Name: "group", Label: "Group", Kind: GroupKind, Ops: []Op{OpIn, OpAll, OpExists}},
	{Name: "name", Label: "Name", Kind: TextKind, Ops: textOps, Column: "name_fold"},
	{Name: "email", Label: "E-mail", Kind: TextKind, Ops: textOps, Column: "email_fold"},
	{Name: "phone", Label: "Phone", Kind: PhoneKind, Ops: textOps, Column: "phone"},
	{Name: "created", Label: "Created", Kind: TimeKind, Ops: orderedOps, Column: "created_at"},
	{Name: "updated", Label: "Updated", Kind: TimeKind, Ops: orderedOps, Column: "updated_at"},
	{Name: "seen", Label: "Last seen", Kind: TimeKind, Ops: orderedOps, Column: "last_seen_at"},
	{Name: "id", Label: "ID", Kind: IDKind, Ops: []Op{OpIn}, Column: "id"},
	{Name: "identity", Label: "Channel identity", Kind: IdentityKind, Ops: []Op{OpIn, OpExists}},
	{Name: "attr", Label: "Attribute", Kind: AttrKind,
		Ops: []Op{OpIn, OpContains, OpPrefix, OpSuffix, OpExists, OpLess, OpAtMost, OpGreater, OpAtLeast, OpBetween}},
}

// Fields returns the field table.
func Fields() []Field { return slices.Clone(fields) }

func fieldNamed(name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// text returns the text of v that the field is. A table of functions would be neater, but
// would move every visitor that is matched to the heap.
func (f *Field) text(v *visitor.Visitor) string {
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

// time returns the time of v that the field is.
func (f *Field) time(v *visitor.Visitor) time.Time {
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
