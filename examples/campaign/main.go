// Command campaign writes to people who agreed to it, and to nobody else: it records consents,
// freezes an audience, takes a STOP, and shows that neither a deletion, nor a new message of the
// person, nor an erasure followed by an import loses the denial. It prints each decision with its
// reason.
package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	folder, err := os.MkdirTemp("", "campaign")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	st, err := sqlite.Open(ctx, filepath.Join(folder, "visitors.db"), nil)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := store.Open(st, "shop", nil)
	if err != nil {
		return err
	}
	c := campaign{ws, out, webhook.New(ws, intake.WhatsApp{
		Secrets: []string{secret}, Keywords: intake.StandardKeywords("en"),
	}, nil)}
	for _, step := range []func(context.Context) error{
		c.sendToThoseWhoAgreed, c.stop, c.deleteAndComeBack, c.erase,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

type campaign struct {
	*store.Workspace
	out     io.Writer
	channel http.Handler // to which WhatsApp posts
}

// spring is the segment: people who have written to the shop's number.
var spring = filter.And(filter.Source.Is(visitor.WhatsApp), filter.Inbox.Is(number))

// offers is what the messages are about, and where they go.
var offers = consent.Request{Channel: consent.WhatsApp, Topic: "offers"}

const (
	number     = "106540352242922" // the shop's own, by its phone_number_id
	secret     = "app secret"      // with which WhatsApp signs
	adasNumber = "14155550101"
)

func (c campaign) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// sendToThoseWhoAgreed captures three people, two of whom agreed to offers yesterday.
func (c campaign) sendToThoseWhoAgreed(ctx context.Context) error {
	topic := consent.Topic{Key: "offers", Label: "Offers", Public: true}
	if _, err := c.PutTopic(ctx, topic); err != nil {
		return err
	}
	for name, phone := range map[string]string{"Ada": adasNumber, "Ben": "14155550102", "Cleo": "14155550103"} {
		if err := c.write(ctx, name, phone, "Is the blue bike in stock?"); err != nil {
			return err
		}
		if name == "Cleo" {
			continue // who did not tick the box
		}
		_, err := c.RecordConsent(ctx, consent.Entry{
			Subject: consent.Subject{Channel: consent.WhatsApp, Sender: number, Address: phone}, Topic: "offers",
			State: consent.Granted, Origin: consent.Person, Basis: consent.ByConsent,
			At:       time.Now().AddDate(0, 0, -1),
			Evidence: consent.Evidence{Kind: consent.ByForm, Ref: "checkout", Wording: "Send me offers on WhatsApp"},
		})
		if err != nil {
			return err
		}
	}
	return c.send(ctx, "1. Three people wrote, of whom two agreed to offers")
}

// stop is what happens when Ada answers with the word STOP: the handler records a denial.
func (c campaign) stop(ctx context.Context) error {
	if err := c.write(ctx, "Ada", adasNumber, "STOP"); err != nil {
		return err
	}
	return c.send(ctx, "2. Ada wrote STOP")
}

// deleteAndComeBack deletes Ada, who writes again.
func (c campaign) deleteAndComeBack(ctx context.Context) error {
	ada, err := c.ada(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Delete(ctx, ada.ID); err != nil {
		return err
	}
	if err := c.write(ctx, "Ada", adasNumber, "Do you repair brakes?"); err != nil {
		return err
	}
	return c.send(ctx, "3. Ada was deleted, and wrote again")
}

// erase forgets Ada, whom an import brings back.
func (c campaign) erase(ctx context.Context) error {
	ada, err := c.ada(ctx)
	if err != nil {
		return err
	}
	receipt, err := c.Erase(ctx, ada.ID, "request by letter")
	if err != nil {
		return err
	}
	c.say("4. Ada was erased: a keyed hash and a denial stay of each of her addresses (%d), and a signed receipt",
		len(receipt.Hashes))
	_, err = c.Create(ctx, visitor.Draft{
		Name: "Ada", Source: visitor.WhatsApp,
		Identities: []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: adasNumber}},
	})
	if !errors.Is(err, store.ErrSuppressed) {
		return fmt.Errorf("an import of an erased person: %v", err)
	}
	c.say("   an import of her number is refused: %v", err)
	return c.send(ctx, "5. After the erasure")
}

// write posts a message of a person to the shop, as WhatsApp does.
func (c campaign) write(ctx context.Context, name, phone, message string) error {
	body, err := json.Marshal(delivery(name, phone, message))
	if err != nil {
		return err
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhooks/whatsapp", bytes.NewReader(body))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	c.channel.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("the webhook answered %d: %s", w.Code, w.Body)
	}
	return nil
}

type object = map[string]any

// delivery is the body of a message in WhatsApp's webhook.
func delivery(name, phone, message string) object {
	now := time.Now()
	value := object{
		"metadata": object{"phone_number_id": number},
		"contacts": []object{{"wa_id": phone, "profile": object{"name": name}}},
		"messages": []object{{
			"id": fmt.Sprint("wamid.", now.UnixNano()), "from": phone, "timestamp": fmt.Sprint(now.Unix()),
			"type": "text", "text": object{"body": message},
		}},
	}
	changes := []object{{"field": "messages", "value": value}}
	return object{"object": "whatsapp_business_account", "entry": []object{{"id": "1", "changes": changes}}}
}

func (c campaign) ada(ctx context.Context) (visitor.Visitor, error) {
	page, err := c.Find(ctx, store.Query{Where: filter.Name.Is("Ada"), Limit: 1})
	if err == nil && len(page.Visitors) == 0 {
		err = errors.New("no visitor has the name Ada")
	}
	if err != nil {
		return visitor.Visitor{}, err
	}
	return page.Visitors[0], nil
}

// send freezes an audience, prints who is in it and why the others are not, and sends to it.
func (c campaign) send(ctx context.Context, what string) error {
	c.say("%s:", what)
	var lines []string
	for v, err := range c.All(ctx, store.Query{Where: spring}) {
		if err != nil {
			return err
		}
		d, err := c.CanContact(ctx, v.ID, offers)
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("   %-5s %v", v.Name+":", d.Reason.Text()))
	}
	slices.Sort(lines)
	for _, line := range lines {
		c.say("%s", line)
	}
	audience, err := c.CreateAudience(ctx, what, spring, offers)
	if err != nil {
		return err
	}
	sent := 0
	for r, err := range c.Recipients(ctx, audience.ID) {
		if err != nil {
			return err
		}
		sent++ // here a program sends to r.Decision.Address, from r.Decision.Sender
		_ = r
	}
	if err := c.VerifyAudience(ctx, audience); err != nil {
		return err
	}
	c.say("   sent to %d of %d; receipt %x", sent, audience.Matching, audience.Hash[:4])
	return nil
}
