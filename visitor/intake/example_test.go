package intake_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// called returns the name of a contact.
func called(c visitor.Contact) string { return cmp.Or(c.Name, c.Username, c.Phone) }

// show prints an event.
func show(e intake.Event) {
	switch e.Kind {
	case intake.Ignored:
		fmt.Printf("%s: %s (%s)\n", e.Kind, e.Reason, e.Via)
	case intake.Consent:
		if e.Health != nil {
			fmt.Printf("%s: %s is %s\n", e.Kind, e.Health.Subject.Address, e.Health.State)
			return
		}
		fmt.Printf("%s: %s %s messages from %s\n", e.Kind, e.Consent.Subject.Address, e.Consent.State, e.Consent.Subject.Sender)
	default:
		fmt.Printf("%s: %s %q as %s\n", e.Kind, e.Contact.Source, called(e.Contact), e.Contact.ExternalID)
	}
}

func ExampleRead() {
	channel := intake.WhatsApp{Secrets: []string{"app secret", "the one before"}}
	body := []byte(`{"object": "whatsapp_business_account", "entry": []}`)

	_, err := intake.Read(channel, headers("X-Hub-Signature-256", metaSignature("the one before", body)), body)
	fmt.Println(err)
	_, err = intake.Read(channel, headers("X-Hub-Signature-256", metaSignature("guessed", body)), body)
	fmt.Println(err, errors.Is(err, intake.ErrSignature))
	// Output:
	// <nil>
	// verify whatsapp: not authentic: made with another secret, or changed on the way true
}

func ExampleWhatsApp_Parse() {
	batch, err := intake.WhatsApp{}.Parse(headers(), []byte(`{
	  "object": "whatsapp_business_account",
	  "entry": [{"id": "102290000000001", "changes": [{"field": "messages", "value": {
	    "metadata": {"display_phone_number": "15550100199", "phone_number_id": "106500000000001"},
	    "contacts": [{"profile": {"name": "Sheena Example"}, "wa_id": "12025550123", "user_id": "US.1349"}],
	    "messages": [
	      {"from": "12025550123", "from_user_id": "US.1349", "id": "wamid.1", "timestamp": "1760000000", "type": "text"},
	      {"from": "12025550123", "id": "wamid.2", "timestamp": "1760000001", "type": "reaction"},
	      {"from": "12025550123", "id": "wamid.3", "timestamp": "1760000002", "type": "system",
	       "system": {"type": "user_changed_number", "wa_id": "12025550188", "user_id": "US.1350", "previous_user_id": "US.1349"}}]
	  }}]}]}`))
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range batch.Events {
		show(e)
	}
	message, change := batch.Events[0], batch.Events[2]
	fmt.Println(message.Contact.Phone, "also", message.Contact.AlternateIDs[0].ExternalID)
	fmt.Println(change.Contact.Phone, "was", change.Contact.PreviousIDs[0].ExternalID, change.Contact.PreviousIDs[1].ExternalID)
	// Output:
	// inbound: whatsapp "Sheena Example" as US.1349
	// ignored: reaction (reaction)
	// identity_change: whatsapp "+12025550188" as US.1350
	// +12025550123 also 12025550123
	// +12025550188 was US.1349 12025550123
}

func ExampleWhatsApp_Verify() {
	body := []byte(`{"object": "whatsapp_business_account"}`)
	fmt.Println(intake.WhatsApp{Secrets: []string{"app secret"}}.Verify(headers(), body))
	// Output: verify whatsapp: not authentic: no header X-Hub-Signature-256
}

func ExampleWhatsApp_Challenge() {
	query, err := url.ParseQuery("hub.mode=subscribe&hub.verify_token=typed+in+the+dashboard&hub.challenge=1158201444")
	if err != nil {
		fmt.Println(err)
	}
	answer, err := intake.WhatsApp{VerifyToken: "typed in the dashboard"}.Challenge(query)
	fmt.Println(answer, err)
	// Output: 1158201444 <nil>
}

func ExampleMessenger_Parse() {
	batch, err := intake.Messenger{}.Parse(headers(), []byte(`{"object": "page", "entry": [{"id": "100000000000001", "messaging": [
	  {"sender": {"id": "7000000000000000001"}, "timestamp": 1760000000123, "message": {"mid": "m_1", "text": "hello"}},
	  {"sender": {"id": "100000000000001"}, "timestamp": 1760000000456, "message": {"mid": "m_2", "is_echo": true}}]}]}`))
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range batch.Events {
		show(e)
	}
	// Output:
	// inbound: messenger "" as 7000000000000000001
	// ignored: echo (message)
}

