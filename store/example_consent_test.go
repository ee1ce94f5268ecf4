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

func ExampleWorkspace_Decisions() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ws.PutTopic(ctx, consent.Topic{Key: "offers", Default: consent.OptOut})
	ada, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "Ada@example.com", Source: visitor.Chat})
	decisions, _ := ws.Decisions(ctx, ada.ID,
		consent.Request{Channel: consent.Email}, consent.Request{Channel: consent.Email, Topic: "offers"})
	for _, d := range decisions {
		fmt.Println(d.Allowed, d.Reason)
	}
	// Output:
	// false unknown_opt_in
	// true default_opt_out
}

func ExampleWorkspace_PutTopic() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ws.PutTopic(ctx, consent.Topic{Key: "news", Label: "Newsletter", Channels: []consent.Channel{consent.Email}, DoubleOptIn: true, Public: true})
	ws.PutTopic(ctx, consent.Topic{Key: "offers", Default: consent.OptOut})
	for t, err := range ws.Topics(ctx) {
		fmt.Println(t.Key, t.Label, t.Default, err)
	}
	deleted, _ := ws.DeleteTopic(ctx, "offers")
	fmt.Println(deleted)
	// Output:
	// news Newsletter opt_in <nil>
	// offers offers opt_out <nil>
	// true
}

func ExampleWorkspace_StatusOf() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ws.PutTopic(ctx, consent.Topic{Key: "news"})
	// An address that no visitor has yet.
	mail := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	ws.RecordConsent(ctx,
		consent.Entry{Subject: mail, State: consent.Granted, Origin: consent.Person},
		consent.Entry{Subject: mail, Topic: "news", State: consent.Denied, Origin: consent.Person},
	)
	statuses, _ := ws.StatusOf(ctx, mail)
	for _, s := range statuses {
		fmt.Printf("%q %s\n", s.Entry.Topic, s.Entry.State)
	}
	// Output:
	// "" granted
	// "news" denied
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

func ExampleWorkspace_Audiences() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	request := consent.Request{Channel: consent.Email, Purpose: consent.Transactional}
	ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ada@example.com", Source: visitor.Chat})
	a, _ := ws.CreateAudience(ctx, "New prices", filter.Email.Exists(), request)
	for a, err := range ws.Audiences(ctx) {
		fmt.Println(a.Name, a.Filter, a.Count, err)
	}

	// The receipt, kept apart from the database as JSON, shows later who was in the audience.
	kept, _ := json.Marshal(a)
	var receipt store.Audience
	json.Unmarshal(kept, &receipt)
	fmt.Println(ws.VerifyAudience(ctx, receipt))
	receipt.Count = 2
	fmt.Println(errors.Is(ws.VerifyAudience(ctx, receipt), store.ErrConflict))

	deleted, _ := ws.DeleteAudience(ctx, a.ID)
	_, err := ws.Audience(ctx, a.ID)
	fmt.Println(deleted, errors.Is(err, store.ErrNotFound))
	// Output:
	// New prices has:email 1 <nil>
	// <nil>
	// true
	// true true
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

func ExampleWorkspace_Erasures() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ada, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ada@example.com", Source: visitor.Chat})
	ws.Erase(ctx, ada.ID, "request by letter")
	for e, err := range ws.Erasures(ctx) {
		fmt.Println(e.Visitor == ada.ID, e.Reason, err)
	}
	receipt, _ := ws.Erasure(ctx, ada.ID)
	fmt.Println(receipt.Hashes[0].Channel)
	// Output:
	// true request by letter <nil>
	// email
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

// Meta asks an app to delete the data of a person by a signed request (its "data deletion
// callback"). The user id in it is of the app; the application knows the visitor by it, here from
// an attribute.
func ExampleWorkspace_Erase_metaDataDeletion() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	ada := visitor.Draft{Name: "Ada", Source: visitor.Messenger, Attributes: visitor.Attributes{"meta_user": visitor.Text("218471")}}
	ws.Create(ctx, ada)
	secret := []byte("the app secret")

	// userOf checks the form field signed_request and returns the user id in it.
	userOf := func(signedRequest string) (string, error) {
		signature, payload, _ := strings.Cut(signedRequest, ".")
		sum, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(signature, "="))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(payload))
		if err != nil || !hmac.Equal(sum, mac.Sum(nil)) {
			return "", errors.New("not signed with the app secret")
		}
		body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
		if err != nil {
			return "", err
		}
		var request struct {
			UserID string `json:"user_id"`
		}
		err = json.Unmarshal(body, &request)
		return request.UserID, err
	}
	// answer erases the person. The page of the URL shows the date of ws.Erasure(ctx, id), or that
	// there was nothing to delete.
	answer := func(signedRequest string) (string, error) {
		user, err := userOf(signedRequest)
		if err != nil {
			return "", err
		}
		code := "none"
		for v, err := range ws.All(ctx, store.Query{Where: filter.Attr("meta_user").Is(user)}) {
			if err != nil {
				return "", err
			}
			if _, err := ws.Erase(ctx, v.ID, "data deletion request of Meta"); err != nil {
				return "", err
			}
			code = string(v.ID)
		}
		body, err := json.Marshal(map[string]string{"url": "https://example.com/deletion?id=" + code, "confirmation_code": code})
		return string(body), err
	}

	// What Meta posts.
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"algorithm":"HMAC-SHA256","user_id":"218471"}`))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(payload))
	signature := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))

	_, err := answer(signature + "." + payload[1:])
	fmt.Println(err)
	body, _ := answer(signature + "." + payload)
	fmt.Println(strings.HasPrefix(body, `{"confirmation_code":"0`))
	people, _ := ws.Count(ctx, filter.All())
	fmt.Println(people)
	body, _ = answer(signature + "." + payload) // asked once more
	fmt.Println(body)
	// Output:
	// not signed with the app secret
	// true
	// 0
	// {"confirmation_code":"none","url":"https://example.com/deletion?id=none"}
}
