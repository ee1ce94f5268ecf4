package consent_test

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/visitor/consent"
)

func Example() {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	news, _ := consent.Topic{Key: "news", Label: "Newsletter"}.Normalize()
	address := consent.Subject{Channel: consent.Email, Address: "Ada@Example.com"}
	signUp, _ := consent.Entry{
		Subject: address, Topic: "news", State: consent.Granted, Origin: consent.Person, At: now.AddDate(0, -2, 0),
		Basis: consent.ByConsent, Evidence: consent.Evidence{Kind: consent.ByDoubleOptIn, Wording: "Send me the newsletter"},
	}.Normalize(now)
	oneClick, _ := consent.Entry{
		Subject: address, Topic: "news", State: consent.Denied, Origin: consent.Person, At: now.AddDate(0, -1, 0),
		Evidence: consent.Evidence{Kind: consent.ByOneClick},
	}.Normalize(now)
	imported, _ := consent.Entry{
		Subject: address, Topic: "news", State: consent.Granted, Origin: consent.Import, Basis: consent.SoftOptIn,
	}.Normalize(now)

	facts := consent.Facts{Topic: news, Routes: []consent.Route{{Subject: signUp.Subject, Address: "Ada@Example.com"}}}
	request := consent.Request{Channel: consent.Email, Topic: "news", Purpose: consent.Marketing}
	for _, history := range [][]consent.Entry{{}, {signUp}, {signUp, oneClick}, {signUp, oneClick, imported}} {
		facts.Statuses = consent.Fold(history)
		d := consent.Decide(request, facts, now)
		fmt.Println(d.Allowed, d.Reason.Text())
	}
	// Output:
	// false has not agreed
	// true agreed to messages
	// false does not want messages about this topic
	// false does not want messages about this topic
}

func ExampleDecide() {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	stopped := consent.Subject{Channel: consent.WhatsApp, Sender: "number-1", Address: "12025550123"}
	known := stopped
	known.Sender = "number-2"
	facts := consent.Facts{
		Topic:  consent.Topic{Key: "offers", Default: consent.OptOut},
		Routes: []consent.Route{{Subject: stopped}, {Subject: known}},
		Statuses: consent.Fold([]consent.Entry{
			{Subject: stopped, State: consent.Denied, Origin: consent.Platform, At: now.AddDate(0, 0, -1)},
		}),
	}
	for _, sender := range []string{"number-1", "number-2", ""} {
		d := consent.Decide(consent.Request{
			Channel: consent.WhatsApp, Sender: sender, Topic: "offers", Purpose: consent.Marketing,
		}, facts, now)
		fmt.Printf("%q: %v %q %s\n", sender, d.Allowed, d.Sender, d.Reason)
	}
	// Output:
	// "number-1": false "" platform_stopped
	// "number-2": true "number-2" default_opt_out
	// "": true "number-2" default_opt_out
}

func ExampleFold() {
	address := consent.Subject{Channel: consent.SMS, Address: "+12025550123"}
	monday := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	statuses := consent.Fold([]consent.Entry{
		{Subject: address, State: consent.Granted, Origin: consent.Operator, At: monday.AddDate(0, 0, 2)}, // lifts nothing
		{Subject: address, State: consent.Denied, Origin: consent.Person, At: monday.AddDate(0, 0, 1)},
		{Subject: address, State: consent.Granted, Origin: consent.Person, At: monday},
	})
	for _, s := range statuses {
		fmt.Println(s.State(monday.AddDate(0, 0, 3)), "since", s.Since.Weekday())
	}
	// Output: denied since Tuesday
}

func ExampleStatus_State() {
	asked := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	entry, _ := consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"},
		State:   consent.Pending, Origin: consent.Person, At: asked,
	}.Normalize(asked)
	status := consent.Fold([]consent.Entry{entry})[0]
	fmt.Printf("%q %q\n", status.State(asked.AddDate(0, 0, 6)), status.State(asked.AddDate(0, 0, 8)))
	// Output: "pending" ""
}

func ExampleFoldHealth() {
	bot := consent.Subject{Channel: consent.Telegram, Sender: "bot", Address: "42"}
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	blocked := consent.HealthReport{Subject: bot, State: consent.Blocked, Origin: consent.Platform, At: at, Code: "kicked"}
	message := consent.HealthReport{Subject: bot, State: consent.Healthy, Origin: consent.Person, At: at.Add(time.Hour)}
	fmt.Println(consent.FoldHealth([]consent.HealthReport{blocked})[0].Report.State.Text())
	fmt.Println(consent.FoldHealth([]consent.HealthReport{blocked, message})[0].Report.State.Text())
	// Output:
	// blocked the sender
	// messages arrive
}

