package filter

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// PermissionRef is an operand of the fields can, consent and health.
type PermissionRef struct {
	Channel consent.Channel `json:"channel"`
	// Topic is the key of a topic. Empty: the whole channel, as always for health.
	Topic string `json:"topic,omitempty"`
	// State is a consent.State for consent, a consent.HealthState for health, and empty for can.
	State string `json:"state,omitempty"`
}

// String returns channel, channel/topic, or one of these with =state.
func (r PermissionRef) String() string {
	s := string(r.Channel)
	if r.Topic != "" {
		s += "/" + r.Topic
	}
	if r.State != "" {
		s += "=" + r.State
	}
	return s
}

// ofPermission reports whether conditions on a field of that kind are about messages.
func ofPermission(kind Kind) bool {
	return kind == CanKind || kind == ConsentKind || kind == HealthKind
}

// statesOf returns the values of PermissionRef.State on a field of that kind.
func statesOf(kind Kind) []string {
	switch kind {
	case ConsentKind:
		return []string{string(consent.Granted), string(consent.Denied), string(consent.Pending)}
	case HealthKind:
		return []string{
			string(consent.Healthy), string(consent.SoftBounce), string(consent.HardBounce),
			string(consent.Complaint), string(consent.Blocked), string(consent.Invalid),
		}
	}
	return nil
}

// badPermission returns why r is no operand on a field of that kind, or "".
func badPermission(kind Kind, r PermissionRef) string {
	_, err := consent.Request{Channel: r.Channel, Topic: r.Topic}.Normalize()
	states := statesOf(kind)
	switch refused := (*visitor.FieldError)(nil); {
	case errors.As(err, &refused):
		return refused.Field + ": " + refused.Reason
	case kind == HealthKind && r.Topic != "":
		return "health is of a channel, not of a topic"
	case len(states) == 0 && r.State != "":
		return "can takes no state"
	case len(states) > 0 && r.State == "":
		return "state: missing; known are " + strings.Join(states, ", ")
	case len(states) > 0 && !slices.Contains(states, r.State):
		return "state: unknown; known are " + strings.Join(states, ", ")
	}
	return ""
}

func permissionOn(channel consent.Channel, topic, state string) Value {
	return Value{Kind: PermissionValue, Permission: PermissionRef{channel, topic, state}}
}

func permissionsOn[S ~string](channel consent.Channel, topic string, states []S) []Value {
	values := make([]Value, len(states))
	for i, s := range states {
		values[i] = permissionOn(channel, topic, string(s))
	}
	return values
}

// permission tests whether one of the values of c is true.
func (b *binder) permission(c Condition, f *bound.Field) (bound.Node, error) {
	if f.Kind != HealthKind && b.moving != nil {
		return nil, refuse("cannot be watched: what was said about an address can expire, and topics can change")
	}
	if f.Kind != HealthKind && b.Now.IsZero() {
		return nil, refuse("a consent can expire, so it needs a clock")
	}
	nodes := make([]bound.Node, len(c.Values))
	for i, v := range c.Values {
		topic, known, err := b.topic(v.Permission.Topic)
		switch {
		case err != nil:
			return nil, underValue(err, i)
		case !known, f.Kind == CanKind && (b.KeyMissing || !topic.On(v.Permission.Channel)):
			nodes[i] = bound.Constant(false)
		default:
			nodes[i] = permissionTest(f, v.Permission, topic, b.Now.UnixMicro())
		}
	}
	return anyOf(nodes...), b.grow(len(nodes)-1, 0)
}

// permissionTest returns the test for r at a time, with what it depends on of the topic.
func permissionTest(f *bound.Field, r PermissionRef, topic consent.Topic, at int64) *bound.Permission {
	p := &bound.Permission{Field: f, Channel: r.Channel, Topic: consent.Topic{Key: r.Topic}, At: at}
	if r.State != "" {
		p.States = []string{r.State}
	}
	switch {
	case f.Kind == HealthKind:
		p.At = 0
	case f.Kind == CanKind && r.Topic != "":
		p.Topic.Default, p.Topic.DoubleOptIn = cmp.Or(topic.Default, consent.OptIn), topic.DoubleOptIn
	}
	return p
}

// topic returns the topic with that key; the zero Topic, which is known, for the key "". An unknown
// topic is an error, but not in the rule of a group: a rule is stored with the topics that existed
// then, as with ids of tags and groups.
func (b *binder) topic(key string) (t consent.Topic, known bool, err error) {
	t, known = b.Topics[key]
	if key != "" && !known && b.Unknown == UnknownIsError && !b.inRule {
		err = b.unknown(TopicKind, textOf(key))
	}
	return t, known || key == "", err
}

// permissionOf returns the permission that n is or negates, nil if it is neither.
func permissionOf(n bound.Node) (p *bound.Permission, negated bool) {
	not, negated := n.(bound.Negation)
	if negated {
		n = not.Of
	}
	p, _ = n.(*bound.Permission)
	return p, negated
}

// permissionImplies reports whether b is known to match every visitor that a matches.
func permissionImplies(a, b *bound.Permission) bool {
	if a.Channel != b.Channel || a.Topic.Key != b.Topic.Key || a.At != b.At {
		return false
	}
	switch {
	case a.Field == b.Field && a.Field.Kind == bound.CanKind:
		return a.Topic.Default == b.Topic.Default && a.Topic.DoubleOptIn == b.Topic.DoubleOptIn
	case a.Field == b.Field:
		return isSubset(a.States, b.States)
	}
	return a.Field.Kind == bound.CanKind && a.Topic.Key == "" && b.Field.Kind == bound.ConsentKind &&
		contains(b.States, string(consent.Granted))
}

// permissionNeeds reports whether only visitors for which t is true have a way to be written to as p
// asks. On WhatsApp people are known by a phone number or an identity.
func permissionNeeds(p *bound.Permission, t *bound.Test) bool {
	if p.Field.Kind != bound.CanKind {
		return false
	}
	switch p.Channel {
	case consent.Email, consent.SMS:
		field := map[consent.Channel]string{consent.Email: "email", consent.SMS: "phone"}[p.Channel]
		return t.Field.Name == field && t.Op == bound.OpExists
	case consent.Messenger, consent.Instagram, consent.Telegram, consent.Chat:
		return t.Field.Name == "identity" &&
			(t.Op == bound.OpExists || slices.Contains(t.Refs, IdentityRef{Source: visitor.SourceOf(p.Channel)}))
	}
	return false
}
