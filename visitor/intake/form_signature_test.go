package intake_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
)

// signers are the services that sign.
var signers = []intake.Service{intake.Typeform, intake.Tally, intake.Webflow, intake.Netlify, intake.WPForms}

// signed returns the headers of a body as a service signs it.
func signed(service intake.Service, secret string, at time.Time, body string) intake.Header {
	sum := func(message string) []byte {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(message))
		return mac.Sum(nil)
	}
	switch service {
	case intake.Typeform:
		return headers("Typeform-Signature", "sha256="+base64.StdEncoding.EncodeToString(sum(body)))
	case intake.Tally:
		return headers("Tally-Signature", base64.StdEncoding.EncodeToString(sum(body)))
	case intake.Webflow:
		ms := fmt.Sprint(at.UnixMilli())
		return headers("X-Webflow-Timestamp", ms, "X-Webflow-Signature", hex.EncodeToString(sum(ms+":"+body)))
	case intake.WPForms:
		s := fmt.Sprint(at.Unix())
		return headers("X-WPForms-Webhook-Signature", "t="+s+",v="+hex.EncodeToString(sum(s+"."+body)))
	case intake.Netlify:
		hash := sha256.Sum256([]byte(body))
		token := jwt(`{"alg":"HS256","typ":"JWT"}`, `{"iss":"netlify","sha256":"`+hex.EncodeToString(hash[:])+`"}`)
		return headers("X-Webhook-Signature", token+"."+base64.RawURLEncoding.EncodeToString(sum(token)))
	}
	return headers()
}

func jwt(header, claims string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
}

func TestFormSignatures(t *testing.T) {
	t.Parallel()
	const body = `{"name":"Zo\u00eb","email":"zoe@example.com"}`
	for _, service := range signers {
		t.Run(string(service), func(t *testing.T) {
			t.Parallel()
			form := intake.Form{Service: service, Secrets: []string{"new", "old"}, Now: clock}
			for _, secret := range []string{"new", "old"} {
				require.NoError(t, form.Verify(signed(service, secret, clock(), body), []byte(body)))
			}
			for name, c := range map[string]struct {
				form intake.Form
				h    intake.Header
				body string
			}{
				"no header":       {form, headers(), body},
				"another secret":  {form, signed(service, "guessed", clock(), body), body},
				"an empty secret": {intake.Form{Service: service, Secrets: []string{""}}, signed(service, "", clock(), body), body},
				"another body":    {form, signed(service, "new", clock(), body), strings.ToUpper(body)},
				"encoded again":   {form, signed(service, "new", clock(), body), strings.ReplaceAll(body, `\u00eb`, "ë")},
				"another service": {form, signed(other(service), "new", clock(), body), body},
				"nonsense":        {form, func(string) string { return "%%%" }, body},
			} {
				err := c.form.Verify(c.h, []byte(c.body))
				require.ErrorIs(t, err, intake.ErrSignature, name)
			}
			require.NoError(t, intake.Form{Service: service}.Verify(headers(), []byte(body)), "without Secrets, signatures are not checked")
		})
	}
}

func other(service intake.Service) intake.Service {
	if service == intake.Typeform {
		return intake.Tally
	}
	return intake.Typeform
}

// A signature with a time is valid for 5 minutes, if there is a clock.
func TestFormSignatureAge(t *testing.T) {
	t.Parallel()
	const body = `{"name":"Ada"}`
	for _, service := range []intake.Service{intake.Webflow, intake.WPForms} {
		form := intake.Form{Service: service, Secrets: []string{"s"}, Now: clock}
		for age, ok := range map[time.Duration]bool{
			0: true, 5 * time.Minute: true, 5*time.Minute + time.Second: false, -5 * time.Minute: true, -time.Hour: false,
		} {
			h := signed(service, "s", clock().Add(-age), body)
			require.Equal(t, ok, form.Verify(h, []byte(body)) == nil, "%s %s", service, age)
			require.NoError(t, intake.Form{Service: service, Secrets: []string{"s"}}.Verify(h, []byte(body)), "without a clock")
		}
	}
}

// Secrets that cannot be checked are no reason to accept a submission.
func TestFormSecretsNeedASigner(t *testing.T) {
	t.Parallel()
	for _, service := range []intake.Service{"", "unknown", intake.Jotform, intake.HubSpot, intake.Elementor} {
		err := intake.Form{Service: service, Secrets: []string{"s"}}.Verify(headers(), []byte(`{"name":"Ada"}`))
		require.ErrorIs(t, err, intake.ErrSignature, service)
	}
	form := intake.Form{Service: intake.WPForms, Secrets: []string{"s"}}
	err := form.Verify(signed(intake.WPForms, "s", clock(), "name=Ada"), []byte("name=Ada"))
	require.ErrorContains(t, err, "request format JSON")
}

// A token of Netlify cannot choose its algorithm, and is from Netlify.
func TestNetlifyTokens(t *testing.T) {
	t.Parallel()
	const body = `{"name":"Ada"}`
	hash := sha256.Sum256([]byte(body))
	right := `{"iss":"netlify","sha256":"` + hex.EncodeToString(hash[:]) + `"}`
	form := intake.Form{Service: intake.Netlify, Secrets: []string{"s"}}
	for name, token := range map[string]string{
		"alg none":       jwt(`{"alg":"none"}`, right),
		"alg HS512":      jwt(`{"alg":"HS512"}`, right),
		"crit":           jwt(`{"alg":"HS256","crit":["x"]}`, right),
		"another issuer": jwt(`{"alg":"HS256"}`, strings.Replace(right, "netlify", "other", 1)),
		"no hash":        jwt(`{"alg":"HS256"}`, `{"iss":"netlify"}`),
		"not an object":  jwt(`{"alg":"HS256"}`, `[]`),
	} {
		mac := hmac.New(sha256.New, []byte("s"))
		mac.Write([]byte(token))
		h := headers("X-Webhook-Signature", token+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
		require.ErrorIs(t, form.Verify(h, []byte(body)), intake.ErrSignature, name)
	}
}
