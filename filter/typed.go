package filter

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// The fields. Each has only the operators that fit it. Attr returns an attribute; CanContact,
// Consent and Health are about messages.
const (
	Source     SourceField                 = "source"
	Tag        NamedField[tag.ID]          = "tag"
	Group      NamedField[visitor.GroupID] = "group"
	Name       TextField                   = "name"
	Email      TextField                   = "email"
	Phone      TextField                   = "phone" // compares digits; separators in an operand are ignored
	CreatedAt  TimeField                   = "created"
	UpdatedAt  TimeField                   = "updated"
	LastSeenAt TimeField                   = "seen"
	ID         IDField                     = "id"
	Identity   IdentityField               = "identity"
	Inbox      InboxField                  = "inbox"
	Job        JobField                    = "job"
)

// attrPrefix precedes the name of an attribute in a TextField or a TimeField.
const attrPrefix = "attr."

// Attr returns the attribute with that name. A condition matches only if the visitor has the
// attribute and its value is of the kind that the operator compares.
func Attr(name string) AttrField { return AttrField{attrPrefix + TextField(name)} }

// where returns a condition on the field.
func where[F ~string](field F, op Op, values ...Value) Expr {
	if attr, ok := strings.CutPrefix(string(field), attrPrefix); ok {
		return Condition{Field: "attr", Attr: attr, Op: op, Values: values}
	}
	return Condition{Field: string(field), Op: op, Values: values}
}

// SourceField builds conditions on the source.
type SourceField string

// Is matches visitors whose first contact was through s.
func (f SourceField) Is(s visitor.Source) Expr { return f.In(s) }

// In matches visitors whose first contact was through one of the sources.
func (f SourceField) In(s ...visitor.Source) Expr { return where(f, OpIn, textValues(TextValue, s)...) }

// NamedField builds conditions on tags or on contact groups, by name. The members of a group
// with a rule are the visitors added by hand and those that the rule matches, without those
// removed by hand.
type NamedField[ID ~string] string

// Has matches visitors that have the tag, or are members of the group.
func (f NamedField[ID]) Has(name string) Expr { return f.HasAny(name) }

// HasID is Has with the id of the tag or group.
func (f NamedField[ID]) HasID(id ID) Expr { return where(f, OpIn, textValues(IDValue, []ID{id})...) }

// HasAny matches visitors that have at least one of the tags or groups.
func (f NamedField[ID]) HasAny(names ...string) Expr {
	return where(f, OpIn, textValues(TextValue, names)...)
}

// HasAll matches visitors that have all of the tags or groups.
func (f NamedField[ID]) HasAll(names ...string) Expr {
	return where(f, OpAll, textValues(TextValue, names)...)
}

// HasNone matches visitors that have none of the tags or groups.
func (f NamedField[ID]) HasNone(names ...string) Expr { return Not(f.HasAny(names...)) }

// Exists matches visitors that have at least one tag, or were added by hand to at least one
// group.
func (f NamedField[ID]) Exists() Expr { return where(f, OpExists) }

// TextField builds conditions on a text, compared folded.
type TextField string

// Is matches the whole text.
func (f TextField) Is(s string) Expr { return f.In(s) }

// In matches one of the whole texts.
func (f TextField) In(s ...string) Expr { return where(f, OpIn, textValues(TextValue, s)...) }

// Contains matches texts that contain s.
func (f TextField) Contains(s string) Expr { return where(f, OpContains, textOf(s)) }

// HasPrefix matches texts that start with s.
func (f TextField) HasPrefix(s string) Expr { return where(f, OpPrefix, textOf(s)) }

// HasSuffix matches texts that end with s.
func (f TextField) HasSuffix(s string) Expr { return where(f, OpSuffix, textOf(s)) }

// Exists matches visitors that have the field; of an attribute, with a value of any kind.
func (f TextField) Exists() Expr { return where(f, OpExists) }

// TimeField builds conditions on a time, compared in microseconds. A visitor without the time
// matches none of them.
type TimeField string

// Before matches times before t.
func (f TimeField) Before(t time.Time) Expr { return where(f, OpLess, timeOf(t)) }

// Until matches times not after t.
func (f TimeField) Until(t time.Time) Expr { return where(f, OpAtMost, timeOf(t)) }

// After matches times after t.
func (f TimeField) After(t time.Time) Expr { return where(f, OpGreater, timeOf(t)) }

// Since matches times not before t.
func (f TimeField) Since(t time.Time) Expr { return where(f, OpAtLeast, timeOf(t)) }

// Between matches times from a to b, both included.
func (f TimeField) Between(a, b time.Time) Expr { return where(f, OpBetween, timeOf(a), timeOf(b)) }

// Within matches times not before now minus d. It stays relative until it is bound. d must be
// from 0 to 200 years.
func (f TimeField) Within(d time.Duration) Expr { return where(f, OpAtLeast, ago(d)) }

// OlderThan matches times before now minus d. For visitors that have the time, it is the
// complement of Within.
func (f TimeField) OlderThan(d time.Duration) Expr { return where(f, OpLess, ago(d)) }

// During matches times in the period, in the workspace's time zone.
func (f TimeField) During(p Period) Expr {
	return where(f, OpIn, Value{Kind: PeriodValue, Text: string(p)})
}

// On matches times on that day in the workspace's time zone.
func (f TimeField) On(year int, month time.Month, day int) Expr {
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	return where(f, OpIn, Value{Kind: DateValue, Text: date})
}

