package filter

import (
	"slices"

	"github.com/contactpipeline/visitors/filter/bound"
)

// Kind is the kind of a field: it decides the operators.
type Kind = bound.Kind

// The kinds of fields.
const (
	EnumKind     Kind = bound.EnumKind     // one of a closed set: see FieldSchema.Choices
	TextKind     Kind = bound.TextKind     // compared folded
	PhoneKind    Kind = bound.PhoneKind    // compared by digits
	IDKind       Kind = bound.IDKind       // the visitor's id
	TimeKind     Kind = bound.TimeKind     // an instant
	TagKind      Kind = bound.TagKind      // tags, by name or id
	GroupKind    Kind = bound.GroupKind    // groups, by name or id
	IdentityKind Kind = bound.IdentityKind // channel identities
	InboxKind    Kind = bound.InboxKind    // the inboxes of all identities, compared exactly
	AttrKind     Kind = bound.AttrKind     // text, number, bool, time or list, as the attribute's value is
	CanKind      Kind = bound.CanKind      // whether marketing may be sent
	ConsentKind  Kind = bound.ConsentKind  // what people said about messages
	HealthKind   Kind = bound.HealthKind   // whether messages arrive
)

// JobKind is the kind of the field job. Bind replaces it by the ids of the job's visitors.
const JobKind Kind = "job"

// TopicKind is the kind of a topic in Env.Known and UnknownError. It is not the kind of a field.
const TopicKind Kind = "topic"

// Field is a row of the field table: what a condition on the field can be.
type Field struct {
	Name  string // as in the text and JSON forms
	Label string // for people, in English
	Kind  Kind
	Ops   []Op

	operands []ValueKind // of every operator but those of an AttrKind
}

// fields is the field table. A field's name and kind are in package bound, but for job.
var fields = fieldTable()

func fieldTable() []Field {
	var table []Field
	for _, f := range bound.Fields() {
		table = append(table, Field{f.Name, fieldLabels[f.Name], f.Kind, kindOps[f.Kind], kindOperands[f.Kind]})
	}
	return append(table, Field{"job", fieldLabels["job"], JobKind, kindOps[JobKind], kindOperands[JobKind]})
}

var fieldLabels = map[string]string{
	"source": "Source", "tag": "Tag", "group": "Group", "name": "Name", "email": "E-mail", "phone": "Phone",
	"created": "Created", "updated": "Updated", "seen": "Last seen", "id": "ID", "identity": "Channel identity",
	"inbox": "Inbox", "attr": "Attribute",
	"can": "May be written to", "consent": "Consent", "health": "Health of addresses",
	"job": "Planned in job",
}

var textOps = []Op{OpIn, OpContains, OpPrefix, OpSuffix, OpExists}

var kindOps = map[Kind][]Op{
	EnumKind: {OpIn}, TagKind: {OpIn, OpAll, OpExists}, GroupKind: {OpIn, OpAll, OpExists},
	TextKind: textOps, PhoneKind: textOps, IDKind: {OpIn}, IdentityKind: {OpIn, OpExists}, InboxKind: {OpIn, OpExists},
	TimeKind: {OpIn, OpLess, OpAtMost, OpGreater, OpAtLeast, OpBetween, OpExists},
	AttrKind: {OpIn, OpContains, OpPrefix, OpSuffix, OpExists, OpLess, OpAtMost, OpGreater, OpAtLeast, OpBetween},
	CanKind:  {OpIn}, ConsentKind: {OpIn}, HealthKind: {OpIn}, JobKind: {OpIn},
}

var (
	timeOperands    = []ValueKind{TimeValue, DateValue, PeriodValue, AgoValue}
	orderedOperands = append([]ValueKind{NumberValue}, timeOperands...)
	anyOperands     = append([]ValueKind{TextValue, NumberValue, BoolValue}, timeOperands...)
)

var kindOperands = map[Kind][]ValueKind{
	EnumKind: {TextValue}, TextKind: {TextValue}, PhoneKind: {TextValue}, IDKind: {IDValue}, JobKind: {IDValue},
	TagKind: {TextValue, IDValue}, GroupKind: {TextValue, IDValue},
	IdentityKind: {IdentityValue}, InboxKind: {TextValue}, TimeKind: timeOperands,
	CanKind: {PermissionValue}, ConsentKind: {PermissionValue}, HealthKind: {PermissionValue},
}

// operandsOf returns the kinds of values that op, which the field has, accepts.
func (f *Field) operandsOf(op Op) []ValueKind {
	switch {
	case f.Kind != AttrKind:
		return f.operands
	case op == OpIn:
		return anyOperands
	case op == OpContains, op == OpPrefix, op == OpSuffix:
		return kindOperands[TextKind]
	}
	return orderedOperands
}

// Fields returns the field table. The caller may change it.
func Fields() []Field {
	table := slices.Clone(fields)
	for i := range table {
		table[i].Ops = slices.Clone(table[i].Ops)
	}
	return table
}

// Operands returns the kinds of values that op takes on the field; none for OpExists
// and for an operator that the field does not have.
func (f Field) Operands(op Op) []ValueKind {
	if op == OpExists || !slices.Contains(f.Ops, op) {
		return nil
	}
	return slices.Clone(f.operandsOf(op))
}

func fieldNamed(name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}
