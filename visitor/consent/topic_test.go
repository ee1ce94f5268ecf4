package consent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/consent"
)

func TestNormalizeTopic(t *testing.T) {
	t.Parallel()
	got, err := consent.Topic{Key: "newsletter"}.Normalize()
	require.NoError(t, err)
	require.Equal(t, consent.Topic{Key: "newsletter", Label: "newsletter", Default: consent.OptIn}, got)

	got, err = consent.Topic{
		Key: "news_2026-a", Label: " The  news ", Description: "Once a month.\n", DoubleOptIn: true, Public: true,
		Channels: []consent.Channel{consent.Telegram, consent.Email, consent.Telegram},
	}.Normalize()
	require.NoError(t, err)
	require.Equal(t, consent.Topic{
		Key: "news_2026-a", Label: "The news", Description: "Once a month.", Default: consent.OptIn, DoubleOptIn: true, Public: true,
		Channels: []consent.Channel{consent.Email, consent.Telegram},
	}, got)
	again, err := got.Normalize()
	require.NoError(t, err)
	require.Equal(t, got, again)
	require.True(t, got.On(consent.Email))
	require.False(t, got.On(consent.SMS))
	require.True(t, consent.Topic{}.On(consent.SMS))

	for name, c := range map[string]struct {
		topic  consent.Topic
		field  string
		reason string
	}{
		"no key":              {consent.Topic{}, "topic", "missing"},
		"key":                 {consent.Topic{Key: "a/b"}, "topic", "lower-case"},
		"capital":             {consent.Topic{Key: "News"}, "topic", "lower-case"},
		"long key":            {consent.Topic{Key: strings.Repeat("a", 65)}, "topic", "1 to 64"},
		"label":               {consent.Topic{Key: "a", Label: strings.Repeat("a", 101)}, "label", "longer than 100"},
		"description":         {consent.Topic{Key: "a", Description: strings.Repeat("a", 1001)}, "description", "longer than 1000"},
		"channel":             {consent.Topic{Key: "a", Channels: []consent.Channel{"fax"}}, "channels", "unknown"},
		"default":             {consent.Topic{Key: "a", Default: "ask"}, "default", "unknown"},
		"nothing to confirm":  {consent.Topic{Key: "a", Default: consent.OptOut, DoubleOptIn: true}, "double_opt_in", "opt_out"},
		"letters beyond a..z": {consent.Topic{Key: "é"}, "topic", "lower-case"},
	} {
		out, err := c.topic.Normalize()
		refused(t, err, c.field, c.reason, name)
		require.Zero(t, out, name)
	}
}

// A grant that others could have typed waits for its confirmation.
func TestTopicAdmits(t *testing.T) {
	t.Parallel()
	topic := consent.Topic{Key: "news", DoubleOptIn: true, Channels: []consent.Channel{consent.Email}}
	entry := func(state consent.State, origin consent.Origin, kind consent.EvidenceKind) consent.Entry {
		e := said(1, origin, state)
		e.Topic, e.Evidence.Kind = "news", kind
		return e
	}
	for kind, want := range map[consent.EvidenceKind]consent.State{
		"": consent.Pending, consent.ByForm: consent.Pending, consent.ByOperator: consent.Pending, consent.ByImport: consent.Pending,
		consent.ByDoubleOptIn: consent.Granted, consent.ByKeyword: consent.Granted, consent.ByMessage: consent.Granted, consent.ByPlatform: consent.Granted,
	} {
		got, err := topic.Admit(entry(consent.Granted, consent.Person, kind))
		require.NoError(t, err)
		require.Equal(t, want, got.State, kind)
		require.Equal(t, want == consent.Pending, got.Expires.Equal(day(8)), kind)
		single, err := consent.Topic{Key: "news"}.Admit(entry(consent.Granted, consent.Person, kind))
		require.NoError(t, err)
		require.Equal(t, consent.Granted, single.State)
	}
	for _, e := range []consent.Entry{
		entry(consent.Denied, consent.Person, consent.ByForm), entry(consent.Granted, consent.Import, consent.ByImport),
		entry(consent.Granted, consent.Operator, consent.ByOperator), entry(consent.Pending, consent.Person, consent.ByForm),
	} {
		got, err := topic.Admit(e)
		require.NoError(t, err)
		require.Equal(t, e, got)
	}
	other := entry(consent.Granted, consent.Person, consent.ByForm)
	other.Topic = ""
	_, err := topic.Admit(other)
	refused(t, err, "topic", "another topic")
	sms := entry(consent.Granted, consent.Person, consent.ByForm)
	sms.Subject.Channel = consent.SMS
	_, err = topic.Admit(sms)
	refused(t, err, "topic", "not sent")
	sms.State = consent.Denied
	_, err = topic.Admit(sms)
	require.NoError(t, err, "a denial is always taken")
}
