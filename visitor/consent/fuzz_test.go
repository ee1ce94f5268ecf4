package consent_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// FuzzSubject checks that a normalized subject does not change when it is normalized again, is
// short and valid text, and that a refusal names the field and not the value.
func FuzzSubject(f *testing.F) {
	for _, s := range []string{
		"ada@example.com", "Ⱥ@EXAMPLE.com", "İ@b.co", "+1 202 555 0123", "551160000000", "US.123", "42", "", "a\x00", "+541110000000", "\u0958@b.co",
	} {
		for i := range consent.Channels() {
			f.Add(i, "Sender", s)
			f.Add(i, s, "+5215500000000")
		}
	}
	f.Fuzz(func(t *testing.T, channel int, sender, address string) {
		channels := consent.Channels()
		in := consent.Subject{Channel: channels[uint(channel)%uint(len(channels))], Sender: sender, Address: address}
		got, err := in.Normalize()
		if err != nil {
			var refused *text.FieldError
			if !errors.As(err, &refused) || refused.Field != "address" && refused.Field != "sender" || got != (consent.Subject{}) {
				t.Fatalf("%+v: %v", in, err)
			}
			return
		}
		if again, err := got.Normalize(); err != nil || again != got {
			t.Fatalf("%+v gives %+v, which gives %+v, %v", in, got, again, err)
		}
		if got.Address == "" || len(got.Address) > consent.MaxAddress || len(got.Sender) > consent.MaxAddress ||
			!utf8.ValidString(got.Address) || !utf8.ValidString(got.Sender) {
			t.Fatalf("%+v gives %+v", in, got)
		}
	})
}

// FuzzEntry checks the same of whole entries, read from JSON as from a client.
func FuzzEntry(f *testing.F) {
	for _, s := range []string{
		`{"subject":{"channel":"email","address":"Ada@b.co"},"topic":"news","state":"granted","origin":"import","basis":"implied",` +
			`"at":"2026-01-01T00:00:00Z","expires":"2028-01-01T00:00:00.0000001Z","evidence":{"kind":"form","wording":"yes","ip":"::ffff:1.2.3.4"}}`,
		`{"subject":{"channel":"sms","address":"+12025550123"},"state":"pending","origin":"person"}`,
		`{"subject":{"channel":"chat","address":"1"},"state":"denied","origin":"operator","cause":"  a  b "}`, `{}`,
	} {
		f.Add([]byte(s))
	}
	now := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in consent.Entry
		if json.Unmarshal(raw, &in) != nil {
			return
		}
		got, err := in.Normalize(now)
		if err != nil {
			var refused *text.FieldError
			if !errors.As(err, &refused) || got != (consent.Entry{}) {
				t.Fatalf("%s: %v", raw, err)
			}
			return
		}
		again, err := got.Normalize(now.Add(time.Hour))
		if err != nil || again != got {
			t.Fatalf("%+v gives %+v, %v", got, again, err)
		}
		encoded, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var back consent.Entry
		if err := json.Unmarshal(encoded, &back); err != nil || back != got {
			t.Fatalf("%s gives %+v, %v", encoded, back, err)
		}
		statuses := consent.Fold([]consent.Entry{got, got})
		if len(statuses) != 1 || statuses[0].State(got.At) != got.State {
			t.Fatalf("%+v folds to %+v", got, statuses)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	f.Add(consent.Link{Workspace: "acme", Topic: "news"}.Token(key))
	f.Add("AQ")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		link, err := consent.ParseToken(token, other, key)
		if err != nil && (err != consent.ErrToken || link != (consent.Link{})) || err == nil && link.Token(key) != token {
			t.Fatalf("%q gives %+v, %v", token, link, err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add("https://example.com/u?t=abc")
	f.Add("https://example.com/\r\nBcc: x")
	f.Fuzz(func(t *testing.T, link string) {
		headers, err := consent.Headers(link)
		if err != nil {
			return
		}
		if headers[0].Value != "<"+link+">" {
			t.Fatalf("%q gives %q", link, headers)
		}
		for i := range len(link) {
			if c := link[i]; c <= ' ' || c > '~' || c == '<' || c == '>' || c == ',' {
				t.Fatalf("%q is allowed", link)
			}
		}
	})
}
