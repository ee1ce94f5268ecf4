package intake_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// The same values give the same contact in each of the three types.
func TestFormTypesAgree(t *testing.T) {
	t.Parallel()
	form := intake.Form{Fields: map[string]string{"full": "name", "mail": "email", "wants": "attributes.wants", "text": "attributes.message"}}
	values := url.Values{"full": {" Zoë Şahin "}, "mail": {"zoe@example.com"}, "wants": {"a", "b"}, "text": {"line 1\nline 2 & more"}}

	var multi bytes.Buffer
	w := multipart.NewWriter(&multi)
	for _, name := range []string{"full", "mail", "wants", "text"} {
		for _, value := range values[name] {
			require.NoError(t, w.WriteField(name, value))
		}
	}
	file, err := w.CreateFormFile("full", "name.txt")
	require.NoError(t, err)
	_, err = file.Write([]byte("not a name"))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	var all []intake.Batch
	for kind, body := range map[string]string{
		"application/x-www-form-urlencoded":               values.Encode(),
		"application/x-www-form-urlencoded;charset=utf-8": values.Encode(),
		"Application/JSON; charset=utf-8":                 `{"full":" Zoë Şahin ","mail":"zoe@example.com","wants":["a","b"],"text":"line 1\nline 2 & more"}`,
		w.FormDataContentType():                           multi.String(),
	} {
		batch, err := form.Parse(contentType(kind), []byte(body))
		require.NoError(t, err, kind)
		require.Equal(t, body, string(batch.Events[0].Payload))
		all = append(all, withoutPayloads(batch))
	}
	for _, batch := range all {
		require.Equal(t, all[0], batch)
	}
	c := all[0].Events[0].Contact
	require.Equal(t, "Zoë Şahin", c.Name)
	require.Equal(t, visitor.Attributes{
		"wants": visitor.List("a", "b"), "message": visitor.Text("line 1\nline 2 & more"),
	}, c.Attributes)
}

func TestFormContentTypes(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "text/plain", "application/xml", "multipart/form-data", "multipart/mixed; boundary=x", "form;;", "multipart/form-data; boundary="} {
		_, err := intake.Form{}.Parse(contentType(kind), []byte("name=Ada"))
		require.ErrorIs(t, err, intake.ErrInvalid, kind)
		var refused *visitor.FieldError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "content-type", refused.Field, kind)
	}
}

// A submission that is posted again is the same event. Each other submission is another visitor,
// since its address is unverified.
func TestFormSubmissions(t *testing.T) {
	t.Parallel()
	submit := func(f intake.Form, body string) visitor.Contact {
		batch, err := f.Parse(contentType("application/x-www-form-urlencoded"), []byte(body))
		require.NoError(t, err)
		require.True(t, batch.Events[0].Contact.Unverified)
		return batch.Events[0].Contact
	}
	ada := submit(intake.Form{}, "name=Ada&email=ada%40example.com")
	require.Equal(t, ada, submit(intake.Form{}, "email=ada%40example.com&name=Ada"))
	require.NotEqual(t, ada.ExternalID, submit(intake.Form{}, "name=Mallory&email=ada%40example.com").ExternalID)
	require.NotEqual(t, ada.ExternalID, submit(intake.Form{Account: "other"}, "name=Ada&email=ada%40example.com").ExternalID)

	first := submit(intake.Form{}, "name=Ada&submission_id=1")
	require.Equal(t, first.EventID, submit(intake.Form{}, "name=Ada+L.&submission_id=1").EventID)
	require.NotEqual(t, first.EventID, submit(intake.Form{}, "name=Ada&submission_id=2").EventID)
	require.NotEqual(t, first.EventID, submit(intake.Form{ID: "token"}, "name=Ada&submission_id=1").EventID)

	byEmail := intake.Form{ByEmail: true}
	one, two := submit(byEmail, "name=Ada&email=ada%40example.com"), submit(byEmail, "name=Ada+L.&email=ADA%40Example.com")
	require.Equal(t, one.ExternalID, two.ExternalID)
	require.NotEqual(t, one.EventID, two.EventID)
	require.NotContains(t, one.ExternalID, "ada")
}

func TestFormBoxes(t *testing.T) {
	t.Parallel()
	form := intake.Form{Consent: "agree", Honeypot: "website"}
	for body, want := range map[string]intake.Kind{
		"name=Ada&agree=on":                     intake.Inbound,
		"name=Ada&agree=I+accept":               intake.Inbound,
		"name=Ada&agree=on&website=":            intake.Inbound,
		"name=Ada&agree=on&website=+":           intake.Inbound,
		"name=Ada":                              intake.Ignored,
		"name=Ada&agree=":                       intake.Ignored,
		"name=Ada&agree=0":                      intake.Ignored,
		"name=Ada&agree=FALSE":                  intake.Ignored,
		"name=Ada&agree=off":                    intake.Ignored,
		"name=Ada&Agree=on":                     intake.Ignored,
		"name=Ada&agree=on&website=x":           intake.Ignored,
		"name=Ada&agree=on&website=&website=x":  intake.Ignored,
		"name=Ada&agree=on&=x":                  intake.Inbound,
		"agree=no&message=nothing+of+a+contact": intake.Ignored,
	} {
		batch, err := form.Parse(contentType("application/x-www-form-urlencoded"), []byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want, batch.Events[0].Kind, body)
	}
}

// A form cannot be sent in the name of a chat user: their ids differ.
func TestFormIsNoUser(t *testing.T) {
	t.Parallel()
	for _, form := range []intake.Form{{}, {ByEmail: true}} {
		batch, err := form.Parse(contentType("application/json"), []byte(`{"name":"Ada","email":"ada@example.com","submission_id":"42"}`))
		require.NoError(t, err)
		_, err = intake.Chat{Secrets: []string{"s"}}.Sign(intake.ChatUser{ID: batch.Events[0].Contact.ExternalID})
		require.ErrorIs(t, err, intake.ErrInvalid)
	}
}
