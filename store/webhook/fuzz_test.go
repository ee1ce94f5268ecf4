package webhook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// FuzzHandler posts anything to the handlers of the channels, with the right signature:
// nothing panics, nothing fails, and the same again changes nothing.
func FuzzHandler(f *testing.F) {
	for _, d := range intaketest.Deliveries() {
		f.Add(d.Folder, d.ContentType, d.Body)
	}
	channels := intaketest.Channels()
	f.Fuzz(func(t *testing.T, folder, contentType string, body []byte) {
		channel, ok := channels[folder]
		if !ok {
			t.Skip("no such channel")
		}
		ws := remembered(t)
		signed, header, value := intaketest.Sign(channel, body)
		h := webhook.New(ws, signed, nil)
		status := post(h, contentType, body, header, value).Code
		require.Contains(t, []int{200, 400, 403}, status)
		before := dumped(t, ws)
		require.Equal(t, status, post(h, contentType, body, header, value).Code)
		require.Equal(t, before, dumped(t, ws))
		require.Zero(t, h.Counts().Outcomes[webhook.Failed])
	})
}
