package store_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

func ExampleWorkspace_CanContact() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ws.PutTopic(ctx, consent.Topic{Key: "news", Label: "Newsletter"})
	ada, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "Ada@example.com", Source: visitor.Chat})
	request := consent.Request{Channel: consent.Email, Topic: "news"}

	d, _ := ws.CanContact(ctx, ada.ID, request)
	fmt.Println(d.Allowed, d.Reason)
	ws.RecordConsent(ctx, consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, Topic: "news",
		State: consent.Granted, Origin: consent.Person, Evidence: consent.Evidence{Kind: consent.ByForm, Wording: "Send me news"},
	})
	d, _ = ws.CanContact(ctx, ada.ID, request)
	fmt.Println(d.Allowed, d.Reason, d.Address)
	// Output:
	// false unknown_opt_in
	// true granted Ada@example.com
}

func ExampleWorkspace_RecordConsent() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	mail := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	ws.RecordConsent(ctx, consent.Entry{Subject: mail, State: consent.Denied, Origin: consent.Person})

	// An import cannot lift what the person said.
	_, err := ws.RecordConsent(ctx, consent.Entry{Subject: mail, State: consent.Granted, Origin: consent.Import, Basis: consent.ByConsent})
	fmt.Println(errors.Is(err, consent.ErrDenied))
	// Output: true
}

func ExampleWorkspace_ConsentHistory() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ada, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ada@example.com", Source: visitor.Chat})
	ws.RecordConsent(ctx, consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, State: consent.Granted, Origin: consent.Person,
		Evidence: consent.Evidence{Kind: consent.ByForm, Wording: "Send me news"},
	})
	entries, _, _ := ws.ConsentHistory(ctx, ada.ID)
	fmt.Println(entries[0].State, entries[0].Evidence.Wording)
	// Output: granted Send me news
}

func ExampleWorkspace_ReportHealth() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ada, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ada@example.com", Source: visitor.Chat})
	ws.ReportHealth(ctx, consent.HealthReport{
		Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, State: consent.HardBounce, Code: "550 5.1.1",
	})
	d, _ := ws.CanContact(ctx, ada.ID, consent.Request{Channel: consent.Email, Purpose: consent.Transactional})
	fmt.Println(d.Reason.Text())
	// Output: the address does not take messages
}

func ExampleWorkspace_CreateAudience() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ws.PutTopic(ctx, consent.Topic{Key: "news", Default: consent.OptOut})
	for _, name := range []string{"ada", "ben"} {
		ws.Create(ctx, visitor.Draft{Name: name, Email: name + "@example.com", Source: visitor.Chat})
	}
	ws.Create(ctx, visitor.Draft{Name: "cleo", Source: visitor.Chat})

	a, _ := ws.CreateAudience(ctx, "Spring", filter.All(), consent.Request{Channel: consent.Email, Topic: "news"})
	fmt.Println(a.Matching, a.Count, a.Reasons)
	ws.RecordConsent(ctx, consent.Entry{
		Subject: consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, State: consent.Denied, Origin: consent.Person,
	})
	for r, err := range ws.Recipients(ctx, a.ID) {
		fmt.Println(r.Decision.Address, err)
	}
	fmt.Println(ws.VerifyAudience(ctx, a))
	// Output:
	// 3 2 map[default_opt_out:2 no_address:1]
	// ben@example.com <nil>
	// <nil>
}

func ExampleWorkspace_UnsubscribeToken() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	token, _ := ws.UnsubscribeToken(ctx, consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, "")

	// In the handler of the link, after a POST request:
	link, _ := ws.ReadToken(ctx, token)
	statuses, err := ws.RecordConsent(ctx, consent.Entry{
		Subject: link.Subject, Topic: link.Topic, State: consent.Denied, Origin: consent.Person,
		Evidence: consent.Evidence{Kind: consent.ByOneClick},
	})
	fmt.Println(statuses[0].Entry.State, err)
	// Output: denied <nil>
}

func ExampleWorkspace_Erase() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ada, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ada@example.com", Source: visitor.Chat})
	receipt, _ := ws.Erase(ctx, ada.ID, "request by letter")
	fmt.Println(receipt.Deleted["visitors"], len(receipt.Hashes))

	_, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ADA@example.com", Source: visitor.Chat})
	fmt.Println(errors.Is(err, store.ErrSuppressed))
	// Output:
	// 1 1
	// true
}

func ExampleWorkspace_Reapply() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ada, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ada@example.com", Source: visitor.Chat})
	receipt, _ := ws.Erase(ctx, ada.ID, "request by letter") // kept outside of the database

	// After a backup from before the erasure was restored; here it is in effect.
	done, err := ws.Reapply(ctx, receipt)
	fmt.Println(done, err)
	// Output: 0 <nil>
}

// Meta asks an app to delete the data of a person by a signed request. Its user id is of the app;
// the application knows the visitor by it, here in an attribute.
func ExampleWorkspace_Erase_metaDataDeletion() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Messenger, Attributes: visitor.Attributes{"meta_user": visitor.Text("218471")}})
	secret := []byte("the app secret")

	// What Meta posts in the form field signed_request.
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"algorithm":"HMAC-SHA256","user_id":"218471"}`))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(payload))
	signed := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + payload

	answer := func(signed string) (string, error) {
		signature, payload, _ := strings.Cut(signed, ".")
		sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(payload))
		if err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
			return "", errors.New("not signed with the app secret")
		}
		var request struct {
			UserID string `json:"user_id"`
		}
		body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
		if err == nil {
			err = json.Unmarshal(body, &request)
		}
		if err != nil {
			return "", err
		}
		code := ""
		for v, err := range ws.All(ctx, store.Query{Where: filter.Attr("meta_user").Is(request.UserID)}) {
			if err != nil {
				return "", err
			}
			receipt, err := ws.Erase(ctx, v.ID, "data deletion request of Meta")
			if err != nil {
				return "", err
			}
			code = string(receipt.Visitor) // the page of the URL shows the receipt with this id
		}
		b, err := json.Marshal(map[string]string{"url": "https://example.com/deletion?id=" + code, "confirmation_code": code})
		return string(b), err
	}
	body, err := answer(signed)
	fmt.Println(strings.Contains(body, "confirmation_code"), err)
	n, _ := ws.Count(ctx, filter.All())
	fmt.Println(n)
	// Output:
	// true <nil>
	// 0
}
