package consent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// Every value has a text, and is a code in snake_case.
func TestTexts(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	add := func(code, text string) {
		require.Equal(t, code, strings.ToLower(code))
		require.Empty(t, strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_"), code)
		texts[code] = text
		require.NotEmpty(t, text, code)
	}
	for _, c := range consent.Channels() {
		add(string(c), c.Text())
	}
	for _, r := range consent.Reasons() {
		add(string(r), r.Text())
	}
	for _, s := range []consent.State{consent.Granted, consent.Denied, consent.Pending} {
		add(string(s), s.Text())
	}
	for _, o := range []consent.Origin{consent.Person, consent.Platform, consent.Operator, consent.Import} {
		add(string(o), o.Text())
	}
	for _, b := range []consent.Basis{consent.ByConsent, consent.SoftOptIn, consent.Implied, consent.Contract, consent.LegitimateInterest, consent.NoBasis} {
		add(string(b), b.Text())
	}
	for _, k := range []consent.EvidenceKind{
		consent.ByForm, consent.ByDoubleOptIn, consent.ByMessage, consent.ByKeyword, consent.ByPlatform,
		consent.ByOneClick, consent.ByImport, consent.ByOperator, consent.ByErasure,
	} {
		add(string(k), k.Text())
	}
	for _, s := range []consent.HealthState{
		consent.Healthy, consent.SoftBounce, consent.HardBounce, consent.Complaint, consent.Blocked, consent.Invalid,
	} {
		add(string(s), s.Text())
	}
	for _, p := range []consent.Purpose{consent.Marketing, consent.Service, consent.Transactional} {
		add(string(p), p.Text())
	}
	for _, d := range []consent.DefaultState{consent.OptIn, consent.OptOut} {
		add(string(d), d.Text())
	}
	require.Len(t, consent.Reasons(), 19)
	require.Len(t, consent.Channels(), 7)
	require.Empty(t, consent.Channel("fax").Text())
	require.Empty(t, consent.Reason("").Text())
}

// Codes are in databases and in programs of others, so they stay.
func TestReasonsStay(t *testing.T) {
	t.Parallel()
	var codes []string
	for _, r := range consent.Reasons() {
		codes = append(codes, string(r))
	}
	require.Equal(t, "granted default_opt_out no_consent_needed key_missing unknown_topic topic_off_channel no_address erased "+
		"denied_channel platform_stopped denied_topic blocked invalid_address bounced complaint pending expired unknown_opt_in window_closed",
		strings.Join(codes, " "))
}

func TestParseCodes(t *testing.T) {
	t.Parallel()
	channel, err := consent.ParseChannel(" WhatsApp\n")
	require.NoError(t, err)
	require.Equal(t, consent.WhatsApp, channel)
	state, err := consent.ParseState("DENIED")
	require.NoError(t, err)
	require.Equal(t, consent.Denied, state)
	health, err := consent.ParseHealthState("hard_bounce")
	require.NoError(t, err)
	require.Equal(t, consent.HardBounce, health)
	purpose, err := consent.ParsePurpose("Service")
	require.NoError(t, err)
	require.Equal(t, consent.Service, purpose)

	_, err = consent.ParseChannel("fax")
	refused(t, err, "channel", "unknown; known are email, sms, whatsapp, messenger, instagram, telegram, chat")
	_, err = consent.ParseChannel("")
	refused(t, err, "channel", "missing")
	_, err = consent.ParseState("x")
	refused(t, err, "state", "unknown")
	_, err = consent.ParseHealthState("x")
	refused(t, err, "health", "unknown")
	_, err = consent.ParsePurpose("x")
	refused(t, err, "purpose", "unknown")
}
