package filter

import (
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// The fields. Each has only the operators that fit it.
var (
	Source     = SourceField{}
	Tag        = TagField{}
	Group      = GroupField{}
	Name       = TextField{"name"}
	Email      = TextField{"email"}
	Phone      = TextField{"phone"} // compares digits; separators in an operand do not matter
	CreatedAt  = TimeField{"created", ""}
	UpdatedAt  = TimeField{"updated", ""}
	LastSeenAt = TimeField{"seen", ""}
	ID         = IDField{}
	Identity   = IdentityField{}
)

// Attr is the attribute of that name. A condition matches only where the attribute is
// there and of the kind that the operator asks for.
func Attr(name string) AttrField { return AttrField{name} }

// SourceField builds conditions on the source.
type SourceField struct{}

// Is matches visitors first met through s.
func (SourceField) Is(s visitor.Source) Expr { return Source.In(s) }

// In matches visitors first met through one of the sources.
func (SourceField) In(s ...visitor.Source) Expr {
	return Condition{Field: "source", Op: OpIn, Values: textValues(TextValue, s)}
}

// TagField builds conditions on tags, by name.
type TagField struct{}

// Has matches visitors that carry the tag.
func (TagField) Has(name string) Expr { return Tag.HasAny(name) }

// HasID matches visitors that carry the tag with that id.
func (TagField) HasID(id tag.ID) Expr {
	return Condition{Field: "tag", Op: OpIn, Values: textValues(IDValue, []tag.ID{id})}
}

// HasAny matches visitors that carry at least one of the tags.
func (TagField) HasAny(names ...string) Expr {
	return Condition{Field: "tag", Op: OpIn, Values: textValues(TextValue, names)}
}

// HasAll matches visitors that carry every one of the tags.
func (TagField) HasAll(names ...string) Expr {
	return Condition{Field: "tag", Op: OpAll, Values: textValues(TextValue, names)}
}

// HasNone matches visitors that carry none of the tags.
func (TagField) HasNone(names ...string) Expr { return Not(Tag.HasAny(names...)) }

// Exists matches visitors that carry any tag at all.
func (TagField) Exists() Expr { return Condition{Field: "tag", Op: OpExists} }

// GroupField builds conditions on contact groups, by name. A group with a rule counts
// whom the rule matches and who was put in by hand, less who was taken out by hand.
type GroupField struct{}

// Has matches members of the group.
func (GroupField) Has(name string) Expr { return Group.HasAny(name) }

// HasID matches members of the group with that id.
func (GroupField) HasID(id visitor.GroupID) Expr {
	return Condition{Field: "group", Op: OpIn, Values: textValues(IDValue, []visitor.GroupID{id})}
}

// In matches members of at least one of the groups.
func (GroupField) In(names ...string) Expr { return Group.HasAny(names...) }

// HasAny matches members of at least one of the groups.
func (GroupField) HasAny(names ...string) Expr {
	return Condition{Field: "group", Op: OpIn, Values: textValues(TextValue, names)}
}

// HasAll matches members of every one of the groups.
func (GroupField) HasAll(names ...string) Expr {
	return Condition{Field: "group", Op: OpAll, Values: textValues(TextValue, names)}
}

// HasNone matches members of none of the groups.
func (GroupField) HasNone(names ...string) Expr { return Not(Group.HasAny(names...)) }

// Exists matches visitors who were put into any group by hand.
func (GroupField) Exists() Expr { return Condition{Field: "group", Op: OpExists} }

// TextField builds conditions on a text, compared folded.
type TextField struct{ name string }

// Is matches the whole text.
func (f TextField) Is(s string) Expr { return f.In(s) }

// In matches one of the whole texts.
func (f TextField) In(s ...string) Expr {
	return Condition{Field: f.name, Op: OpIn, Values: textValues(TextValue, s)}
}

// Contains matches a part of the text.
func (f TextField) Contains(s string) Expr { return f.with(OpContains, s) }

// HasPrefix matches the start of the text.
func (f TextField) HasPrefix(s string) Expr { return f.with(OpPrefix, s) }

// HasSuffix matches the end of the text.
func (f TextField) HasSuffix(s string) Expr { return f.with(OpSuffix, s) }

// Exists matches visitors that have the text.
func (f TextField) Exists() Expr { return Condition{Field: f.name, Op: OpExists} }

func (f TextField) with(op Op, s string) Expr {
	return Condition{Field: f.name, Op: op, Values: []Value{textOf(s)}}
}

// TimeField builds conditions on a time. A visitor without it matches none of them.
type TimeField struct{ name, attr string }

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

// Within matches times in the last d: not before now less d. It stays relative until
// it is bound.
func (f TimeField) Within(d time.Duration) Expr { return f.with(OpAtLeast, ago(d)) }

// OlderThan matches times longer ago than d; where there is a time, it is the
// complement of Within.
func (f TimeField) OlderThan(d time.Duration) Expr { return f.with(OpLess, ago(d)) }

// During matches times in the period of the workspace's calendar.
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
	return Condition{Field: f.name, Attr: f.attr, Op: op, Values: values}
}

