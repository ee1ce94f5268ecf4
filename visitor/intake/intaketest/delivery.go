package intaketest

import (
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
)

//go:embed testdata
var files embed.FS

// Clock returns the time at which the deliveries of chat and forms arrive.
func Clock() time.Time { return time.Unix(1_760_000_000, 0) }

// Channels returns the channel for the deliveries in each folder. Those of the platforms have no
// secret; see Sign.
func Channels() map[string]intake.Channel {
	return map[string]intake.Channel{
		"whatsapp":            intake.WhatsApp{},
		"whatsapp-standby":    intake.WhatsApp{Standby: true},
		"whatsapp-keywords":   intake.WhatsApp{Keywords: intake.StandardKeywords("en", "de", "ar")},
		"messenger":           intake.Messenger{},
		"messenger-comments":  intake.Messenger{Comments: true},
		"messenger-keywords":  intake.Messenger{Keywords: intake.StandardKeywords("en")},
		"messenger-standby":   intake.Messenger{Standby: true},
		"messenger-referrals": intake.Messenger{Referrals: true},
		"instagram":           intake.Instagram{},
		"instagram-comments":  intake.Instagram{Comments: true},
		"instagram-standby":   intake.Instagram{Standby: true},
		"instagram-referrals": intake.Instagram{Referrals: true},
		"instagram-keywords":  intake.Instagram{Keywords: intake.StandardKeywords("en")},
		"telegram":            intake.Telegram{Bot: "shop_bot"},
		"telegram-nobot":      intake.Telegram{},
		"telegram-keywords":   intake.Telegram{Bot: "shop_bot", Keywords: intake.StandardKeywords("en")},
		"chat":                intake.Chat{Secrets: []string{"chat-secret", "old-secret"}, Account: "shop", Now: Clock},
		"chat-required":       intake.Chat{Secrets: []string{"chat-secret"}, Account: "shop", Now: Clock, RequireIdentity: true},
		"chat-noclock":        intake.Chat{Secrets: []string{"chat-secret"}, Account: "shop"},
		"form":                intake.Form{Account: "contact-us"},
		"form-by-email":       intake.Form{Account: "contact-us", ByEmail: true},
		"form-guarded": intake.Form{
			Source: "form", Account: "offer", Tags: []string{"offer"},
			Fields: map[string]string{
				"your-name": "name", "your-email": "email", "interest": "attributes.interest",
				"budget": "attributes.budget", "newsletter": "attributes.newsletter",
			},
			Consent: "agree", Honeypot: "website", RenderedAt: "shown", MinFillTime: 3 * time.Second, Now: Clock,
		},
		"form-consents": intake.Form{
			Account: "contact-us", Page: "page", KeepAnswers: true, Consents: []intake.FormConsent{
				{Field: "newsletter", Channel: consent.Email, Topic: "newsletter", Wording: "Yes, send me the newsletter."},
				{Field: "updates", Channel: consent.SMS},
				{Field: "updates", Channel: consent.WhatsApp, Sender: "105954558954427", Topic: "offers"},
				{Field: "Dürfen wir Ihnen schreiben?", Channel: consent.Email, Values: []string{"Ja"}},
			},
		},
		"form-recognised": intake.Form{},
		"form-paths": intake.Form{
			Fields: map[string]string{
				"data.fields[label=Email].value": "email", `data.fields[label="Who [you]"].value`: "name",
				"data.tags[].t": "attributes.tags", "budget[amount]": "attributes.budget", "phone": "",
			},
			Ignore: map[string][]string{"type": {"unsubscribe"}}, Only: map[string][]string{"type": {"lead", "unsubscribe"}},
		},
		"form-kept": intake.Form{KeepAnswers: true, Fields: map[string]string{"source": "", "form_name": "attributes.form"}},
		// https://www.typeform.com/developers/webhooks/example-payload/
		"form-typeform": intake.Form{Service: intake.Typeform, Fields: map[string]string{
			"budget": "attributes.budget", "Which services?": "attributes.services", "City": "attributes.city", "form_name": "attributes.form",
		}},
		// https://tally.so/help/webhooks
		"form-tally": intake.Form{Service: intake.Tally, ByEmail: true, Fields: map[string]string{
			"Interest": "attributes.interest", "question_5": "attributes.budget", "form_name": "attributes.form",
		}},
		// https://developers.webflow.com/data/reference/webhooks/events/form-submission, and version 1:
		// https://developers.webflow.com/data/v1.0.0/reference/form_submission
		"form-webflow": intake.Form{Service: intake.Webflow, Fields: map[string]string{
			"payload.data.Budget": "attributes.budget", "form_name": "attributes.form",
		}},
		// https://elementor.com/help/actions-after-submit-webhook/
		"form-elementor": intake.Form{Service: intake.Elementor, Fields: map[string]string{
			"fields[field_budget][value]": "attributes.budget", "form_name": "attributes.form",
		}},
		// https://www.jotform.com/help/245-how-to-setup-a-webhook-with-jotform/
		"form-jotform": intake.Form{Service: intake.Jotform, Fields: map[string]string{
			"q6_whichServices": "attributes.services", "form_name": "attributes.form",
		}},
		// https://developers.google.com/apps-script/guides/triggers/events#form-submit
		"form-google": intake.Form{Service: intake.GoogleForms, Fields: map[string]string{"Budget": "attributes.budget"}},
		// https://docs.netlify.com/manage/forms/notifications/
		"form-netlify": intake.Form{Service: intake.Netlify, Fields: map[string]string{"form_name": "attributes.form"}},
		// https://developers.hubspot.com/docs/api-reference/legacy/marketing/forms/v3-legacy/submit-data-unauthenticated
		"form-hubspot": intake.Form{Service: intake.HubSpot, Fields: map[string]string{"form_name": "attributes.form"}},
		// https://docs.gravityforms.com/triggering-webhooks-form-submissions/, https://docs.gravityforms.com/entry-object/
		"form-gravity": intake.Form{Service: intake.GravityForms, Account: "shop.example", Fields: map[string]string{"3": "phone"}},
		// https://contactform7.com/tag-syntax/
		"form-cf7": intake.Form{Service: intake.ContactForm7, Fields: map[string]string{"menu-210": "attributes.interest"}},
		// https://wpforms.com/docs/how-to-install-and-use-the-webhooks-addon-with-wpforms/
		"form-wpforms": intake.Form{Service: intake.WPForms, Fields: map[string]string{"date.unix": "attributes.date"}},
		// https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
		"form-mailchimp": intake.Mailchimp{Tags: []string{"newsletter"}},
	}
}

