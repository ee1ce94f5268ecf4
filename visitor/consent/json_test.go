package consent_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// The JSON is kept in evidence for years, so its names must stay.
func TestJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	entry := consent.Entry{
		Subject: consent.Subject{Channel: consent.WhatsApp, Sender: "106500000000001", Address: "12025550123"},
		Topic:   "newsletter", State: consent.Granted, Origin: consent.Person, At: at, Expires: at.AddDate(2, 0, 0), Basis: consent.ByConsent,
		Evidence: consent.Evidence{
			Kind: consent.ByForm, Ref: "form-7", Wording: "yes, write to me", URL: "https://example.com/", IP: "192.0.2.1", UserAgent: "x",
		},
		Actor: "ada", Cause: "sign-up",
	}
	for _, c := range []struct {
		value any
		want  string
	}{
		{entry, `{"subject":{"channel":"whatsapp","sender":"106500000000001","address":"12025550123"},"topic":"newsletter","state":"granted",
			"origin":"person","at":"2026-11-30T12:00:00Z","expires":"2028-11-30T12:00:00Z","basis":"consent",
			"evidence":{"kind":"form","ref":"form-7","wording":"yes, write to me","url":"https://example.com/","ip":"192.0.2.1","user_agent":"x"},
			"actor":"ada","cause":"sign-up"}`},
		{consent.Entry{}, `{"subject":{"channel":"","address":""},"state":"","origin":""}`},
		{consent.HealthReport{Subject: consent.Subject{Channel: consent.Email, Address: "a@example.com"}, State: consent.HardBounce, At: at, Code: "550"},
			`{"subject":{"channel":"email","address":"a@example.com"},"state":"hard_bounce","at":"2026-11-30T12:00:00Z","code":"550"}`},
	} {
		got, err := json.Marshal(c.value)
		require.NoError(t, err)
		require.JSONEq(t, c.want, string(got))
	}
	encoded, err := json.Marshal(entry)
	require.NoError(t, err)
	var again consent.Entry
	require.NoError(t, json.Unmarshal(encoded, &again))
	require.Equal(t, entry, again)
}