func ExampleMessenger_Profile() {
	answer := []byte(`{"first_name": "Ada", "last_name": "Example", "id": "7000000000000000001"}`)
	e, err := intake.Messenger{}.Profile("100000000000001", answer)
	if err != nil {
		fmt.Println(err)
	}
	show(e)
	// Output: profile: messenger "Ada Example" as 7000000000000000001
}

func ExampleMessenger_Lead() {
	// The webhook creates a visitor with a placeholder name, "lead:920000000000001".
	batch, err := intake.Messenger{}.Parse(headers(), []byte(`{"object": "page", "entry": [{"id": "100000000000001", "changes": [{"field": "leadgen",
	  "value": {"leadgen_id": "920000000000001", "form_id": "910000000000001", "page_id": "100000000000001", "created_time": 1760000000}}]}]}`))
	if err != nil {
		fmt.Println(err)
	}
	show(batch.Events[0])

	// GET /920000000000001?fields=id,created_time,field_data,form_id,ad_id returns the fields of the form.
	e, err := intake.Messenger{}.Lead("100000000000001", []byte(`{"id": "920000000000001", "created_time": "2025-10-09T08:53:20+0000",
	  "field_data": [{"name": "full_name", "values": ["Ada Example"]}, {"name": "email", "values": ["ada@example.com"]},
	    {"name": "what_is_your_budget?", "values": ["1000"]}]}`))
	if err != nil {
		fmt.Println(err)
	}
	show(e)
	fmt.Println(e.Contact.Email, e.Contact.Attributes["what_is_your_budget"].Text(), e.Contact.Attributes["lead_status"].Text())
	// Output:
	// inbound: messenger "" as lead:920000000000001
	// profile: messenger "Ada Example" as lead:920000000000001
	// ada@example.com 1000 complete
}

func ExampleStandardKeywords() {
	channel := intake.Telegram{Bot: "shop_bot", Keywords: intake.StandardKeywords("en", "de")}
	for _, said := range []string{"STOP!", "don't stop", "Anmelden"} {
		batch, err := channel.Parse(headers(), fmt.Appendf(nil, `{"update_id": 7, "message": {"message_id": 1, "date": 1760000000, "text": %q,
		  "chat": {"id": 42, "type": "private"}, "from": {"id": 42, "first_name": "Ada"}}}`, said))
		if err != nil {
			fmt.Println(err)
		}
		for _, e := range batch.Events {
			show(e)
		}
	}
	// Output:
	// inbound: telegram "Ada" as 42
	// consent: 42 denied messages from shop_bot
	// inbound: telegram "Ada" as 42
	// inbound: telegram "Ada" as 42
	// consent: 42 granted messages from shop_bot
}

func ExampleInstagram_Parse() {
	body := []byte(`{"object": "instagram", "entry": [{"id": "178410000000001", "time": 1760000000, "changes": [
	  {"field": "comments", "value": {"from": {"id": "8000000000000000001", "username": "ada.example"}, "id": "1800"}}]}]}`)
	for _, channel := range []intake.Instagram{{}, {Comments: true}} {
		batch, err := channel.Parse(headers(), body)
		if err != nil {
			fmt.Println(err)
		}
		show(batch.Events[0])
	}
	// Output:
	// ignored: comment (comments)
	// inbound: instagram "ada.example" as 8000000000000000001
}

func ExampleInstagram_Profile() {
	answer := []byte(`{"name": "Ada Example", "username": "ada.example", "id": "8000000000000000001"}`)
	e, err := intake.Instagram{}.Profile("178410000000001", answer)
	if err != nil {
		fmt.Println(err)
	}
	show(e)
	// Output: profile: instagram "Ada Example" as 8000000000000000001
}