var contentTypes = map[string]string{
	".json":      "application/json",
	".form":      "application/x-www-form-urlencoded",
	".text":      "text/plain;charset=UTF-8",
	".multipart": "multipart/form-data; boundary=boundary",
}

// Delivery is an example request of a channel.
type Delivery struct {
	Folder, Rule string // the settings, and the rule that it is an example of
	Path         string // of its file, relative to this package
	Channel      intake.Channel
	ContentType  string
	Body         []byte
}

// Header returns the content type. It is an intake.Header.
func (d Delivery) Header(name string) string {
	if name == "Content-Type" {
		return d.ContentType
	}
	return ""
}

// Deliveries returns all deliveries, ordered by path.
func Deliveries() []Delivery {
	var all []Delivery
	channels := Channels()
	folders, err := files.ReadDir("testdata")
	if err != nil {
		panic(err) // embedded
	}
	for _, folder := range folders {
		entries, err := files.ReadDir("testdata/" + folder.Name())
		if err != nil {
			panic(err)
		}
		for _, entry := range entries {
			ending := path.Ext(entry.Name())
			kind, ok := contentTypes[ending]
			if !ok {
				continue
			}
			file := path.Join("testdata", folder.Name(), entry.Name())
			body, err := files.ReadFile(file)
			if err != nil {
				panic(err)
			}
			all = append(all, Delivery{
				Folder: folder.Name(), Rule: strings.TrimSuffix(entry.Name(), ending), Path: file,
				Channel: channels[folder.Name()], ContentType: kind, Body: body,
			})
		}
	}
	return all
}

// Sign returns the channel with a secret, and the name and value of the header that signs the
// body. header is "" for channels without a signature.
func Sign(c intake.Channel, body []byte) (signed intake.Channel, header, value string) {
	const secret = "secret"
	switch c := c.(type) {
	case intake.WhatsApp:
		c.Secrets = []string{secret}
		signed = c
	case intake.Messenger:
		c.Secrets = []string{secret}
		signed = c
	case intake.Instagram:
		c.Secrets = []string{secret}
		signed = c
	case intake.Telegram:
		c.Secrets = []string{secret}
		return c, "X-Telegram-Bot-Api-Secret-Token", secret
	default:
		return c, "", ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return signed, "X-Hub-Signature-256", "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
