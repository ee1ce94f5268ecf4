package intake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
)

// BenchmarkFormPreset reads a submission of a service, with a path in Fields, and a flat form with
// the same answers. x-flat is how much longer the submission takes; best-µs is the shortest time
// measured.
func BenchmarkFormPreset(b *testing.B) {
	json := contentType("application/json")
	flat := []byte(`{"submission_id":"2wgx4n","name":"Ada Example","email":"ada@example.com","phone":"+447700900123","city":"Barcelona","budget":500}`)
	for _, c := range []struct {
		name, path string
		service    intake.Service
		body       string
	}{
		{"webflow", "payload.data.budget", intake.Webflow,
			`{"triggerType":"form_submission","payload":{"name":"Contact Us","siteId":"65427cf400e02b306eaa049c","id":"6321ca84df3949bfc6752327","data":{"name":"Ada Example","email":"ada@example.com","phone":"+447700900123","city":"Barcelona","budget":500}}}`},
		{"tally", "data.fields[label=budget].value", intake.Tally,
			`{"eventType":"FORM_RESPONSE","data":{"responseId":"2wgx4n","fields":[{"key":"q1","label":"name","type":"INPUT_TEXT","value":"Ada Example"},{"key":"q2","label":"email","type":"INPUT_EMAIL","value":"ada@example.com"},{"key":"q3","label":"phone","type":"INPUT_PHONE_NUMBER","value":"+447700900123"},{"key":"q4","label":"city","type":"INPUT_TEXT","value":"Barcelona"},{"key":"q5","label":"budget","type":"INPUT_NUMBER","value":500}]}}`},
		{"typeform", "form_response.answers[field.ref=budget].number", intake.Typeform,
			`{"event_type":"form_response","form_response":{"token":"2wgx4n","answers":[{"type":"text","text":"Ada Example","field":{"id":"q1","ref":"name"}},{"type":"email","email":"ada@example.com","field":{"id":"q2","ref":"email"}},{"type":"phone_number","phone_number":"+447700900123","field":{"id":"q3","ref":"phone"}},{"type":"text","text":"Barcelona","field":{"id":"q4","ref":"city"}},{"type":"number","number":500,"field":{"id":"q5","ref":"budget"}}]}}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			preset := intake.Form{Service: c.service, Fields: map[string]string{c.path: "attributes.budget", "city": "attributes.city"}}
			plain := intake.Form{Fields: map[string]string{"budget": "attributes.budget", "city": "attributes.city"}}
			body := []byte(c.body)
			b.ReportAllocs()
			var ours, theirs time.Duration
			best := time.Hour
			for b.Loop() {
				start := time.Now()
				batch, err := preset.Parse(json, body)
				took := time.Since(start)
				ours, best = ours+took, min(best, took)
				require.NoError(b, err)
				require.Len(b, batch.Events[0].Contact.Attributes, 2)

				b.StopTimer()
				start = time.Now()
				batch, err = plain.Parse(json, flat)
				theirs += time.Since(start)
				require.NoError(b, err)
				require.Len(b, batch.Events[0].Contact.Attributes, 2)
				b.StartTimer()
			}
			b.ReportMetric(float64(ours)/float64(theirs), "x-flat")
			b.ReportMetric(float64(best)/1e3, "best-µs")
		})
	}
	b.Run("flat", func(b *testing.B) {
		plain := intake.Form{Fields: map[string]string{"budget": "attributes.budget", "city": "attributes.city"}}
		b.ReportAllocs()
		for b.Loop() {
			_, err := plain.Parse(json, flat)
			require.NoError(b, err)
		}
	})
}
