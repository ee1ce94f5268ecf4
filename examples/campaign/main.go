// Command campaign writes to people who agreed to it, and to nobody else: it records consents,
// freezes an audience, takes a STOP, and shows that neither a deletion, nor a new message of the
// person, nor an erasure followed by an import loses the denial. It prints each decision with its
// reason.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
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
	c := campaign{ws, out}
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
	out io.Writer
}

// spring is the segment: customers of the shop on WhatsApp.
var spring = filter.And(filter.Source.Is(visitor.WhatsApp), filter.Tag.Has("customer"))

// offers is what the messages are about, and where they go.
var offers = consent.Request{Channel: consent.WhatsApp, Topic: "offers"}

// number is the shop's own, by its phone_number_id.
const number = "106540352242922"

func (c campaign) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// sendToThoseWhoAgreed captures three people, two of whom agreed to offers.
func (c campaign) sendToThoseWhoAgreed(ctx context.Context) error {
	topic := consent.Topic{Key: "offers", Label: "Offers", Channels: []consent.Channel{consent.WhatsApp, consent.Email}, Public: true}
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
			Evidence: consent.Evidence{Kind: consent.ByForm, Ref: "checkout", Wording: "Send me offers on WhatsApp"},
		})
		if err != nil {
			return err
		}
	}
	return c.send(ctx, "1. Three customers, of whom two agreed")
}

// stop is what happens when Ada answers with the word STOP.
func (c campaign) stop(ctx context.Context) error {
	if err := c.write(ctx, "Ada", adasNumber, "STOP"); err != nil {
		return err
	}
	_, err := c.RecordConsent(ctx, consent.Entry{
		Subject: consent.Subject{Channel: consent.WhatsApp, Sender: number, Address: adasNumber},
		State:   consent.Denied, Origin: consent.Person,
		Evidence: consent.Evidence{Kind: consent.ByKeyword, Ref: "wamid.HBgL", Wording: "STOP"},
	})
	if err != nil {
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
	c.say("4. Ada was erased: a keyed hash and a denial stay of each of her addresses (%d), and a signed receipt", len(receipt.Hashes))
	_, err = c.Create(ctx, visitor.Draft{
		Name: "Ada", Source: visitor.WhatsApp, Tags: []string{"customer"},
		Identities: []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: adasNumber}},
	})
	if !errors.Is(err, store.ErrSuppressed) {
		return fmt.Errorf("an import of an erased person: %v", err)
	}
	c.say("   an import of her number is refused: %v", err)
	return c.send(ctx, "5. After the erasure")
}

const adasNumber = "14155550101"

// write captures a message, as the webhook of a channel does.
func (c campaign) write(ctx context.Context, name, phone, _ string) error {
	_, err := c.Capture(ctx, visitor.Contact{
		Source: visitor.WhatsApp, ExternalID: phone, Name: name, Inbox: number, Tags: []string{"customer"},
	})
	return err
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
