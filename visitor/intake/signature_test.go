package intake_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// headers are a request's headers, given in pairs.
func headers(pairs ...string) intake.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h.Get
}

func metaSignature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestMetaSignature(t *testing.T) {
	t.Parallel()
	escaped := []byte(`{"object":"page","entry":[],"text":"\u00e4\/"}`)
	right := metaSignature("new", escaped)
	for name, channel := range map[string]func(...string) intake.Channel{
		"whatsapp":  func(s ...string) intake.Channel { return intake.WhatsApp{Secrets: s} },
		"messenger": func(s ...string) intake.Channel { return intake.Messenger{Secrets: s} },
		"instagram": func(s ...string) intake.Channel { return intake.Instagram{Secrets: s} },
	} {
		for what, c := range map[string]struct {
			secrets []string
			header  string
			body    []byte
			reason  string // "" for a delivery that is accepted
		}{
			"right":               {[]string{"new"}, right, escaped, ""},
			"first of two":        {[]string{"new", "old"}, right, escaped, ""},
			"second of two":       {[]string{"newer", "new"}, right, escaped, ""},
			"upper case":          {[]string{"new"}, "sha256=" + strings.ToUpper(right[7:]), escaped, ""},
			"missing":             {[]string{"new"}, "", escaped, "no header X-Hub-Signature-256"},
			"no secret":           {nil, right, escaped, "no secret is set"},
			"empty secret":        {[]string{""}, metaSignature("", escaped), escaped, "no secret is set"},
			"other secret":        {[]string{"other"}, right, escaped, "made with another secret, or changed on the way"},
			"encoded again":       {[]string{"new"}, right, []byte(`{"object":"page","entry":[],"text":"ä/"}`), "made with another secret, or changed on the way"},
			"one byte more":       {[]string{"new"}, right, append([]byte(" "), escaped...), "made with another secret, or changed on the way"},
			"older algorithm":     {[]string{"new"}, "sha1=" + right[7:47], escaped, "header X-Hub-Signature-256 is not sha256= and 64 hex digits"},
			"without algorithm":   {[]string{"new"}, right[7:], escaped, "header X-Hub-Signature-256 is not sha256= and 64 hex digits"},
			"cut":                 {[]string{"new"}, right[:len(right)-2], escaped, "header X-Hub-Signature-256 is not sha256= and 64 hex digits"},
			"nothing after equal": {[]string{"new"}, "sha256=", escaped, "header X-Hub-Signature-256 is not sha256= and 64 hex digits"},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				h := headers("X-Hub-Signature-256", c.header)
				err := channel(c.secrets...).Verify(h, c.body)
				if c.reason == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, intake.ErrSignature)
				require.EqualError(t, err, "verify "+name+": not authentic: "+c.reason)
				var typed *intake.Error
				require.ErrorAs(t, err, &typed)
				require.Equal(t, "verify", typed.Op)
				_, err = intake.Read(channel(c.secrets...), h, c.body)
				require.ErrorIs(t, err, intake.ErrSignature, "Read verifies first")
			})
		}
	}
}

// Any change of any byte of a signed delivery is noticed.
func TestMetaSignatureCoversEveryByte(t *testing.T) {
	t.Parallel()
	body := []byte(`{"object":"whatsapp_business_account"}`)
	h := headers("X-Hub-Signature-256", metaSignature("s", body))
	channel := intake.WhatsApp{Secrets: []string{"s"}}
	require.NoError(t, channel.Verify(h, body))
	for i := range body {
		changed := append([]byte{}, body...)
		changed[i] ^= 1
		require.ErrorIs(t, channel.Verify(h, changed), intake.ErrSignature)
	}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	query := func(mode, token, challenge string) url.Values {
		return url.Values{"hub.mode": {mode}, "hub.verify_token": {token}, "hub.challenge": {challenge}}
	}
	for name, channel := range map[string]func(string) intake.Challenger{
		"whatsapp":  func(s string) intake.Challenger { return intake.WhatsApp{VerifyToken: s} },
		"messenger": func(s string) intake.Challenger { return intake.Messenger{VerifyToken: s} },
		"instagram": func(s string) intake.Challenger { return intake.Instagram{VerifyToken: s} },
	} {
		for what, c := range map[string]struct {
			token string
			query url.Values
			want  string
			err   error
		}{
			"right":        {"t", query("subscribe", "t", "123"), "123", nil},
			"other token":  {"t", query("subscribe", "u", "123"), "", intake.ErrSignature},
			"no token":     {"t", query("subscribe", "", "123"), "", intake.ErrSignature},
			"token unset":  {"", query("subscribe", "", "123"), "", intake.ErrSignature},
			"other mode":   {"t", query("unsubscribe", "t", "123"), "", intake.ErrSignature},
			"no challenge": {"t", query("subscribe", "t", ""), "", intake.ErrInvalid},
			"empty query":  {"t", nil, "", intake.ErrSignature},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				got, err := channel(c.token).Challenge(c.query)
				require.Equal(t, c.want, got)
				require.ErrorIs(t, err, c.err)
			})
		}
	}
}

