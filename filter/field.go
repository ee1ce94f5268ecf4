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

	text func(*visitor.Visitor) string
	time func(*visitor.Visitor) time.Time
}

var (
	textOps    = []Op{OpIn, OpContains, OpPrefix, OpSuffix, OpExists}
	orderedOps = []Op{OpIn, OpLess, OpAtMost, OpGreater, OpAtLeast, OpBetween, OpExists}
)

// fields is the field table. A new field is one row here; tests fail until every
// engine knows it.
var fields = []Field{
	{Name: "source", Label: "Source", Kind: EnumKind, Ops: []Op{OpIn}, Column: "source",
		text: func(v *visitor.Visitor) string { return string(v.Source) }},
	{Name: "tag", Label: "Tag", Kind: TagKind, Ops: []Op{OpIn, OpAll, OpExists}},
	{Name: "group", Label: "Group", Kind: GroupKind, Ops: []Op{OpIn, OpAll, OpExists}},
	{Name: "name", Label: "Name", Kind: TextKind, Ops: textOps, Column: "name_fold",
		text: func(v *visitor.Visitor) string { return v.Name }},
	{Name: "email", Label: "E-mail", Kind: TextKind, Ops: textOps, Column: "email_fold",
		text: func(v *visitor.Visitor) string { return v.Email }},
	{Name: "phone", Label: "Phone", Kind: PhoneKind, Ops: textOps, Column: "phone",
		text: func(v *visitor.Visitor) string { return v.Phone }},
	{Name: "created", Label: "Created", Kind: TimeKind, Ops: orderedOps, Column: "created_at",
		time: func(v *visitor.Visitor) time.Time { return v.CreatedAt }},
	{Name: "updated", Label: "Updated", Kind: TimeKind, Ops: orderedOps, Column: "updated_at",
		time: func(v *visitor.Visitor) time.Time { return v.UpdatedAt }},
	{Name: "seen", Label: "Last seen", Kind: TimeKind, Ops: orderedOps, Column: "last_seen_at",
		time: func(v *visitor.Visitor) time.Time { return v.LastSeenAt }},
	{Name: "id", Label: "ID", Kind: IDKind, Ops: []Op{OpIn}, Column: "id",
		text: func(v *visitor.Visitor) string { return string(v.ID) }},
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
