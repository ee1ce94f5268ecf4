package intake_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

// meta are Meta's channels: what one inbound event of a person looks like as an entry, and
// the object of an envelope.
var meta = map[string]struct {
	object  string
	inbound func(person, n int) string
	id      func(person int) string
}{
	"whatsapp": {
		"whatsapp_business_account",
		func(person, n int) string {
			return fmt.Sprintf(`{"id":"31","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",
				"metadata":{"display_phone_number":"15550100199","phone_number_id":"32"},
				"contacts":[{"profile":{"name":"Person %d","username":"person.%[1]d"},"wa_id":"120255%06[1]d","user_id":"US.%[1]d"}],
				"messages":[{"from":"120255%06[1]d","from_user_id":"US.%[1]d","id":"wamid.%[2]d","timestamp":"1760000000","type":"text","text":{"body":"h\u00e9llo"}}]}}]}`, person, n)
		},
		func(person int) string { return fmt.Sprintf("/US.%d", person) },
	},
	"messenger": {
		"page",
		func(person, n int) string {
			return fmt.Sprintf(`{"id":"31","time":1760000000500,"messaging":[{"sender":{"id":"7%09d"},"recipient":{"id":"31"},
				"timestamp":1760000000123,"message":{"mid":"m_%d","text":"h\u00e9llo"}}]}`, person, n)
		},
		func(person int) string { return fmt.Sprintf("31/7%09d", person) },
	},
	"instagram": {
		"instagram",
		func(person, n int) string {
			return fmt.Sprintf(`{"id":"31","time":1760000000500,"messaging":[{"sender":{"id":"8%09d"},"recipient":{"id":"31"},
				"timestamp":1760000000123,"message":{"mid":"m_%d","text":"h\u00e9llo"}}]}`, person, n)
		},
		func(person int) string { return fmt.Sprintf("31/8%09d", person) },
	},
}

func envelope(object string, entries []string) []byte {
	return []byte(`{"object":"` + object + `","entry":[` + strings.Join(entries, ",") + `]}`)
}

// noise returns the entries of those deliveries of a folder that make no visitor.
func noise(t testing.TB, folder string) []string {
	var entries []string
	for _, d := range intaketest.Deliveries() {
		if d.Folder != folder || d.Rule == "other_object" || len(people(parse(t, d, d.Body))) > 0 {
			continue
		}
		for _, m := range intaketest.ParseTree(t, d.Body).(intaketest.Object) {
			if m.Key == "entry" {
				for _, entry := range m.Value.(intaketest.Array) {
					entries = append(entries, string(intaketest.EncodeTree(entry)))
				}
			}
		}
	}
	require.Greater(t, len(entries), 10)
	return entries
}

// In a delivery of a thousand entries the people are exactly those who wrote, however often
// and in whatever order, among everything that makes no visitor.
func TestThousandEvents(t *testing.T) {
	t.Parallel()
	for folder, m := range meta {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(*seed, 1))
			others := noise(t, folder)
			var entries []string
			want := map[string]bool{}
			for n := range 1_000 {
				if r.IntN(2) == 0 {
					entries = append(entries, others[r.IntN(len(others))])
					continue
				}
				person := r.IntN(400)
				entries = append(entries, m.inbound(person, n))
				want[m.id(person)] = true
			}
			d := intaketest.Delivery{Folder: folder, Channel: channels[folder], ContentType: "application/json"}
			body := envelope(m.object, entries)
			batch := parse(t, d, body)
			got := map[string]bool{}
			for _, id := range people(batch) {
				got[id] = true
			}
			require.Equal(t, want, got, "seed %d", *seed)
			require.Equal(t, batch, parse(t, d, bytes.Clone(body)), "read again, seed %d", *seed)
		})
	}
}

func TestContacts(t *testing.T) {
	t.Parallel()
	batch := intake.Batch{Events: []intake.Event{
		{Kind: intake.Ignored},
		{Kind: intake.Inbound, Contact: visitor.Contact{ExternalID: "1"}},
		{Kind: intake.Consent, Contact: visitor.Contact{EventID: "x"}},
		{Kind: intake.Profile, Contact: visitor.Contact{ExternalID: "2"}},
		{Kind: intake.IdentityChange, Contact: visitor.Contact{ExternalID: "3"}},
		{Kind: intake.Inbound, Contact: visitor.Contact{ExternalID: "4"}},
	}}
	var ids []string
	for c := range batch.Contacts() {
		ids = append(ids, c.ExternalID)
	}
	require.Equal(t, []string{"1", "2", "3", "4"}, ids)
	for range batch.Contacts() {
		break
	}
}

