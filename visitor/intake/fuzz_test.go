package intake_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// fuzz reads whatever it is given with each of the channels, which must stay sound and give
// the same again. The seeds are the deliveries of the folders.
func fuzz(f *testing.F, folders ...string) {
	use := map[string]bool{}
	for _, folder := range folders {
		use[folder] = true
	}
	for _, d := range intaketest.Deliveries() {
		if use[d.Folder] {
			f.Add(d.ContentType, d.Body)
		}
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		for _, folder := range folders {
			channel, h := channels[folder], contentType(kind)
			batch, err := channel.Parse(h, body)
			if problem := sound(batch, err); problem != nil {
				t.Fatalf("%s: %v", folder, problem)
			}
			again, errAgain := channel.Parse(h, body)
			if !reflect.DeepEqual(batch, again) || (err == nil) != (errAgain == nil) {
				t.Fatalf("%s: read twice, and not the same", folder)
			}
			if err := channel.Verify(h, body); err == nil && platform(folder) {
				t.Fatalf("%s: accepted without a secret", folder)
			}
		}
	})
}

func FuzzWhatsApp(f *testing.F) { fuzz(f, "whatsapp", "whatsapp-standby", "whatsapp-keywords") }
func FuzzMessenger(f *testing.F) {
	fuzz(f, "messenger", "messenger-standby", "messenger-referrals", "messenger-comments", "messenger-keywords")
}
func FuzzInstagram(f *testing.F) {
	fuzz(f, "instagram", "instagram-comments", "instagram-standby", "instagram-referrals", "instagram-keywords")
}
func FuzzTelegram(f *testing.F) { fuzz(f, "telegram", "telegram-nobot", "telegram-keywords") }
func FuzzChat(f *testing.F)     { fuzz(f, "chat", "chat-required", "chat-noclock") }
func FuzzForm(f *testing.F) {
	fuzz(f, "form", "form-guarded", "form-by-email", "form-recognised", "form-paths", "form-kept")
}
func FuzzFormService(f *testing.F) {
	fuzz(f, "form-typeform", "form-tally", "form-webflow", "form-elementor", "form-jotform", "form-google",
		"form-netlify", "form-hubspot", "form-gravity", "form-cf7", "form-wpforms")
}
func FuzzMailchimp(f *testing.F) { fuzz(f, "form-mailchimp") }

// FuzzFormPath reads a body with any path, and filters by it.
func FuzzFormPath(f *testing.F) {
	for _, path := range []string{
		"a", "a.b", "a[0].b", "a[].b", "[0]", `a[b="c\"]"].d`, "a[b.c=d]", `["a.b"]`, "a[b][c]", "a[", "a..b", "a[=b]", "]",
	} {
		f.Add(path, []byte(`{"a":[{"b":{"c":"d"}},{"b":"c","d":"e"}],"a.b":"x"}`))
		f.Add(path, []byte(`{"a":{"b":{"c":"d"}},"c":"{\"a\":1}"}`))
	}
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		form := intake.Form{
			ID: path, Fields: map[string]string{path: "attributes.x"}, Ignore: map[string][]string{path: {"drop"}}, KeepAnswers: true,
		}
		batch, err := form.Parse(contentType("application/json"), body)
		if problem := sound(batch, err); problem != nil {
			t.Fatal(problem)
		}
		again, _ := form.Parse(contentType("application/json"), body)
		if !reflect.DeepEqual(batch, again) {
			t.Fatal("read twice, and not the same")
		}
	})
}

// FuzzFormSignature tries to guess signatures.
func FuzzFormSignature(f *testing.F) {
	for _, value := range []string{"sha256=aGk=", "aGk=", "t=1760000000,v=00", "00", "eyJhbGciOiJIUzI1NiJ9.e30.aGk"} {
		f.Add(value, "1760000000", []byte(`{}`))
	}
	f.Fuzz(func(t *testing.T, value, at string, body []byte) {
		h := func(name string) string {
			if name == "X-Webflow-Timestamp" {
				return at
			}
			return value
		}
		for _, service := range signers {
			form := intake.Form{Service: service, Secrets: []string{"a long secret that nobody guesses"}, Now: clock}
			if err := form.Verify(h, body); !errors.Is(err, intake.ErrSignature) && !errors.Is(err, intake.ErrInvalid) {
				t.Fatalf("%s: %v", service, err)
			}
		}
	})
}

// FuzzLead reads any answer of the Graph API.
func FuzzLead(f *testing.F) {
	f.Add([]byte(leadAnswer))
	f.Add([]byte(`{"id":7,"field_data":{"name":"email","values":"a@example.com"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := intake.Messenger{}.Lead("31", body)
		if err != nil {
			if problem := sound(intake.Batch{}, err); problem != nil {
				t.Fatal(problem)
			}
			return
		}
		for name := range e.Contact.Attributes {
			if !visitor.ValidAttributeName(name) {
				t.Fatalf("attribute %q", name)
			}
		}
		if name, err := visitor.NormalizeName(e.Contact.Name); e.Contact.Name != "" && (err != nil || name != e.Contact.Name) {
			t.Fatal("a name that is not valid")
		}
	})
}
