package intaketest

import (
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"strings"
	"time"

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
		"messenger":           intake.Messenger{},
		"messenger-standby":   intake.Messenger{Standby: true},
		"messenger-referrals": intake.Messenger{Referrals: true},
		"instagram":           intake.Instagram{},
		"instagram-comments":  intake.Instagram{Comments: true},
		"instagram-standby":   intake.Instagram{Standby: true},
		"instagram-referrals": intake.Instagram{Referrals: true},
		"telegram":            intake.Telegram{Bot: "shop_bot"},
		"telegram-nobot":      intake.Telegram{},
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
	}
}

var contentTypes = map[string]string{
	".json":      "application/json",
	".form":      "application/x-www-form-urlencoded",
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
