package intake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

const leadAnswer = `{"created_time":"2025-10-09T08:53:20+0000","id":"920000000000001","form_id":"910000000000001","ad_id":"900000000000001",
	"field_data":[
		{"name":"first_name","values":["Ada"]},{"name":"last_name","values":["Example"]},
		{"name":"work_email","values":["ada@example.com"]},{"name":"email","values":["ada@example.org"]},
		{"name":"phone_number_(eg.44...)","values":["+447700900123"]},
		{"name":"Which colours do you like?","values":["red","blue"," "]},{"name":"lead_status","values":["won"]},
		{"name":"2nd choice","values":["green"]},{"name":"Ваш город","values":["Киев"]},{"name":"empty","values":[]},
		{"name":"number","values":[7]},"odd",{"values":["nameless"]}]}`

func leadContact() visitor.Contact {
	return visitor.Contact{
		Source: visitor.Messenger, Account: "31", ExternalID: "lead:920000000000001",
		Name: "Ada Example", Email: "ada@example.com", Phone: "+447700900123",
		EventID: "lead:920000000000001:fields", OccurredAt: time.Unix(1_760_000_000, 0).UTC(),
		Attributes: visitor.Attributes{
			"lead_status": visitor.Text("complete"), "lead_form": visitor.Text("910000000000001"), "lead_ad": visitor.Text("900000000000001"),
			"email": visitor.Text("ada@example.org"), "which_colours_do_you_like": visitor.List("red", "blue"),
			"question_2nd_choice": visitor.Text("green"), "question_b410b8b7": visitor.Text("Киев"),
			"number": visitor.Text("7"), "question_643d76d2": visitor.Text("nameless"),
		},
		Unverified: true, UpdateOnly: true,
	}
}

// The body is what https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving
// describes.
func TestLead(t *testing.T) {
	t.Parallel()
	e, err := intake.Messenger{}.Lead("31", []byte(leadAnswer))
	require.NoError(t, err)
	require.Equal(t, intake.Profile, e.Kind)
	require.Equal(t, "leadgen", e.Via)
	require.Equal(t, leadAnswer, string(e.Payload))
	want := leadContact()
	for name := range e.Contact.Attributes {
		require.True(t, visitor.ValidAttributeName(name), name)
	}
	require.Equal(t, want, e.Contact)

	e, err = intake.Messenger{}.Lead("31", []byte(`{"id":"7","field_data":[
		{"name":"nome_completo","values":["Ada Example"]},{"name":"e-mail","values":["ada@example.com"]},
		{"name":"número_de_telefone","values":["+447700900123"]}]}`))
	require.NoError(t, err)
	require.Equal(t, []string{"Ada Example", "ada@example.com", "+447700900123"}, []string{e.Contact.Name, e.Contact.Email, e.Contact.Phone})

	for name, body := range map[string]string{
		"nothing": ``, "no object": `[]`, "no id": `{"field_data":[{"name":"email","values":["a@example.com"]}]}`,
		"no fields": `{"id":"7","created_time":"2025-10-09T08:53:20+0000"}`, "an error": `{"error":{"message":"x","code":190}}`,
		"a bad id": `{"id":"\u0000","field_data":[{"name":"email","values":["a@example.com"]}]}`,
	} {
		_, err := intake.Messenger{}.Lead("31", []byte(body))
		require.ErrorIs(t, err, intake.ErrInvalid, name)
	}
}

// The answer completes the placeholder that the webhook made, in whichever order they are
// captured.
func TestLeadCompletesPlaceholder(t *testing.T) {
	t.Parallel()
	batch, err := intake.Messenger{}.Parse(headers(), []byte(`{"object":"page","entry":[{"id":"31","time":1760000003,"changes":[{"field":"leadgen",
		"value":{"leadgen_id":"920000000000001","form_id":"910000000000001","page_id":"31","created_time":1760000000}}]}]}`))
	require.NoError(t, err)
	require.Len(t, batch.Events, 1)
	answer, err := intake.Messenger{}.Lead("31", []byte(leadAnswer))
	require.NoError(t, err)

	for name, order := range map[string][]visitor.Contact{
		"as usual": {batch.Events[0].Contact, answer.Contact},
		"reversed": {answer.Contact, batch.Events[0].Contact},
		"twice":    {batch.Events[0].Contact, answer.Contact, batch.Events[0].Contact},
	} {
		for _, fill := range []visitor.Fill{"", visitor.IfNewer, visitor.Always} {
			var v visitor.Visitor
			v.Source = visitor.Messenger
			for _, c := range order {
				v = visitor.Policy{Attributes: fill}.MergeContact(v, c, c.Identities())
			}
			require.Equal(t, "Ada Example", v.Name, name)
			require.Equal(t, "ada@example.com", v.Email, name)
			require.Equal(t, visitor.Text("complete"), v.Attributes["lead_status"], name)
			require.Len(t, v.Identities, 1)
		}
	}
}