// One change can have a thousand messages and their contacts, in any order, and one that is not
// valid costs no other.
func TestThousandMessagesOfOneChange(t *testing.T) {
	t.Parallel()
	var contacts, messages []string
	for n := range 1_000 {
		contacts = append(contacts, fmt.Sprintf(`{"wa_id":"120255%06d","profile":{"name":"Person %[1]d"}}`, 999-n))
		messages = append(messages, fmt.Sprintf(`{"id":"wamid.%d","from":"120255%06[1]d","timestamp":"1760000000","type":"text"}`, n))
	}
	messages[500] = `[[7]]`
	body := `{"object":"whatsapp_business_account","entry":[{"id":"31","changes":[{"field":"messages","value":{"contacts":[` +
		strings.Join(contacts, ",") + `],"messages":[` + strings.Join(messages, ",") + `]}}]}]}`
	batch, err := intake.WhatsApp{}.Parse(headers(), []byte(body))
	require.NoError(t, sound(batch, err))
	require.Len(t, batch.Events, 1_000)
	for n, e := range batch.Events {
		if n == 500 {
			require.Equal(t, intake.Malformed, e.Reason)
			continue
		}
		require.Equal(t, fmt.Sprintf("Person %d", n), e.Contact.Name)
		require.Equal(t, messages[n], string(e.Payload))
	}
}

// A long body of many small values is read in about the time of others: nothing is compared with
// everything else.
func TestManySmallValues(t *testing.T) {
	t.Parallel()
	fill := func(before, one, after string) []byte {
		var b strings.Builder
		b.WriteString(before)
		for n := 0; b.Len() < 1<<20; n++ {
			if n > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, one, n)
		}
		b.WriteString(after)
		return []byte(b.String())
	}
	start := time.Now()
	for folder, body := range map[string][]byte{
		"telegram":  fill(`{`, `"%x":1`, `}`),
		"messenger": fill(`{"object":"page","entry":[{"id":"1","messaging":[{`, `"%x":1`, `}]}]}`),
		"instagram": fill(`{"object":"instagram","entry":[{"id":"1","messaging":[`, `{"a":%d}`, `]}]}`),
		"whatsapp": fill(`{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"contacts":[`,
			`{"wa_id":%d}`, `],"messages":[{"from":"7"},{"from":"8"}]}}]}]}`),
		"whatsapp-standby": fill(`{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":[`,
			`{"from":%d}`, `]}}]}]}`),
	} {
		batch, err := channels[folder].Parse(headers(), body)
		require.NoError(t, err, folder)
		require.NotEmpty(t, batch.Events, folder)
		if folder == "telegram" {
			require.Len(t, batch.Events, 1, "an update is one event, however many keys it has")
		}
	}
	require.Less(t, time.Since(start), time.Minute, "quadratic time would be many minutes")
}

