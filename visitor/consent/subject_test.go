package consent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/consent"
)

func TestNormalizeSubject(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", consent.MaxAddress+1)
	for _, c := range []struct {
		channel consent.Channel
		in      string
		want    string
		reason  string
	}{
		{consent.Email, " Ada.L+news@EXAMPLE.com\u200b", "ada.l+news@example.com", ""},
		{consent.Email, "RENE\u0301@example.com", "ren\u00e9@example.com", ""},
		{consent.Email, "İ@example.com", "i@example.com", ""},
		{consent.Email, "Ada@xn--bcher-kva.example", "ada@bücher.example", ""},
		{consent.Email, "Ada@Bücher.example", "ada@bücher.example", ""},
		{consent.Email, "ada", "", "no @"},
		{consent.Email, "", "", "missing"},
		{consent.Email, strings.Repeat("Ⱥ", 30) + "@example.com", "", "more than 64 bytes"},
		{consent.SMS, "+1 (202) 555-0123", "+12025550123", ""},
		{consent.SMS, "+55 11 6000-0000", "+5511960000000", ""},
		{consent.SMS, "+55 11 96000-0000", "+5511960000000", ""},
		{consent.SMS, "+55 11 3000-0000", "+551130000000", ""}, // a landline
		{consent.SMS, "+52 1 55 0000 0000", "+525500000000", ""},
		{consent.SMS, "+54 800 000 0000", "+548000000000", ""}, // a free number
		{consent.SMS, "+54 11 1000-0000", "+5491110000000", ""},
		{consent.SMS, "202 555 0123", "", "national"},
		{consent.SMS, " ", "", "missing"},
		{consent.WhatsApp, "12025550123", "12025550123", ""},
		{consent.WhatsApp, "+1 202 555 0123", "12025550123", ""},
		{consent.WhatsApp, "551160000000", "5511960000000", ""},
		{consent.WhatsApp, "5215500000000", "525500000000", ""},
		{consent.WhatsApp, "5491110000000", "5491110000000", ""},
		{consent.WhatsApp, "US.13491208655302741918", "US.13491208655302741918", ""},
		{consent.WhatsApp, "US.ENT.11815799212886844830", "US.ENT.11815799212886844830", ""},
		{consent.WhatsApp, "US.", "", "letters"},
		{consent.WhatsApp, "us.1", "", "letters"},
		{consent.WhatsApp, "US.1@lid", "", "letters"},
		{consent.WhatsApp, "US." + long, "", "longer than 64"},
		{consent.WhatsApp, "(202) 555-0123", "", "national"},
		{consent.WhatsApp, "0151 2345678", "", "national"},
		{consent.WhatsApp, "01512345678", "", "starts with 0"},
		{consent.WhatsApp, "123", "", "fewer than 7"},
		{consent.WhatsApp, "", "", "missing"},
		{consent.Messenger, "7000000000000000001", "7000000000000000001", ""},
		{consent.Instagram, "", "", "missing"},
		{consent.Telegram, "42 ", "", "white space"},
		{consent.Telegram, "42", "42", ""},
		{consent.Chat, "session:1", "session:1", ""},
		{consent.Chat, long, "", "longer than 255"},
	} {
		got, err := consent.Subject{Channel: c.channel, Sender: "s", Address: c.in}.Normalize()
		if c.reason != "" {
			refused(t, err, "address", c.reason, c.in)
			require.Zero(t, got, c.in)
			continue
		}
		require.NoError(t, err, c.in)
		require.Equal(t, consent.Subject{Channel: c.channel, Sender: "s", Address: c.want}, got)
	}
}

func TestNormalizeSender(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		channel  consent.Channel
		in, want string
	}{
		{consent.Email, "News.Example.COM", "news.example.com"},
		{consent.Email, "xn--bcher-kva.example", "bücher.example"},
		{consent.SMS, "+1 (202) 555-0199", "+12025550199"},
		{consent.SMS, "ACME", "ACME"},
		{consent.WhatsApp, "106500000000001", "106500000000001"},
		{consent.Chat, "Site-A", "Site-A"},
		{consent.Chat, "", ""},
	} {
		got, err := consent.Request{Channel: c.channel, Sender: c.in}.Normalize()
		require.NoError(t, err)
		require.Equal(t, consent.Request{Channel: c.channel, Sender: c.want, Purpose: consent.Marketing}, got)
	}
	_, err := consent.Subject{Channel: consent.SMS, Sender: "+1", Address: "+12025550123"}.Normalize()
	refused(t, err, "sender", "fewer than 7")
	_, err = consent.Subject{Channel: consent.Email, Sender: strings.Repeat("Ⱥ", 127), Address: "ada@example.com"}.Normalize()
	refused(t, err, "sender", "lower case")
	_, err = consent.Subject{Channel: consent.Email, Sender: strings.Repeat("x", 256), Address: "ada@example.com"}.Normalize()
	refused(t, err, "sender", "longer than 255")
}

func TestCompareSubjects(t *testing.T) {
	t.Parallel()
	a := consent.Subject{Channel: consent.Email, Sender: "b", Address: "c"}
	for _, b := range []consent.Subject{
		{Channel: consent.SMS, Sender: "a", Address: "a"}, {Channel: consent.Email, Sender: "c", Address: "a"}, {Channel: consent.Email, Sender: "b", Address: "d"},
	} {
		require.Negative(t, a.Compare(b))
		require.Positive(t, b.Compare(a))
	}
	require.Zero(t, a.Compare(a))
}
