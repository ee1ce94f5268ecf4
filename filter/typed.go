package filter

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// The fields. Each has only the operators that fit it. Attr returns an attribute.
const (
	Source     SourceField   = "source"
	Tag        TagField      = "tag"
	Group      GroupField    = "group"
	Name       TextField     = "name"
	Email      TextField     = "email"
	Phone      TextField     = "phone" // compares digits; separators in an operand are ignored
	CreatedAt  TimeField     = "created"
	UpdatedAt  TimeField     = "updated"
	LastSeenAt TimeField     = "seen"
	ID         IDField       = "id"
	Identity   IdentityField = "identity"
)

// attrField is the name of the field of attributes, attrPrefix what precedes the name of an
// attribute in a TimeField.
const (
	attrField  = "attr"
	attrPrefix = attrField + "."
)

// Attr returns the attribute with that name. A condition matches only if the visitor has the
// attribute and its value is of the kind that the operator compares.
func Attr(name string) AttrField { return AttrField(name) }

// SourceField builds conditions on the source.
type SourceField string

// Is matches visitors whose first contact was through s.
func (f SourceField) Is(s visitor.Source) Expr { return f.In(s) }

// In matches visitors whose first contact was through one of the sources.
func (f SourceField) In(s ...visitor.Source) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: textValues(TextValue, s)}
}

// TagField builds conditions on tags, by name.
type TagField string

// Has matches visitors that have the tag.
func (f TagField) Has(name string) Expr { return f.HasAny(name) }

// HasID matches visitors that have the tag with that id.
func (f TagField) HasID(id tag.ID) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: textValues(IDValue, []tag.ID{id})}
}

// HasAny matches visitors that have at least one of the tags.
func (f TagField) HasAny(names ...string) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: textValues(TextValue, names)}
}

// HasAll matches visitors that have all of the tags.
func (f TagField) HasAll(names ...string) Expr {
	return Condition{Field: string(f), Op: OpAll, Values: textValues(TextValue, names)}
}

// HasNone matches visitors that have none of the tags.
func (f TagField) HasNone(names ...string) Expr { return Not(f.HasAny(names...)) }

// Exists matches visitors that have at least one tag.
func (f TagField) Exists() Expr { return Condition{Field: string(f), Op: OpExists} }

// GroupField builds conditions on contact groups, by name. The members of a group with a rule
// are the visitors added by hand and those that the rule matches, without those removed by
// hand.
type GroupField string

// Has matches members of the group.
func (f GroupField) Has(name string) Expr { return f.HasAny(name) }

// HasID matches members of the group with that id.
func (f GroupField) HasID(id visitor.GroupID) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: textValues(IDValue, []visitor.GroupID{id})}
}

// In matches members of at least one of the groups.
func (f GroupField) In(names ...string) Expr { return f.HasAny(names...) }

// HasAny matches members of at least one of the groups.
func (f GroupField) HasAny(names ...string) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: textValues(TextValue, names)}
}

// HasAll matches members of all of the groups.
func (f GroupField) HasAll(names ...string) Expr {
	return Condition{Field: string(f), Op: OpAll, Values: textValues(TextValue, names)}
}

// HasNone matches members of none of the groups.
func (f GroupField) HasNone(names ...string) Expr { return Not(f.HasAny(names...)) }

// Exists matches visitors that were added by hand to at least one group.
func (f GroupField) Exists() Expr { return Condition{Field: string(f), Op: OpExists} }

// TextField builds conditions on a text, compared folded.
type TextField string

// Is matches the whole text.
func (f TextField) Is(s string) Expr { return f.In(s) }

// In matches one of the whole texts.
func (f TextField) In(s ...string) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: textValues(TextValue, s)}
}

// Contains matches texts that contain s.
func (f TextField) Contains(s string) Expr { return f.with(OpContains, s) }

// HasPrefix matches texts that start with s.
func (f TextField) HasPrefix(s string) Expr { return f.with(OpPrefix, s) }

// HasSuffix matches texts that end with s.
func (f TextField) HasSuffix(s string) Expr { return f.with(OpSuffix, s) }

// Exists matches visitors that have the text.
func (f TextField) Exists() Expr { return Condition{Field: string(f), Op: OpExists} }

func (f TextField) with(op Op, s string) Expr {
	return Condition{Field: string(f), Op: op, Values: []Value{textOf(s)}}
}

// TimeField builds conditions on a time, compared in microseconds. A visitor without the time
// matches none of them.
type TimeField string

// Before matches times before t.
func (f TimeField) Before(t time.Time) Expr { return f.with(OpLess, timeOf(t)) }

// Until matches times not after t.
func (f TimeField) Until(t time.Time) Expr { return f.with(OpAtMost, timeOf(t)) }

// After matches times after t.
func (f TimeField) After(t time.Time) Expr { return f.with(OpGreater, timeOf(t)) }

// Since matches times not before t.
func (f TimeField) Since(t time.Time) Expr { return f.with(OpAtLeast, timeOf(t)) }