func ExampleRetain() {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	address := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	kept := consent.Retain([]consent.Entry{
		{Subject: address, Topic: "news", State: consent.Granted, Origin: consent.Person, At: at},
		{
			Subject: address, Topic: "offers", State: consent.Denied, Origin: consent.Person, At: at,
			Evidence: consent.Evidence{Kind: consent.ByMessage, Wording: "no more offers"},
		},
	})
	for _, e := range kept {
		fmt.Printf("%s %s %s %q\n", e.Topic, e.State, e.Evidence.Kind, e.Evidence.Wording)
	}
	// Output: offers denied message ""
}

func ExampleEntry_Normalize() {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	_, err := consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"},
		State:   consent.Granted, Origin: consent.Import,
	}.Normalize(now)
	fmt.Println(err)
	// Output: basis: missing: an imported grant needs one
}

func ExampleEntry_CheckApplication() {
	stop := consent.Entry{
		Subject: consent.Subject{Channel: consent.WhatsApp, Address: "12025550123"},
		State:   consent.Denied, Origin: consent.Platform, At: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
	}
	grant := stop
	grant.State, grant.Origin = consent.Granted, consent.Operator
	status := consent.Fold([]consent.Entry{stop})[0]
	fmt.Println(stop.CheckApplication(consent.Status{}) == consent.ErrPlatformOwned)
	fmt.Println(grant.CheckApplication(status) == consent.ErrPlatformOwned)
	grant.Origin = consent.Person
	fmt.Println(grant.CheckApplication(status))
	// Output:
	// true
	// true
	// <nil>
}

func ExampleHealthReport_Normalize() {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	address := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	_, err := consent.HealthReport{Subject: address, State: consent.Healthy, Origin: consent.Operator}.Normalize(now)
	fmt.Println(err)
	// Output: cause: missing: an operator gives a reason
}

func ExampleHealthReport_CheckApplication() {
	address := consent.Subject{Channel: consent.Telegram, Sender: "bot", Address: "42"}
	blocked := consent.FoldHealth([]consent.HealthReport{{Subject: address, State: consent.Blocked, Origin: consent.Platform}})[0]
	lift := consent.HealthReport{Subject: address, State: consent.Healthy, Origin: consent.Operator, Cause: "he called"}
	fmt.Println(lift.CheckApplication(blocked) == consent.ErrPlatformOwned)
	// Output: true
}

func ExampleTopic_Normalize() {
	topic, err := consent.Topic{Key: "news", Channels: []consent.Channel{consent.WhatsApp, consent.Email}}.Normalize()
	fmt.Println(topic.Label, topic.Channels, topic.Default, err)
	// Output: news [email whatsapp] opt_in <nil>
}

func ExampleTopic_Admit() {
	topic := consent.Topic{Key: "news", DoubleOptIn: true}
	entry := consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, Topic: "news",
		State: consent.Granted, Origin: consent.Person, At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Evidence: consent.Evidence{Kind: consent.ByForm},
	}
	asked, _ := topic.Admit(entry)
	entry.Evidence.Kind = consent.ByDoubleOptIn
	confirmed, _ := topic.Admit(entry)
	fmt.Println(asked.State, "until", asked.Expires.Format(time.DateOnly))
	fmt.Println(confirmed.State)
	// Output:
	// pending until 2026-11-08
	// granted
}

func ExampleTopic_On() {
	topic := consent.Topic{Key: "news", Channels: []consent.Channel{consent.Email}}
	fmt.Println(topic.On(consent.Email), topic.On(consent.SMS))
	// Output: true false
}

func ExampleEvidence_Normalize() {
	evidence, err := consent.Evidence{Kind: consent.ByForm, Ref: "form-7", IP: "::ffff:192.0.2.1"}.Normalize()
	fmt.Println(evidence.IP, err)
	// Output: 192.0.2.1 <nil>
}

