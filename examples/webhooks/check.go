package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

const sampleSecret = "sample"

// sampleEnv returns a value for each variable.
func sampleEnv(name string) string {
	switch name {
	case "CHAT_ORIGINS", "FORM_ORIGINS":
		return "https://shop.example"
	case "MESSENGER_PAGE_TOKEN", "INSTAGRAM_TOKEN": // names are not fetched
		return ""
	}
	return sampleSecret
}

// samples has a delivery of each channel.
var samples = map[string]string{
	"whatsapp": `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{
		"metadata":{"display_phone_number":"15550100199","phone_number_id":"2"},"contacts":[{"profile":{"name":"Ada Example"},"wa_id":"12025550123"}],
		"messages":[{"from":"12025550123","id":"wamid.1","timestamp":"1760000000","type":"text"}]}}]}]}`,
	"messenger": `{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"7"},"timestamp":1760000000123,"message":{"mid":"m_1"}}]}]}`,
	"instagram": `{"object":"instagram","entry":[{"id":"1","messaging":[{"sender":{"id":"8"},"timestamp":1760000000123,"message":{"mid":"m_1"}}]}]}`,
	"telegram":  `{"update_id":1,"message":{"date":1760000000,"chat":{"id":9,"type":"private"},"from":{"id":9,"first_name":"Ada"}}}`,
	"chat":      `{"event_id":"1","anonymous_id":"00112233445566778899aabbccddeeff","name":"Ada"}`,
	"form":      `{"submission_id":"1","name":"Ada","email":"ada@example.com"}`,
}

// selfCheck starts the server on a free port, posts a delivery of each channel twice and one with
// a wrong signature, and checks the responses, the visitors and their conversations.
func selfCheck(ctx context.Context, out io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "webhooks")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	cs, err := channelsFor("", sampleEnv)
	if err != nil {
		return err
	}
	s, err := start(ctx, "127.0.0.1:0", filepath.Join(folder, "visitors.db"), cs, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for _, c := range cs {
		for _, try := range []struct {
			secret, origin string
			status         int
		}{
			{sampleSecret, "https://shop.example", http.StatusOK},
			{sampleSecret, "https://shop.example", http.StatusOK},
			{"another secret", "https://elsewhere.example", http.StatusForbidden},
		} {
			status, err := send(ctx, "http://"+s.addr()+c.path(), c.name, try.secret, try.origin)
			if err != nil {
				return err
			}
			if status != try.status {
				return fmt.Errorf("%s: answered %d, want %d", c.name, status, try.status)
			}
		}
	}
	return s.checkConversations(ctx, len(cs), out)
}

// checkConversations checks that there are n visitors with one message each, and that a message
// stays when its visitor is deleted.
func (s *server) checkConversations(ctx context.Context, n int, out io.Writer) error {
	var people []visitor.ID
	for v, err := range s.ws.All(ctx, store.Query{Where: filter.All()}) {
		if err != nil {
			return err
		}
		people = append(people, v.ID)
	}
	if len(people) != n {
		return fmt.Errorf("%d visitors of %d channels", len(people), n)
	}
	if _, err := s.ws.Delete(ctx, people[0]); err != nil {
		return err
	}
	for _, id := range people {
		messages, err := conversation(ctx, s.db, id)
		if err != nil {
			return err
		}
		if len(messages) != 1 {
			return fmt.Errorf("%d messages of a visitor who sent one", len(messages))
		}
	}
	fmt.Fprintf(out, "%d channels, %[1]d visitors with a message each; the message of a deleted visitor is kept: all is well\n", n)
	return nil
}

// send posts the sample of a channel, signed as the channel signs.
func send(ctx context.Context, url, name, secret, origin string) (status int, err error) {
	return sendBody(ctx, url, name, secret, origin, samples[name])
}

func sendBody(ctx context.Context, url, name, secret, origin, body string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	switch name {
	case "telegram":
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	case "chat", "form":
		r.Header.Set("Origin", origin)
	default:
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