// Between matches times from a to b, both included.
func (f TimeField) Between(a, b time.Time) Expr { return f.with(OpBetween, timeOf(a), timeOf(b)) }

// Within matches times not before now minus d. It stays relative until it is bound. d must be
// from 0 to 200 years.
func (f TimeField) Within(d time.Duration) Expr { return f.with(OpAtLeast, ago(d)) }

// OlderThan matches times before now minus d. For visitors that have the time, it is the
// complement of Within.
func (f TimeField) OlderThan(d time.Duration) Expr { return f.with(OpLess, ago(d)) }

// During matches times in the period, in the workspace's time zone.
func (f TimeField) During(p Period) Expr {
	return f.with(OpIn, Value{Kind: PeriodValue, Text: string(p)})
}

// On matches times on that day in the workspace's time zone.
func (f TimeField) On(year int, month time.Month, day int) Expr {
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	return f.with(OpIn, Value{Kind: DateValue, Text: date})
}

// Exists matches visitors that have the time.
func (f TimeField) Exists() Expr { return f.with(OpExists) }

func (f TimeField) with(op Op, values ...Value) Expr {
	if name, ok := strings.CutPrefix(string(f), attrPrefix); ok {
		return AttrField(name).with(op, values...)
	}
	return Condition{Field: string(f), Op: op, Values: values}
}

// IDField builds conditions on the visitor's id.
type IDField string

// Is matches the visitor with that id.
func (f IDField) Is(id visitor.ID) Expr { return f.In(id) }

// In matches the visitors with those ids.
func (f IDField) In(ids ...visitor.ID) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: textValues(IDValue, ids)}
}

// IdentityField builds conditions on channel identities.
type IdentityField string

// On matches visitors with an identity on the channel.
func (f IdentityField) On(s visitor.Source) Expr { return f.oneOf(IdentityRef{Source: s}) }

// Is matches visitors with that external id on the channel; an empty account means any.
func (f IdentityField) Is(s visitor.Source, account, externalID string) Expr {
	return f.oneOf(IdentityRef{Source: s, Account: account, ExternalID: externalID})
}

// Exists matches visitors with at least one identity.
func (f IdentityField) Exists() Expr { return Condition{Field: string(f), Op: OpExists} }

func (f IdentityField) oneOf(ref IdentityRef) Expr {
	return Condition{Field: string(f), Op: OpIn, Values: []Value{{Kind: IdentityValue, Identity: ref}}}
}

// AttrField builds conditions on one attribute. For a text operator on a list, one item that
// fits is enough.
type AttrField string

// Is matches the whole text.
func (f AttrField) Is(s string) Expr { return f.In(s) }

// In matches one of the whole texts.
func (f AttrField) In(s ...string) Expr { return f.with(OpIn, textValues(TextValue, s)...) }

// Contains matches texts that contain s.
func (f AttrField) Contains(s string) Expr { return f.with(OpContains, textOf(s)) }

// HasPrefix matches texts that start with s.
func (f AttrField) HasPrefix(s string) Expr { return f.with(OpPrefix, textOf(s)) }

// HasSuffix matches texts that end with s.
func (f AttrField) HasSuffix(s string) Expr { return f.with(OpSuffix, textOf(s)) }

// Exists matches visitors that have the attribute, of any kind.
func (f AttrField) Exists() Expr { return f.with(OpExists) }

// Equals matches the number.
func (f AttrField) Equals(n float64) Expr { return f.with(OpIn, numberOf(n)) }

// Less matches numbers less than n.
func (f AttrField) Less(n float64) Expr { return f.with(OpLess, numberOf(n)) }

// AtMost matches numbers not greater than n.
func (f AttrField) AtMost(n float64) Expr { return f.with(OpAtMost, numberOf(n)) }

// Greater matches numbers greater than n.
func (f AttrField) Greater(n float64) Expr { return f.with(OpGreater, numberOf(n)) }

// AtLeast matches numbers not less than n.
func (f AttrField) AtLeast(n float64) Expr { return f.with(OpAtLeast, numberOf(n)) }

// Between matches numbers from a to b, both included.
func (f AttrField) Between(a, b float64) Expr { return f.with(OpBetween, numberOf(a), numberOf(b)) }

// IsTrue matches the bool true.
func (f AttrField) IsTrue() Expr { return f.with(OpIn, Value{Kind: BoolValue, Bool: true}) }

// IsFalse matches the bool false. A missing attribute is not false.
func (f AttrField) IsFalse() Expr { return f.with(OpIn, Value{Kind: BoolValue}) }

// Time returns the attribute as a field with the operators of times. It matches only an
// attribute that is a time.
func (f AttrField) Time() TimeField { return attrPrefix + TimeField(f) }

func (f AttrField) with(op Op, values ...Value) Expr {
	return Condition{Field: attrField, Attr: string(f), Op: op, Values: values}
}
