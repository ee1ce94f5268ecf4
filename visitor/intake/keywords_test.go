package intake_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
)

var languages = []string{"ar", "de", "en", "es", "fr", "he", "hi", "id", "it", "nl", "pl", "pt", "ru", "tr", "uk"}

// said returns the states that a text message gives, in the order of its events.
func said(t *testing.T, k intake.Keywords, text string) []consent.State {
	t.Helper()
	body := fmt.Sprintf(`{"update_id":1,"message":{"message_id":1,"chat":{"id":5,"type":"private"},"from":{"id":5},"text":%q}}`, text)
	batch, err := intake.Telegram{Keywords: k}.Parse(headers(), []byte(body))
	require.NoError(t, sound(batch, err))
	require.Equal(t, intake.Inbound, batch.Events[0].Kind, "the message is captured too")
	var states []consent.State
	for _, e := range batch.Events[1:] {
		require.Equal(t, intake.Consent, e.Kind)
		require.Equal(t, consent.Person, e.Consent.Origin)
		states = append(states, e.Consent.State)
	}
	return states
}

func TestStandardKeywords(t *testing.T) {
	t.Parallel()
	for _, language := range languages {
		k := intake.StandardKeywords(language)
		require.NotEmpty(t, k.Stop, language)
		require.NotEmpty(t, k.Start, language)
		for _, word := range k.Stop {
			require.Equal(t, []consent.State{consent.Denied}, said(t, k, " "+word+"! "), "%s: %s", language, word)
		}
		for _, word := range k.Start {
			require.Equal(t, []consent.State{consent.Granted}, said(t, k, word), "%s: %s", language, word)
		}
	}
	require.Empty(t, intake.StandardKeywords("tlh", "EN", ""))
}

// A start word of one language must not be a stop word of another.
func TestStandardKeywordsTogether(t *testing.T) {
	t.Parallel()
	all := intake.StandardKeywords(languages...)
	for _, word := range all.Start {
		require.Equal(t, []consent.State{consent.Granted}, said(t, all, word), word)
	}
}

func TestKeywordIsTheWholeMessage(t *testing.T) {
	t.Parallel()
	k := intake.StandardKeywords("en", "fr")
	for _, text := range []string{"STOP", "stop.", "«Stop»", "St\u200bop", "ＳＴＯＰ", "Stop\U0001F6D1", "\n stop\t", "STOP ALL", "arrêt", "ARRE\u0302T"} {
		require.Equal(t, []consent.State{consent.Denied}, said(t, k, text), text)
	}
	for _, text := range []string{"", "!", "stop texting me", "don't stop", "stop 1", "nonstop", "st op", "/start", "yes", "START NOW"} {
		require.Empty(t, said(t, k, text), text)
	}
	require.Empty(t, said(t, intake.Keywords{}, "stop"), "off by default")
	require.Equal(t, []consent.State{consent.Denied}, said(t, intake.Keywords{Stop: []string{"Basta così"}}, "basta cosi\u0300!"))
}