// What a channel calls itself and a person is made fit to store; what it cannot show is
// left out.
func TestTextsOfChannels(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, username, wantName, wantUsername string }{
		"plain":           {"Zoë", "zoe", "Zoë", "zoe"},
		"with @":          {"Zoë", "@zoe", "Zoë", "zoe"},
		"override":        {`\u202eeoZ\u202c`, `z\u2066oe`, "eoZ", "zoe"},
		"control":         {`Z\u0000o\u0007\u001b[1më`, `z\u0000`, "Zo[1më", "z"},
		"line breaks":     {`Z\r\n\tA`, `z`, "Z A", "z"},
		"nothing to see":  {`\u200b\u2060 \u3164`, ` `, "", ""},
		"half of a pair":  {`Z\ud800`, `z`, "Z\ufffd", "z"},
		"long":            {strings.Repeat("ä", 300), strings.Repeat("z", 300), strings.Repeat("ä", 200), ""},
		"long, decompose": {strings.Repeat(`e\u0301`, 150), "", strings.Repeat("é", 100), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"update_id":1,"message":{"chat":{"id":5,"type":"private"},"from":{"id":5,"first_name":"%s","username":"%s"}}}`, c.first, c.username)
			batch, err := intake.Telegram{}.Parse(headers(), []byte(body))
			require.NoError(t, sound(batch, err))
			require.Equal(t, intake.Inbound, batch.Events[0].Kind)
			require.Equal(t, c.wantName, batch.Events[0].Contact.Name)
			require.Equal(t, c.wantUsername, batch.Events[0].Contact.Username)
		})
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]time.Time{
		`1760000000`:                time.Unix(1_760_000_000, 0),
		`"1760000000"`:              time.Unix(1_760_000_000, 0),
		`1760000000123`:             time.UnixMilli(1_760_000_000_123),
		`"1760000000123"`:           time.UnixMilli(1_760_000_000_123),
		`1760000000123456`:          {},
		`0`:                         {},
		`-1`:                        {},
		`1.76e9`:                    {},
		`"yesterday"`:               {},
		`"99999999999999999999999"`: {},
		`null`:                      {},
		`{}`:                        {},
	} {
		body := `{"object":"page","entry":[{"id":"31","messaging":[{"sender":{"id":"7"},"timestamp":` + given + `,"message":{"mid":"m"}}]}]}`
		batch, err := intake.Messenger{}.Parse(headers(), []byte(body))
		require.NoError(t, err)
		require.Len(t, batch.Events, 1)
		require.Equal(t, intake.Inbound, batch.Events[0].Kind, given)
		require.True(t, want.Equal(batch.Events[0].Contact.OccurredAt), given)
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	messenger := func(body string) (intake.Event, error) { return intake.Messenger{}.Profile("31", []byte(body)) }
	instagram := func(body string) (intake.Event, error) { return intake.Instagram{}.Profile("31", []byte(body)) }

	e, err := messenger(`{"id":"7","first_name":"Ada","last_name":"Example"}`)
	require.NoError(t, err)
	require.Equal(t, intake.Profile, e.Kind)
	require.Equal(t, visitor.Contact{Source: visitor.Messenger, Account: "31", ExternalID: "7", Name: "Ada Example", UpdateOnly: true}, e.Contact)

	e, err = instagram(`{"id":7,"name":"Ada Example","username":"ada.example","follower_count":3}`)
	require.NoError(t, err)
	require.Equal(t, visitor.Contact{Source: visitor.Instagram, Account: "31", ExternalID: "7", Name: "Ada Example", Username: "ada.example", UpdateOnly: true}, e.Contact)

	for _, body := range []string{``, `[]`, `{}`, `{"id":null}`, `{"error":{"message":"x"}}`} {
		_, err = messenger(body)
		require.ErrorIs(t, err, intake.ErrInvalid, body)
	}
}

// The payload of an event is its own part of the delivery, byte for byte and without a copy.
func TestPayloads(t *testing.T) {
	t.Parallel()
	const value = `{"from": "12025550123",  "id":"\u0077amid.1", "type":"text", "text":{"body":"a } ] \\\" b"}}`
	for name, c := range map[string]struct {
		channel intake.Channel
		before  string
		payload string
		after   string
	}{
		"whatsapp": {
			intake.WhatsApp{}, `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":[ {"from":"1"}, `,
			value, ` ]}}]}]}`,
		},
		"messenger": {
			intake.Messenger{}, `{"object":"page","entry":[{"id":"31","messaging":[`,
			`{"sender":{"id":"7"}, "message":{"mid":"m","text":"\\\\"}}`, `]}]}`,
		},
		"page": {
			intake.Messenger{Comments: true}, ` {"object":"page","entry":[{"id":"31","changes":[{"value": `,
			`{"item":"comment","verb":"add","from":{"id":"7"},"comment_id":"1"}`, ` ,"field":"feed"}]}]} `,
		},
		"instagram": {
			intake.Instagram{Comments: true}, `{"object":"instagram","entry":[{"id":"31","field":"comments","value":`,
			`{"from":{"id":"7"},"id":"1"}`, `}]}`,
		},
		"telegram": {intake.Telegram{}, "\n", `{"update_id":1,"message":{"chat":{"id":5,"type":"private"},"from":{"id":5}}}`, "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := []byte(c.before + c.payload + c.after)
			batch, err := c.channel.Parse(headers(), body)
			require.NoError(t, sound(batch, err))
			last := batch.Events[len(batch.Events)-1]
			require.Equal(t, intake.Inbound, last.Kind)
			require.Equal(t, c.payload, string(last.Payload))
			require.Same(t, &body[len(c.before)], &last.Payload[0])
			require.Equal(t, len(last.Payload), cap(last.Payload), "appending to it must not change the body")
		})
	}
}