func ExampleTelegram_Parse() {
	for _, update := range []string{
		`{"update_id": 1, "message": {"date": 1760000000, "chat": {"id": 42, "type": "private"},
		  "from": {"id": 42, "is_bot": false, "first_name": "Ada", "last_name": "Example"}}}`,
		`{"update_id": 2, "message": {"date": 1760000000, "chat": {"id": -100, "type": "group"}, "from": {"id": 42, "first_name": "Ada"}}}`,
	} {
		batch, err := intake.Telegram{Bot: "shop_bot"}.Parse(headers(), []byte(update))
		if err != nil {
			fmt.Println(err)
		}
		show(batch.Events[0])
	}
	// Output:
	// inbound: telegram "Ada Example" as 42
	// ignored: group (message)
}

func ExampleTelegram_Verify() {
	channel := intake.Telegram{Secrets: []string{"given to setWebhook"}}
	fmt.Println(channel.Verify(headers("X-Telegram-Bot-Api-Secret-Token", "given to setWebhook"), nil))
	// Output: <nil>
}

func ExampleChat_Parse() {
	body := []byte(`{"type": "message", "anonymous_id": "00112233445566778899aabbccddeeff", "name": "Ada Example", "email": "ada@example.com"}`)
	batch, err := intake.Chat{Account: "shop"}.Parse(headers(), body)
	if err != nil {
		fmt.Println(err)
	}
	show(batch.Events[0])
	fmt.Println("unverified:", batch.Events[0].Contact.Unverified)
	// Output:
	// inbound: chat "Ada Example" as anon:00112233445566778899aabbccddeeff
	// unverified: true
}

func ExampleChat_Sign() {
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	channel := intake.Chat{Secrets: []string{"chat secret"}, Account: "shop", Now: now}
	identity, err := channel.Sign(intake.ChatUser{ID: "42", Name: "Ada Example", Expires: now().Add(time.Hour)})
	if err != nil {
		fmt.Println(err)
	}
	batch, err := intake.Read(channel, headers(), []byte(`{"identity": "`+identity+`", "name": "Somebody Else"}`))
	if err != nil {
		fmt.Println(err)
	}
	show(batch.Events[0])
	fmt.Println("unverified:", batch.Events[0].Contact.Unverified)
	// Output:
	// inbound: chat "Ada Example" as 42
	// unverified: false
}

func ExampleNewAnonymousID() {
	fmt.Println(len(intake.NewAnonymousID()))
	// Output: 32
}

func ExampleForm_Parse() {
	form := intake.Form{
		Account: "offer", Tags: []string{"offer"},
		Fields:  map[string]string{"your-name": "name", "your-email": "email", "budget": "attributes.budget"},
		Consent: "agree", Honeypot: "website",
	}
	for _, typed := range []string{
		"your-name=Ada+Example&your-email=ada%40example.com&budget=500&agree=on&website=",
		"your-name=Ada+Example&your-email=ada%40example.com&website=",
		"your-name=x&your-email=x%40example.com&agree=on&website=https%3A%2F%2Fspam.example",
	} {
		batch, err := form.Parse(headers("Content-Type", "application/x-www-form-urlencoded"), []byte(typed))
		if err != nil {
			fmt.Println(err)
		}
		e := batch.Events[0]
		fmt.Println(e.Kind, cmp.Or(string(e.Reason), e.Contact.Name), e.Contact.Tags)
	}
	// Output:
	// inbound Ada Example [offer]
	// ignored no_consent []
	// ignored spam []
}

func ExampleForm_Verify() {
	form := intake.Form{Origins: []string{"https://shop.example"}}
	fmt.Println(form.Verify(headers("Origin", "https://shop.example"), nil))
	fmt.Println(form.Verify(headers("Origin", "https://elsewhere.example"), nil))
	// Output:
	// <nil>
	// verify form: not authentic: sent from a page of another origin
}

func ExampleBatch_Contacts() {
	batch := intake.Batch{Events: []intake.Event{
		{Kind: intake.Ignored, Reason: intake.Status},
		{Kind: intake.Inbound, Contact: visitor.Contact{Source: visitor.Telegram, ExternalID: "42"}},
	}}
	for c := range batch.Contacts() {
		fmt.Println(c.Source, c.ExternalID)
	}
	// Output: telegram 42
}

func ExampleChat_Allows() {
	chat := intake.Chat{Origins: []string{"https://shop.example"}}
	fmt.Println(chat.Allows("https://shop.example"), chat.Allows("https://elsewhere.example"))
	// Output: true false
}

func ExampleForm_Allows() {
	fmt.Println(intake.Form{}.Allows("https://anywhere.example"))
	// Output: true
}
