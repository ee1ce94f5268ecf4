package intake_test

import (
	"cmp"
	"fmt"

	"github.com/contactpipeline/visitors/visitor/intake"
)

func ExampleService() {
	form := intake.Form{
		Service: intake.Tally,
		Secrets: []string{"signing secret"},
		Fields:  map[string]string{"Budget": "attributes.budget", "form_name": "attributes.form"},
	}
	body := []byte(`{"eventType": "FORM_RESPONSE", "data": {"responseId": "2wgx4n", "formName": "Visit us", "fields": [
	  {"key": "question_1", "label": "Who are you?", "type": "INPUT_TEXT", "value": "Ada Example"},
	  {"key": "question_2", "label": "Where do we write to?", "type": "INPUT_EMAIL", "value": "ada@example.com"},
	  {"key": "question_3", "label": "Budget", "type": "INPUT_NUMBER", "value": 500}]}}`)

	fmt.Println(form.Verify(headers(), body))
	batch, err := form.Parse(headers("Content-Type", "application/json"), body)
	if err != nil {
		fmt.Println(err)
	}
	c := batch.Events[0].Contact
	fmt.Println(c.Email, c.Attributes["budget"], c.Attributes["form"])
	// Output:
	// verify form: not authentic: no header Tally-Signature
	// ada@example.com 500 Visit us
}

// A form of another service: paths lead to the values, and unsubscriptions are left out.
func ExampleForm_paths() {
	form := intake.Form{
		ID: "lead.id",
		Fields: map[string]string{
			"lead.person.name":                     "name",
			"lead.channels[kind=mail].address":     "email",
			`lead.answers["What is your budget?"]`: "attributes.budget",
		},
		Ignore: map[string][]string{"event": {"unsubscribe"}},
	}
	for _, body := range []string{
		`{"event": "lead", "lead": {"id": 7, "person": {"name": "Ada Example"}, "answers": {"What is your budget?": 500},
		  "channels": [{"kind": "fax", "address": "1"}, {"kind": "mail", "address": "ada@example.com"}]}}`,
		`{"event": "unsubscribe", "lead": {"id": 7}}`,
		`{"event": "lead", "lead": {"id": 8, "who": "Ada Example"}}`,
	} {
		batch, err := form.Parse(headers("Content-Type", "application/json"), []byte(body))
		if err != nil {
			fmt.Println(err)
			continue
		}
		e := batch.Events[0]
		fmt.Println(e.Kind, cmp.Or(string(e.Reason), e.Contact.Email))
	}
	// Output:
	// inbound ada@example.com
	// ignored filtered
	// read form: form: no name, e-mail or phone; the body has the fields event, lead.id, lead.who
}

func ExampleMailchimp_Parse() {
	mailchimp := intake.Mailchimp{Tags: []string{"newsletter"}}
	for _, body := range []string{
		"type=subscribe&fired_at=2026-03-26+21%3A35%3A57&data[email]=ada%40example.com&data[merges][FNAME]=Ada",
		"type=upemail&data[old_email]=ada%40example.com&data[new_email]=ada.new%40example.com",
		"type=unsubscribe&data[action]=unsub&data[email]=ada.new%40example.com",
		"type=cleaned&data[reason]=hard&data[email]=bob%40example.com",
		"type=campaign&data[status]=sent",
	} {
		batch, err := mailchimp.Parse(headers("Content-Type", "application/x-www-form-urlencoded"), []byte(body))
		if err != nil {
			fmt.Println(err)
		}
		switch e := batch.Events[0]; {
		case e.Consent != nil:
			fmt.Println(e.Kind, e.Consent.Subject.Address, e.Consent.State)
		case e.Health != nil:
			fmt.Println(e.Kind, e.Health.Subject.Address, e.Health.State)
		default:
			fmt.Println(e.Kind, cmp.Or(e.Contact.Email, string(e.Reason)))
		}
	}
	// Output:
	// inbound ada@example.com
	// identity_change ada.new@example.com
	// consent ada.new@example.com denied
	// consent bob@example.com hard_bounce
	// ignored other
}

// Mailchimp checks the URL by a GET request and an empty POST request. Both are answered with 200.
func ExampleMailchimp_Challenge() {
	answer, err := intake.Mailchimp{}.Challenge(nil)
	fmt.Printf("%q %v\n", answer, err)
	batch, err := intake.Read(intake.Mailchimp{}, headers(), nil)
	fmt.Println(len(batch.Events), err)
	// Output:
	// "" <nil>
	// 0 <nil>
}

// There is no signature: the URL has a secret, which the mux of the host checks.
func ExampleMailchimp_Verify() {
	fmt.Println(intake.Mailchimp{}.Verify(headers(), nil))
	// Output: <nil>
}
