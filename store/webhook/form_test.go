package webhook_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Mailchimp connects a URL that answers its GET and its empty POST with 200.
func TestMailchimpConnects(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	h := webhook.New(ws, intake.Mailchimp{}, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/webhooks/mailchimp/secret", nil))
	require.Equal(t, 200, w.Code)
	require.Equal(t, 200, post(h, "", nil, "", "").Code)

	const kind = "application/x-www-form-urlencoded"
	require.Equal(t, 200, post(h, kind, []byte("type=subscribe&data[email]=ada%40example.com&data[merges][FNAME]=Ada"), "", "").Code)
	require.Equal(t, 200, post(h, kind, []byte("type=upemail&data[old_email]=ada%40example.com&data[new_email]=ada.new%40example.com"), "", "").Code)
	require.Equal(t, 200, post(h, kind, []byte("type=profile&data[email]=bob%40example.com&data[merges][FNAME]=Bob"), "", "").Code)
	visitors := dumped(t, ws).Visitors
	require.Len(t, visitors, 1, "a profile creates nobody")
	require.Equal(t, "Ada", visitors[0].Name)
	require.Len(t, visitors[0].Identities, 1)
}

// A mistyped address costs neither the lead nor the report of the field.
func TestMistypedFormByEmail(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	h := webhook.New(ws, intake.Form{ByEmail: true}, nil)
	require.Equal(t, 200, post(h, json, []byte(`{"name":"Ada","email":"ada@example"}`), "", "").Code)
	require.Len(t, dumped(t, ws).Visitors, 1)
	require.EqualValues(t, 1, h.Counts().InvalidFields)
}

// A form without a name, e-mail or phone is refused: its sender learns which fields were seen, and no value.
func TestFormWithNobody(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	w := post(webhook.New(ws, intake.Form{}, nil), json, []byte(`{"answers":{"q1":"ada@example.com","q2":["x"]},"id":7}`), "", "")
	require.Equal(t, 400, w.Code)
	require.Contains(t, w.Body.String(), "answers.q1")
	require.NotContains(t, w.Body.String(), "ada")
	require.Empty(t, dumped(t, ws).Visitors)
}
