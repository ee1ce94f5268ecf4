package consent

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// Limits of topics.
const (
	MaxTopics           = 100   // topics of a workspace
	MaxTopicKey         = 64    // characters of a key
	MaxTopicLabel       = 100   // code points of a label
	MaxTopicDescription = 1_000 // bytes of a description
)

// DefaultState is what holds for people who said nothing about a topic.
type DefaultState string

// The default states.
const (
	OptIn  DefaultState = "opt_in"  // only people who agreed are written to
	OptOut DefaultState = "opt_out" // everybody is written to who did not object
)

var defaultStates = codes[DefaultState]{
	{OptIn, "only people who agreed"},
	{OptOut, "everybody who did not object"},
}

// Text returns the default in English, or "" for an unknown one.
func (d DefaultState) Text() string { return defaultStates.text(d) }

// Topic is what messages are about, such as a newsletter. People can say yes and no to each.
type Topic struct {
	Key         string       `json:"key"`                   // a permanent id, such as "newsletter"
	Label       string       `json:"label,omitempty"`       // default: the key
	Description string       `json:"description,omitempty"` // what a person reads before agreeing
	Channels    []Channel    `json:"channels,omitempty"`    // on which it is sent; default: all
	Default     DefaultState `json:"default,omitempty"`     // default: OptIn
	DoubleOptIn bool         `json:"double_opt_in,omitempty"`
	Public      bool         `json:"public,omitempty"` // shown on every preference page; else only on that of a link about it
}

// Normalize returns t in normalized form with its defaults, or a *text.FieldError. A key has 1 to
// MaxTopicKey lower-case ASCII letters, digits, '-' and '_'. A topic with DoubleOptIn cannot be
// OptOut.
func (t Topic) Normalize() (Topic, error) {
	if err := checkTopicKey(t.Key); err != nil {
		return Topic{}, err
	}
	if t.Key == "" {
		return Topic{}, text.Refuse("topic", "missing")
	}
	var err error
	if t.Label, err = text.Line("label", t.Label, MaxTopicLabel); err != nil {
		return Topic{}, err
	}
	if text.Blank(t.Label) {
		t.Label = t.Key
	}
	if t.Description, err = text.Clean("description", t.Description, MaxTopicDescription); err != nil {
		return Topic{}, err
	}
	for _, c := range t.Channels {
		if err := channels.check("channels", c); err != nil {
			return Topic{}, err
		}
	}
	t.Channels = channels.sorted(t.Channels)
	if t.Default == "" {
		t.Default = OptIn
	}
	if err := defaultStates.check("default", t.Default); err != nil {
		return Topic{}, err
	}
	if t.DoubleOptIn && t.Default == OptOut {
		return Topic{}, text.Refuse("double_opt_in", "a topic with the default opt_out has nothing to confirm")
	}
	return t, nil
}

// On reports whether the topic is sent on the channel.
func (t Topic) On(c Channel) bool { return len(t.Channels) == 0 || slices.Contains(t.Channels, c) }

// Admit returns a normalized entry about the topic as it is to be recorded, or a *text.FieldError
// if it is about another topic, or not a denial and about a channel on which the topic is not sent.
//
// If the topic has DoubleOptIn, a grant of the person that others could have typed, such as one in
// a form, becomes Pending for ConfirmWithin. It is confirmed by a grant whose evidence is
// ByDoubleOptIn, or a message, keyword or setting of the person on the channel itself.
func (t Topic) Admit(e Entry) (Entry, error) {
	switch {
	case e.Topic != t.Key:
		return Entry{}, text.Refuse("topic", "an entry about another topic")
	case e.State != Denied && !t.On(e.Subject.Channel):
		return Entry{}, text.Refuse("topic", "not sent on this channel")
	case t.DoubleOptIn && e.State == Granted && e.Origin == Person && !e.Evidence.Kind.FromAddress():
		e.State, e.Expires = Pending, e.At.Add(ConfirmWithin)
	}
	return e, nil
}

// checkTopicKey returns a *text.FieldError if s is neither "" nor the key of a topic.
func checkTopicKey(s string) error {
	switch {
	case s == "":
		return nil
	case len(s) > MaxTopicKey, strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		return text.Refuse("topic", "a key has 1 to 64 lower-case letters, digits, - and _")
	}
	return nil
}

// Equal reports whether all fields of t and u are equal.
func (t Topic) Equal(u Topic) bool {
	return slices.Equal(t.Channels, u.Channels) && t.Key == u.Key && t.Label == u.Label && t.Description == u.Description &&
		t.Default == u.Default && t.DoubleOptIn == u.DoubleOptIn && t.Public == u.Public
}