// IDField builds conditions on the visitor's id.
type IDField struct{}

// Is matches the visitor with that id.
func (IDField) Is(id visitor.ID) Expr { return ID.In(id) }

// In matches the visitors with those ids.
func (IDField) In(ids ...visitor.ID) Expr {
	return Condition{Field: "id", Op: OpIn, Values: textValues(IDValue, ids)}
}

// IdentityField builds conditions on channel identities.
type IdentityField struct{}

// On matches visitors known on the channel.
func (IdentityField) On(s visitor.Source) Expr { return identities(IdentityRef{Source: s}) }

// Is matches the visitor known under that external id; an empty account is any.
func (IdentityField) Is(s visitor.Source, account, externalID string) Expr {
	return identities(IdentityRef{Source: s, Account: account, ExternalID: externalID})
}

// Exists matches visitors known on any channel.
func (IdentityField) Exists() Expr { return Condition{Field: "identity", Op: OpExists} }

func identities(refs ...IdentityRef) Expr {
	c := Condition{Field: "identity", Op: OpIn}
	for _, r := range refs {
		c.Values = append(c.Values, Value{Kind: IdentityValue, Identity: r})
	}
	return c
}

// AttrField builds conditions on one attribute. A text operator on a list asks for one
// item that fits.
type AttrField struct{ name string }

// Is matches the whole text.
func (f AttrField) Is(s string) Expr { return f.In(s) }

// In matches one of the whole texts.
func (f AttrField) In(s ...string) Expr { return f.with(OpIn, textValues(TextValue, s)...) }

// Contains matches a part of the text.
func (f AttrField) Contains(s string) Expr { return f.with(OpContains, textOf(s)) }

// HasPrefix matches the start of the text.
func (f AttrField) HasPrefix(s string) Expr { return f.with(OpPrefix, textOf(s)) }

// HasSuffix matches the end of the text.
func (f AttrField) HasSuffix(s string) Expr { return f.with(OpSuffix, textOf(s)) }

// Exists matches visitors that have the attribute, whatever its kind.
func (f AttrField) Exists() Expr { return f.with(OpExists) }

// Equals matches the number.
func (f AttrField) Equals(n float64) Expr { return f.with(OpIn, numberOf(n)) }

// Less matches numbers less than n.
func (f AttrField) Less(n float64) Expr { return f.with(OpLess, numberOf(n)) }

// AtMost matches numbers up to n.
func (f AttrField) AtMost(n float64) Expr { return f.with(OpAtMost, numberOf(n)) }

// Greater matches numbers greater than n.
func (f AttrField) Greater(n float64) Expr { return f.with(OpGreater, numberOf(n)) }

// AtLeast matches numbers from n.
func (f AttrField) AtLeast(n float64) Expr { return f.with(OpAtLeast, numberOf(n)) }

// Between matches numbers from a to b, both included.
func (f AttrField) Between(a, b float64) Expr { return f.with(OpBetween, numberOf(a), numberOf(b)) }

// IsTrue matches the bool true.
func (f AttrField) IsTrue() Expr { return f.with(OpIn, Value{Kind: BoolValue, Bool: true}) }

// IsFalse matches the bool false; an attribute that is missing is not false.
func (f AttrField) IsFalse() Expr { return f.with(OpIn, Value{Kind: BoolValue}) }

// Time gives the operators of times.
func (f AttrField) Time() TimeField { return TimeField{"attr", f.name} }

func (f AttrField) with(op Op, values ...Value) Expr {
	return Condition{Field: "attr", Attr: f.name, Op: op, Values: values}
}