func ExampleSubject_Normalize() {
	for _, s := range []consent.Subject{
		{Channel: consent.Email, Address: "Ada@Example.com"},
		{Channel: consent.SMS, Address: "+1 (202) 555-0123"},
		{Channel: consent.WhatsApp, Address: "551160000000"}, // without the ninth digit
		{Channel: consent.SMS, Address: "202 555 0123"},
	} {
		normal, err := s.Normalize()
		fmt.Println(normal.Address, err)
	}
	// Output:
	// ada@example.com <nil>
	// +12025550123 <nil>
	// 5511960000000 <nil>
	//  address: national number: give it with + and country code, or set a region
}

func ExampleSubject_Compare() {
	a := consent.Subject{Channel: consent.Email, Address: "a@example.com"}
	fmt.Println(a.Compare(consent.Subject{Channel: consent.Email, Address: "b@example.com"}))
	// Output: -1
}

func ExampleSubject_Hash() {
	key := []byte("0123456789abcdef0123456789abcdef")
	subject := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	fmt.Println(subject.Hash(key))
	// Output: de36f1ac140c4540d879902264c444aebe1a46f9f0ec6c7a2b48d1046e6ce0a4
}

func ExampleCheckKey() {
	fmt.Println(consent.CheckKey([]byte("secret")))
	// Output: suppression_key: shorter than 16 bytes
}

func ExampleKeyID() {
	fmt.Println(consent.KeyID([]byte("0123456789abcdef0123456789abcdef")))
	// Output: c343e08cb6c7a6f0
}

func ExampleRequest_Normalize() {
	request, err := consent.Request{Channel: consent.Email, Sender: "News.Example.com"}.Normalize()
	fmt.Println(request.Sender, request.Purpose, err)
	// Output: news.example.com marketing <nil>
}

func ExampleLink() {
	key := consent.WorkspaceKey([]byte("0123456789abcdef0123456789abcdef"), "acme")
	subject := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	token := consent.Link{Workspace: "acme", Subject: subject, Topic: "news"}.Token(key)

	link, err := consent.ParseToken(token, key)
	fmt.Println(link.Workspace, link.Topic, link.Subject == subject, err)
	_, err = consent.ParseToken(token+"x", key)
	fmt.Println(err)
	// Output:
	// acme news true <nil>
	// consent: not a valid token
}

func ExampleTokenWorkspace() {
	key := consent.WorkspaceKey([]byte("0123456789abcdef0123456789abcdef"), "acme")
	token := consent.Link{Workspace: "acme", Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"}}.Token(key)
	fmt.Println(consent.TokenWorkspace(token))
	// Output: acme <nil>
}

func ExampleWorkspaceKey() {
	key := consent.WorkspaceKey([]byte("0123456789abcdef0123456789abcdef"), "acme")
	fmt.Println(len(key))
	// Output: 32
}

func ExampleParseToken() {
	_, err := consent.ParseToken("guess", []byte("0123456789abcdef0123456789abcdef"))
	fmt.Println(err == consent.ErrToken)
	// Output: true
}

func ExampleHeaders() {
	headers, err := consent.Headers("https://example.com/unsubscribe/AQNjcV9")
	for _, h := range headers {
		fmt.Printf("%s: %s\n", h.Name, h.Value)
	}
	fmt.Println(err)
	// Output:
	// List-Unsubscribe: <https://example.com/unsubscribe/AQNjcV9>
	// List-Unsubscribe-Post: List-Unsubscribe=One-Click
	// <nil>
}

func ExampleParseChannel() {
	channel, err := consent.ParseChannel("WhatsApp")
	fmt.Println(channel, err)
	// Output: whatsapp <nil>
}

func ExampleParseState() {
	state, err := consent.ParseState("Denied")
	fmt.Println(state, err)
	// Output: denied <nil>
}

func ExampleParseHealthState() {
	_, err := consent.ParseHealthState("fine")
	fmt.Println(err)
	// Output: health: unknown; known are ok, soft, complaint, hard_bounce, invalid, blocked
}

func ExampleParsePurpose() {
	purpose, err := consent.ParsePurpose("service")
	fmt.Println(purpose.Text(), err)
	// Output: an answer <nil>
}

func ExampleChannels() {
	fmt.Println(consent.Channels())
	// Output: [email sms whatsapp messenger instagram telegram chat]
}

func ExampleReasons() {
	fmt.Println(consent.Reasons()[0], len(consent.Reasons()))
	// Output: granted 19
}

func ExampleReason_Text() {
	fmt.Println(consent.ReasonPlatformStopped.Text())
	// Output: stopped messages in the settings of the channel
}

func ExampleOrigin_Compare() {
	fmt.Println(consent.Person.Compare(consent.Import) > 0)
	// Output: true
}