func TestTelegramToken(t *testing.T) {
	t.Parallel()
	const name = "X-Telegram-Bot-Api-Secret-Token"
	for what, c := range map[string]struct {
		secrets []string
		given   string
		reason  string
	}{
		"right":         {[]string{"s"}, "s", ""},
		"second of two": {[]string{"new", "s"}, "s", ""},
		"other":         {[]string{"s"}, "S", "header " + name + " is another one"},
		"beginning":     {[]string{"secret"}, "sec", "header " + name + " is another one"},
		"missing":       {[]string{"s"}, "", "no header " + name},
		"no secret":     {nil, "s", "no secret is set"},
		"empty secret":  {[]string{""}, "", "no secret is set"},
		"one is empty":  {[]string{"", "s"}, "", "no header " + name},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			err := intake.Telegram{Secrets: c.secrets}.Verify(headers(name, c.given), []byte(`{}`))
			if c.reason == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, intake.ErrSignature)
			require.EqualError(t, err, "verify telegram: not authentic: "+c.reason)
		})
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	allowed := []string{"https://example.com", ""}
	anonymous := []byte(`{"anonymous_id":"00112233445566778899aabbccddeeff"}`)
	for name, channel := range map[string]intake.Channel{
		"chat": intake.Chat{Origins: allowed},
		"form": intake.Form{Origins: allowed},
	} {
		for origin, want := range map[string]error{
			"https://example.com":        nil,
			"https://EXAMPLE.com":        nil,
			"http://example.com":         intake.ErrSignature,
			"https://example.com.evil":   intake.ErrSignature,
			"https://evil.example.com":   intake.ErrSignature,
			"null":                       intake.ErrSignature,
			"":                           intake.ErrSignature,
			"https://example.com:443":    intake.ErrSignature,
			"https://user@example.com":   intake.ErrSignature,
			"https://example.com https:": intake.ErrSignature,
		} {
			err := channel.Verify(headers("Origin", origin), anonymous)
			require.ErrorIs(t, err, want, "%s %q", name, origin)
		}
	}
	require.NoError(t, intake.Chat{}.Verify(headers(), anonymous), "default: any")
	require.NoError(t, intake.Form{}.Verify(headers(), nil), "default: any")
}

// Errors say what is wrong, and nothing of what was sent.
func TestErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	const private = "ada-private"
	for name, c := range map[string]struct {
		channel intake.Channel
		body    string
		field   string
	}{
		"not JSON":          {intake.WhatsApp{}, private, "body"},
		"not an object":     {intake.Messenger{}, `["` + private + `"]`, "body"},
		"cut off":           {intake.Instagram{}, `{"object":"` + private, "body"},
		"empty":             {intake.Telegram{}, ``, "body"},
		"blank":             {intake.Telegram{}, " \n", "body"},
		"too long":          {intake.Telegram{}, `{"a":"` + strings.Repeat("x", intake.MaxBody) + `"}`, "body"},
		"chat field":        {intake.Chat{}, `{"name":["` + private + `"]}`, "name"},
		"chat id":           {intake.Chat{}, `{"anonymous_id":"` + private + `"}`, "anonymous_id"},
		"form of nobody":    {intake.Form{}, `{"message":"` + private + `"}`, "form"},
		"form of a service": {intake.Form{Service: intake.Webflow}, `{"name":"` + private + `","data":{"` + private + `@example.com":"` + private + `"}}`, "form"},
		"form, bad service": {intake.Form{Service: "x"}, `{"name":"x"}`, "form"},
		"form, bad path":    {intake.Form{Fields: map[string]string{"a[": "name"}}, `{"a":"x"}`, "form"},
		"form too long":     {intake.Form{}, strings.Repeat("x", intake.MaxBody+1), "body"},
		"form, too many":    {intake.Form{}, `{"a":[` + strings.Repeat("1,", 1_000) + `1]}`, "body"},
		"form, bad field":   {intake.Form{Fields: map[string]string{"a": "b"}}, `{"a":"x"}`, "form"},
		"form, bad name":    {intake.Form{Fields: map[string]string{"a": "attributes.B c"}}, `{"a":"x"}`, "form"},
		"form, bad account": {intake.Form{Account: " x"}, `{"name":"x"}`, "account"},
		"chat, bad account": {intake.Chat{Account: " x"}, `{"anonymous_id":"00112233445566778899aabbccddeeff"}`, "account"},
		"form, no clock":    {intake.Form{MinFillTime: 1, RenderedAt: "shown"}, `{"name":"x"}`, "form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.channel.Parse(contentType("application/json"), []byte(c.body))
			require.ErrorIs(t, err, intake.ErrInvalid)
			require.NotContains(t, err.Error(), "private")
			var refused *visitor.FieldError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, c.field, refused.Field)
		})
	}
}
