package intake_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
)

func TestFormConsentSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]intake.FormConsent{
		"no field":       {Channel: consent.Email},
		"bad path":       {Field: "a[", Channel: consent.Email},
		"no channel":     {Field: "news"},
		"other channel":  {Field: "news", Channel: consent.Telegram},
		"bad topic":      {Field: "news", Channel: consent.Email, Topic: "News letter"},
		"bad sender":     {Field: "news", Channel: consent.SMS, Sender: "a\nb"},
		"long wording":   {Field: "news", Channel: consent.Email, Wording: strings.Repeat("x", consent.MaxEvidence+1)},
		"second of many": {Field: "news", Channel: consent.WhatsApp, Sender: strings.Repeat("1", consent.MaxAddress+1)},
	} {
		form := intake.Form{Consents: []intake.FormConsent{{Field: "news", Channel: consent.Email}, c}}
		_, err := form.Parse(contentType("application/json"), []byte(`{"email":"ada@example.com"}`))
		require.ErrorIs(t, err, intake.ErrInvalid, name)
		var refused *visitor.FieldError
		require.ErrorAs(t, err, &refused, name)
	}
}

// The page comes from the header of the browser, without what can be personal data.
func TestFormConsentPage(t *testing.T) {
	t.Parallel()
	form := intake.Form{Page: "page", Consents: []intake.FormConsent{{Field: "news", Channel: consent.Email}}}
	for referer, want := range map[string]string{
		"":                                      "",
		"https://shop.example/":                 "https://shop.example/",
		"https://ada:pw@shop.example/a%20b?q=1": "https://shop.example/a%20b",
		"file:///home/ada":                      "",
		"https://shop.example/" + strings.Repeat("x", 2_000): "",
		"::": "",
	} {
		header := func(name string) string {
			return map[string]string{"Content-Type": "application/json", "Referer": referer}[name]
		}
		batch, err := form.Parse(header, []byte(`{"email":"ada@example.com","news":1}`))
		require.NoError(t, err)
		require.Equal(t, want, batch.Events[1].Consent.Evidence.URL, referer)
		batch, err = form.Parse(header, []byte(`{"email":"ada@example.com","news":1,"page":"https://shop.example/form"}`))
		require.NoError(t, err)
		require.Equal(t, "https://shop.example/form", batch.Events[1].Consent.Evidence.URL)
	}
}

// A number without a country is one of the business's country only if the host says so: on WhatsApp,
// its digits alone could be read as those of another person.
func TestFormConsentNationalNumber(t *testing.T) {
	t.Parallel()
	form := intake.Form{Consents: []intake.FormConsent{{Field: "news", Channel: consent.WhatsApp}}}
	parse := func(phone string) intake.Event {
		batch, err := form.Parse(contentType("application/json"), []byte(`{"name":"Ada","phone":"`+phone+`","news":"on"}`))
		require.NoError(t, err)
		require.Equal(t, intake.Inbound, batch.Events[0].Kind)
		return batch.Events[1]
	}
	require.Equal(t, intake.Malformed, parse("2025550123").Reason)
	form.Phone = func(raw string) (string, error) {
		if raw != "2025550123" {
			return "", errors.New("not a number")
		}
		return "+12025550123", nil
	}
	require.Equal(t, "+12025550123", parse("2025550123").Consent.Subject.Address)
	require.Equal(t, intake.Malformed, parse("555").Reason)
	require.Equal(t, "+4915123456789", parse("+49 151 23456789").Consent.Subject.Address)
}

// A submission that is not captured grants nothing, and boxes are no answers to keep.
func TestFormConsentOnlyWithPerson(t *testing.T) {
	t.Parallel()
	form := intake.Form{
		Consent: "agree", Honeypot: "website", KeepAnswers: true, Ignore: map[string][]string{"kind": {"test"}},
		Consents: []intake.FormConsent{{Field: "data.news", Channel: consent.Email}},
	}
	for body, want := range map[string]int{
		`"agree":true,"budget":"100"`:                2,
		`"agree":false`:                              1,
		`"agree":true,"website":"https://x.example"`: 1,
		`"agree":true,"kind":"test"`:                 1,
	} {
		batch, err := form.Parse(contentType("application/json"), []byte(`{"email":"ada@example.com","data":{"news":"on"},`+body+`}`))
		require.NoError(t, err)
		require.Len(t, batch.Events, want, body)
		if want == 2 {
			require.Equal(t, visitor.Attributes{"budget": visitor.Text("100")}, batch.Events[0].Contact.Attributes)
		}
	}
}