// Exists matches visitors that have the time.
func (f TimeField) Exists() Expr { return where(f, OpExists) }

// IDField builds conditions on the visitor's id.
type IDField string

// Is matches the visitor with that id.
func (f IDField) Is(id visitor.ID) Expr { return f.In(id) }

// In matches the visitors with those ids.
func (f IDField) In(ids ...visitor.ID) Expr { return where(f, OpIn, textValues(IDValue, ids)...) }

// JobField builds conditions on the jobs of a store.Workspace that a visitor was planned for. The
// rule of a group cannot have any: jobs are deleted some time after their end.
type JobField string

// Is matches the visitors of the job with that id, as they were written down when it was planned.
func (f JobField) Is(id string) Expr { return f.In(id) }

// In matches the visitors of at least one of the jobs.
func (f JobField) In(ids ...string) Expr { return where(f, OpIn, textValues(IDValue, ids)...) }

// IdentityField builds conditions on channel identities.
type IdentityField string

// On matches visitors with an identity on the channel.
func (f IdentityField) On(s visitor.Source) Expr { return f.Is(s, "", "") }

// Is matches visitors with that external id on the channel. An empty account or external id
// means any.
func (f IdentityField) Is(s visitor.Source, account, externalID string) Expr {
	ref := IdentityRef{Source: s, Account: account, ExternalID: externalID}
	return where(f, OpIn, Value{Kind: IdentityValue, Identity: ref})
}

// Exists matches visitors with at least one identity.
func (f IdentityField) Exists() Expr { return where(f, OpExists) }

// InboxField builds conditions on the business's own numbers, bots, pages and sites that received
// events of the visitor. They are compared exactly.
type InboxField string

// Is matches visitors with that inbox.
func (f InboxField) Is(inbox string) Expr { return f.In(inbox) }

// In matches visitors with at least one of the inboxes.
func (f InboxField) In(inboxes ...string) Expr {
	return where(f, OpIn, textValues(TextValue, inboxes)...)
}

// Exists matches visitors with at least one inbox.
func (f InboxField) Exists() Expr { return where(f, OpExists) }

// CanContact matches visitors to whom marketing about the topic may be sent on the channel at the
// time of the query, from at least one sender: see consent.Decide. With the topic "", a consent for
// the whole channel counts.
func CanContact(channel consent.Channel, topic string) Expr {
	return where("can", OpIn, permissionOn(channel, topic, ""))
}

// Consent returns what visitors said about messages on the channel about the topic, or, with the
// topic "", about all messages on the channel.
func Consent(channel consent.Channel, topic string) ConsentField { return ConsentField{channel, topic} }

// ConsentField builds conditions on what was said about messages, towards any sender and by any
// address of the visitor.
type ConsentField struct {
	Channel consent.Channel
	Topic   string // key; empty: the whole channel
}

// Is matches visitors for whom that state stands at the time of the query.
func (f ConsentField) Is(s consent.State) Expr { return f.In(s) }

// In matches visitors for whom one of the states stands at the time of the query.
func (f ConsentField) In(states ...consent.State) Expr {
	return where("consent", OpIn, permissionsOn(f.Channel, f.Topic, states)...)
}

// Health returns whether messages arrive at the addresses of visitors on the channel.
func Health(channel consent.Channel) HealthField { return HealthField(channel) }

// HealthField builds conditions on whether messages arrive at an address on a channel, from any
// sender.
type HealthField consent.Channel

// Is matches visitors with an address in that state.
func (f HealthField) Is(s consent.HealthState) Expr { return f.In(s) }

// In matches visitors with an address in one of the states.
func (f HealthField) In(states ...consent.HealthState) Expr {
	return where("health", OpIn, permissionsOn(consent.Channel(f), "", states)...)
}

// AttrField builds conditions on one attribute. The methods of TextField match an attribute that
// is a text, or a list with one item or more that fits.
type AttrField struct{ TextField }

// Equals matches the number.
func (f AttrField) Equals(n float64) Expr { return where(f.TextField, OpIn, numberOf(n)) }

// Less matches numbers less than n.
func (f AttrField) Less(n float64) Expr { return where(f.TextField, OpLess, numberOf(n)) }

// AtMost matches numbers not greater than n.
func (f AttrField) AtMost(n float64) Expr { return where(f.TextField, OpAtMost, numberOf(n)) }

// Greater matches numbers greater than n.
func (f AttrField) Greater(n float64) Expr { return where(f.TextField, OpGreater, numberOf(n)) }

// AtLeast matches numbers not less than n.
func (f AttrField) AtLeast(n float64) Expr { return where(f.TextField, OpAtLeast, numberOf(n)) }

// Between matches numbers from a to b, both included.
func (f AttrField) Between(a, b float64) Expr {
	return where(f.TextField, OpBetween, numberOf(a), numberOf(b))
}

// IsTrue matches the bool true.
func (f AttrField) IsTrue() Expr { return where(f.TextField, OpIn, Value{Kind: BoolValue, Bool: true}) }

// IsFalse matches the bool false. A missing attribute is not false.
func (f AttrField) IsFalse() Expr { return where(f.TextField, OpIn, Value{Kind: BoolValue}) }

// Time returns the attribute as a field with the operators of times. It matches only an
// attribute that is a time.
func (f AttrField) Time() TimeField { return TimeField(f.TextField) }
