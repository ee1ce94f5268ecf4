package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// deliveries are recorded requests of the channels and of the shop's website.
//
//go:embed deliveries
var deliveries embed.FS

// demo is the secret of all channels here. Real secrets are those of the app and the bot.
const demo = "demo secret"

// capture posts the recorded deliveries to the webhook of each channel, twice: repeated events
// change nothing.
func (t tour) capture(ctx context.Context) error {
	var entries []webhook.Entry
	o := &webhook.Options{Log: func(e webhook.Entry) { entries = append(entries, e) }}
	channels := map[string]intake.Channel{
		"whatsapp":  intake.WhatsApp{Secrets: []string{demo}},
		"messenger": intake.Messenger{Secrets: []string{demo}},
		"instagram": intake.Instagram{Secrets: []string{demo}},
		"telegram":  intake.Telegram{Secrets: []string{demo}, Bot: "bicycle_shop_bot"},
		"chat":      intake.Chat{Secrets: []string{demo}, Account: "bicycle-shop.example"},
		"form": intake.Form{Account: "offer", Tags: []string{"offer"}, Consent: "agree", Fields: map[string]string{
			"your-name": "name", "your-email": "email", "interest": "attributes.interest",
		}},
	}
	handlers := map[string]*webhook.Handler{} // a server mounts each at a URL of its own
	for name, channel := range channels {
		handlers[name] = webhook.New(t.ws, channel, o)
		defer handlers[name].Close()
	}
	t.out.heading("Messages from the channels", "")
	var events [][]webhook.Entry
	for range 2 {
		entries = nil
		if err := replay(ctx, handlers); err != nil {
			return err
		}
		events = append(events, entries)
	}
	if err := t.captured(ctx, events[0]); err != nil {
		return err
	}
	again := map[webhook.Outcome]int{}
	for _, e := range events[1] {
		again[e.Outcome]++
	}
	t.out.line("The same again: %d duplicates, %d ignored, %d created or changed",
		again[webhook.Duplicate], again[webhook.Ignored], len(events[1])-again[webhook.Duplicate]-again[webhook.Ignored])
	n, err := t.ws.Count(ctx, filter.All())
	if err != nil {
		return err
	}
	t.out.line("%d visitors now", n)
	return nil
}

// replay posts each delivery, signed as its channel does, without a network.
func replay(ctx context.Context, handlers map[string]*webhook.Handler) error {
	files, err := deliveries.ReadDir("deliveries")
	if err != nil {
		return err
	}
	for _, file := range files { // in the order of their names
		body, err := deliveries.ReadFile("deliveries/" + file.Name())
		if err != nil {
			return err
		}
		_, channel, _ := strings.Cut(file.Name(), "-")
		channel, ending, _ := strings.Cut(channel, ".")
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhooks/"+channel, bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if ending == "txt" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		switch channel {
		case "whatsapp", "messenger", "instagram":
			mac := hmac.New(sha256.New, []byte(demo))
			mac.Write(body)
			r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		case "telegram":
			r.Header.Set("X-Telegram-Bot-Api-Secret-Token", demo)
		}
		w := httptest.NewRecorder()
		if handlers[channel].ServeHTTP(w, r); w.Code != http.StatusOK {
			return fmt.Errorf("%s: answered %d %s", file.Name(), w.Code, w.Body)
		}
	}
	return nil
}

// captured shows the outcome of each event.
func (t tour) captured(ctx context.Context, events []webhook.Entry) error {
	table := table{columns: []column{{"channel", 18}, {"event", 12}, {"", 9}, {"visitor, or reason", 36}}}
	for _, e := range events {
		about := e.Reason
		if e.Visitor != "" {
			v, err := t.ws.Get(ctx, e.Visitor)
			if err != nil {
				return err
			}
			if about = v.Name; v.Placeholder() {
				about += " *"
			}
		}
		label := t.ws.Sources().Info(e.Source).Label
		if e.Source == visitor.Chat && e.Via == "form" {
			label = "Form"
		}
		table.add(plain(label), plain(e.Via), plain(string(e.Outcome)), plain(about))
	}
	t.out.table(table)
	t.out.note("* placeholder until the channel sends a name")
	return nil
}
