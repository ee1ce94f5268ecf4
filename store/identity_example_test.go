package store_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

func ExampleWorkspace_Capture() {
	ctx, ws := sample()
	message := visitor.Contact{
		Source: visitor.Telegram, ExternalID: "42", Username: "ada", EventID: "update 1",
		OccurredAt: time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC),
	}
	r, err := ws.Capture(ctx, message)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Outcome, r.Visitor.Name, r.Visitor.Placeholder())
	r, _ = ws.Capture(ctx, message) // Telegram repeats unanswered messages
	fmt.Println(string(r.Outcome)+":", r.Reason.Text())
	message.EventID, message.Name, message.Email = "update 2", "Ada Lovelace", "ada@"
	r, _ = ws.Capture(ctx, message)
	fmt.Println(r.Outcome, r.Visitor.Name, r.Visitor.Placeholder(), r.InvalidFields)
	// Output:
	// created ada true
	// ignored: the event was processed before
	// updated Ada Lovelace false [email: no dot in the domain]
}

func ExampleWorkspace_CaptureAll() {
	ctx, ws := sample()
	results, err := ws.CaptureAll(ctx, []visitor.Contact{
		{Source: visitor.Telegram, ExternalID: "42", Name: "Grace Hopper"},
		{Source: visitor.Telegram, Name: "Nobody"},
		{Source: visitor.Telegram, ExternalID: "42", Username: "grace"},
	})
	for _, r := range results {
		fmt.Println(r.Outcome, r.Visitor.Name, r.Err)
	}
	fmt.Println(err)
	// Output:
	// created Grace Hopper <nil>
	//   capture contacts: external_id: missing
	// updated Grace Hopper <nil>
	// <nil>
}

func ExampleWorkspace_EnrichProfile() {
	ctx, ws := sample()
	c := visitor.Contact{Source: visitor.Messenger, Account: "page", ExternalID: "7"}
	r, _ := ws.Capture(ctx, c)
	fmt.Println(r.Visitor.Placeholder())
	r, err := ws.EnrichProfile(ctx, c, func(_ context.Context, c visitor.Contact) (visitor.Contact, error) {
		c.Name = "Grace Hopper" // from the channel's API
		return c, nil
	})
	fmt.Println(r.Visitor.Name, err)
	// Output:
	// true
	// Grace Hopper <nil>
}

func ExampleWorkspace_Merge() {
	ctx, ws := sample()
	ada, zoe := first(ctx, ws, filter.Search("ada")), first(ctx, ws, filter.Search("sahin"))
	v, err := ws.Merge(ctx, ada.ID, zoe.ID)
	fmt.Println(v.Name, v.Email, v.Phone, err)
	same, _ := ws.Get(ctx, zoe.ID) // her id is an alias of Ada's
	fmt.Println(same.Name)
	// Output:
	// Ada Lovelace ada@example.com +4915123456789 <nil>
	// Ada Lovelace
}

func ExampleWorkspace_PreviewMerge() {
	ctx, ws := sample()
	ada, zoe := first(ctx, ws, filter.Search("ada")), first(ctx, ws, filter.Search("sahin"))
	p, err := ws.PreviewMerge(ctx, ada.ID, zoe.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range p.Choices() {
		fmt.Printf("%s: %q of %q and %q\n", c.Field, c.Result, c.Into, c.From)
	}
	// Output:
	// email: "ada@example.com" of "ada@example.com" and ""
	// name: "Ada Lovelace" of "Ada Lovelace" and "Zoë Şahin"
	// phone: "+4915123456789" of "" and "+4915123456789"
	// source: "instagram" of "instagram" and "telegram"
}

func ExampleWorkspace_Unmerge() {
	ctx, ws := sample()
	ada, zoe := first(ctx, ws, filter.Search("ada")), first(ctx, ws, filter.Search("sahin"))
	if _, err := ws.Merge(ctx, ada.ID, zoe.ID); err != nil {
		fmt.Println(err)
		return
	}
	survivor, restored, err := ws.Unmerge(ctx, zoe.ID)
	fmt.Println(survivor.Name, survivor.Phone == "", restored.Name, restored.Phone, err)
	// Output: Ada Lovelace true Zoë Şahin +4915123456789 <nil>
}

func ExampleWorkspace_Duplicates() {
	ctx, ws := sample()
	for _, d := range []visitor.Draft{
		{Name: "Lovelace, Ada", Source: visitor.Chat},
		{Name: "Z. Sahin", Source: visitor.WhatsApp, Phone: "+49 151 23456789"},
		{Name: "Bob Hops", Source: visitor.WhatsApp},
	} {
		if _, err := ws.Create(ctx, d); err != nil {
			fmt.Println(err)
		}
	}
	for d, err := range ws.Duplicates(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%.2f %s / %s: %s\n", d.Score, d.A.Name, d.B.Name, d.Reasons[0].Reason)
	}
	// Output:
	// 0.90 Zoë Şahin / Z. Sahin: same_phone
	// 0.40 Ada Lovelace / Lovelace, Ada: same_name
	// 0.30 Bob Hope / Bob Hops: similar_name
}

func ExampleWorkspace_Link() {
	ctx, ws := sample()
	ada, bob := first(ctx, ws, filter.Search("ada")), first(ctx, ws, filter.Search("bob"))
	i := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "4915123456789"}
	_, err := ws.Link(ctx, ada.ID, i)
	fmt.Println(err)
	_, err = ws.Link(ctx, bob.ID, i)
	var taken *store.Error
	fmt.Println(errors.Is(err, store.ErrExists), errors.As(err, &taken) && taken.Key == string(ada.ID))
	// Output:
	// <nil>
	// true true
}

func ExampleWorkspace_Unlink() {
	ctx, ws := sample()
	ada := first(ctx, ws, filter.Search("ada"))
	i := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "4915123456789"}
	_, _ = ws.Link(ctx, ada.ID, i)
	v, err := ws.Unlink(ctx, ada.ID, i)
	fmt.Println(len(v.Identities), err)
	// Output: 0 <nil>
}

func ExampleWorkspace_Lookup() {
	ctx, ws := sample()
	_, _ = ws.Capture(ctx, visitor.Contact{Source: visitor.Telegram, ExternalID: "9007199254740993", Name: "Grace"})
	v, err := ws.Lookup(ctx, visitor.Telegram, "", "9007199254740993")
	fmt.Println(v.Name, err)
	_, err = ws.Lookup(ctx, visitor.Telegram, "", "1")
	fmt.Println(errors.Is(err, store.ErrNotFound))
	// Output:
	// Grace <nil>
	// true
}
