package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
)

// flatForm is a form without a preset.
const flatForm = `{"submission_id":"2wgx4n","name":"Ada Example","email":"ada@example.com","phone":"+447700900123",` +
	`"city":"Barcelona","budget":500}`

var presetBodies = []struct {
	service    intake.Service
	path, body string
}{
	{intake.Webflow, "payload.data.budget", `{"triggerType":"form_submission","payload":{"name":"Contact Us",
		"siteId":"65427cf400e02b306eaa049c","id":"6321ca84df3949bfc6752327","data":{"name":"Ada Example",
		"email":"ada@example.com","phone":"+447700900123","city":"Barcelona","budget":500}}}`},
	{intake.Tally, "data.fields[label=budget].value", `{"eventType":"FORM_RESPONSE","data":{"responseId":"2wgx4n","fields":[
		{"key":"q1","label":"name","type":"INPUT_TEXT","value":"Ada Example"},
		{"key":"q2","label":"email","type":"INPUT_EMAIL","value":"ada@example.com"},
		{"key":"q3","label":"phone","type":"INPUT_PHONE_NUMBER","value":"+447700900123"},
		{"key":"q4","label":"city","type":"INPUT_TEXT","value":"Barcelona"},
		{"key":"q5","label":"budget","type":"INPUT_NUMBER","value":500}]}}`},
	{intake.Typeform, "form_response.answers[field.ref=budget].number", `{"event_type":"form_response","form_response":{
		"token":"2wgx4n","answers":[{"type":"text","text":"Ada Example","field":{"id":"q1","ref":"name"}},
		{"type":"email","email":"ada@example.com","field":{"id":"q2","ref":"email"}},
		{"type":"phone_number","phone_number":"+447700900123","field":{"id":"q3","ref":"phone"}},
		{"type":"text","text":"Barcelona","field":{"id":"q4","ref":"city"}},
		{"type":"number","number":500,"field":{"id":"q5","ref":"budget"}}]}}`},
}

// BenchmarkFormPreset reads a submission of a service, with a path in Fields, and a flat form: in
// one the same answers, in the other more, until the bodies are equally long. x-answers and x-bytes are
// how much longer the submission takes than each.
func BenchmarkFormPreset(b *testing.B) {
	plain := intake.Form{Fields: map[string]string{"budget": "attributes.budget", "city": "attributes.city"}}
	for _, c := range presetBodies {
		preset := intake.Form{Service: c.service, Fields: map[string]string{c.path: "attributes.budget", "city": "attributes.city"}}
		long := strings.TrimSuffix(flatForm, "}")
		for i := 0; len(long) < len(c.body); i++ {
			long += fmt.Sprintf(`,"field_%d":"an answer"`, i)
		}
		b.Run(string(c.service), func(b *testing.B) {
			b.ReportAllocs()
			var took [3]time.Duration
			for b.Loop() {
				for i, one := range []struct {
					form intake.Form
					body string
				}{{preset, c.body}, {plain, flatForm}, {plain, long + "}"}} {
					start := time.Now()
					batch, err := one.form.Parse(contentType("application/json"), []byte(one.body))
					took[i] += time.Since(start)
					require.NoError(b, err)
					require.Len(b, batch.Events[0].Contact.Attributes, 2)
				}
			}
			b.ReportMetric(float64(took[0])/float64(took[1]), "x-answers")
			b.ReportMetric(float64(took[0])/float64(took[2]), "x-bytes")
		})
	}
}
