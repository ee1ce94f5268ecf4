package storetest

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

func checkConsentSpellings(f *fixture) {
	for n, spellings := range [][]string{
		{"Ada@Example.com", "ada@EXAMPLE.com"},
		{"ada@bücher.example", "ada@xn--bcher-kva.example"},
	} {
		a, b := f.withMail("A", spellings[0]), f.withMail("B", spellings[1])
		other := f.withMail("C", fmt.Sprintf("other%d@example.com", n))
		f.given(create(a), create(b), create(other))
		subject, err := byMail(a).Normalize()
		if err != nil {
			f.Fatalf("normalize: %v", err)
		}
		e := f.said(subject, "", consent.Denied)
		f.must(f.record(e))
		f.consents("of "+spellings[0], a.ID, status(e))
		f.consents("of "+spellings[1], b.ID, status(e))
		f.consents("of another", other.ID)
	}
	for _, numbers := range [][]string{{"+5511987654321", "+551187654321"}, {"+525512345678", "+5215512345678"}, {"+5491123456789", "+541123456789"}} {
		a, b, c := f.visitor("A"), f.visitor("B"), f.visitor("C")
		a.Phone, b.Phone = numbers[0], numbers[1]
		c.Identities = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: numbers[1][1:]}}
		f.given(create(a), create(b), create(c))
		for _, channel := range []consent.Channel{consent.SMS, consent.WhatsApp} {
			subject, err := consent.Subject{Channel: channel, Address: numbers[0]}.Normalize()
			if err != nil {
				f.Fatalf("normalize: %v", err)
			}
			f.must(f.record(f.said(subject, "", consent.Denied)))
		}
		for _, v := range []visitor.Visitor{a, b} {
			f.same("consents of "+v.Phone, len(f.get(v.ID).Consents), 2)
		}
		f.same("consents of the identity", len(f.get(c.ID).Consents), 1)
	}
	d, e := f.visitor("D"), f.visitor("E")
	d.Identities = []visitor.Identity{{Source: visitor.Messenger, Account: "page 1", ExternalID: "42"}}
	e.Identities = []visitor.Identity{{Source: visitor.Messenger, Account: "page 2", ExternalID: "42"}, {Source: visitor.Instagram, Account: "page 1", ExternalID: "43"}}
	f.given(create(d), create(e))
	f.must(f.record(f.said(consent.Subject{Channel: consent.Messenger, Sender: "page 1", Address: "42"}, "", consent.Denied)))
	f.same("consents on a page", len(f.get(d.ID).Consents), 1)
	f.same("consents on another page, towards the first", len(f.get(e.ID).Consents), 1)
}

func checkConsentBefore(f *fixture) {
	e := f.said(consent.Subject{Channel: consent.Email, Address: "ada@example.com"}, "", consent.Denied)
	f.given(f.record(e))
	v, other := f.withMail("Ada", "ADA@example.com"), f.visitor("Bob")
	f.given(create(v), create(other))
	f.consents("of a new visitor", v.ID, status(e))
	f.must(driver.UpdateVisitor{Audit: f.audit(), ID: other.ID, Patch: visitor.Patch{Email: ptr("Ada@example.com")}})
	f.consents("of a new address", other.ID, status(e))
	outcomes := f.must(driver.CaptureContact{Audit: f.audit(), ID: visitor.ID(f.id(f.clock)), Contact: visitor.Contact{
		Source: visitor.Telegram, ExternalID: "9", Name: "Ada", Email: "ada@example.com", OccurredAt: f.clock,
	}})
	f.consents("of a captured visitor", outcomes[0].Visitor.ID, status(e))
	f.same("outcome of the capture", outcomes[0].Visitor.Consents, []consent.Status{status(e)})
}

func checkConsentStaysWithAddress(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	e := f.said(byMail(v), "", consent.Granted)
	f.given(create(v), f.record(e))
	f.must(driver.UpdateVisitor{Audit: f.audit(), ID: v.ID, Patch: visitor.Patch{Email: ptr("new@example.com")}})
	f.consents("of another address", v.ID)
	f.must(driver.UpdateVisitor{Audit: f.audit(), ID: v.ID, Patch: visitor.Patch{Email: ptr("ada@example.com")}})
	f.consents("of the address again", v.ID, status(e))
	in := visitor.Identity{Source: visitor.Telegram, ExternalID: "42"}
	f.must(f.record(f.said(consent.Subject{Channel: consent.Telegram, Sender: "bot", Address: "42"}, "", consent.Denied)))
	f.must(driver.LinkIdentity{Audit: f.audit(), ID: v.ID, Identity: in})
	f.same("consents with an identity", len(f.get(v.ID).Consents), 2)
	f.must(driver.UnlinkIdentity{Audit: f.audit(), ID: v.ID, Identity: in})
	f.consents("without the identity", v.ID, status(e))
}

func checkConsentMerge(f *fixture) {
	a, b := f.withMail("Ada", "ada@example.com"), f.visitor("Bob")
	b.Phone = "+14155550123"
	mail := f.said(byMail(a), "", consent.Granted)
	sms := f.said(consent.Subject{Channel: consent.SMS, Address: b.Phone}, "", consent.Denied)
	f.given(create(a), create(b), f.record(mail), f.record(sms))
	out := f.must(driver.MergeVisitors{Audit: f.audit(), Into: a.ID, From: b.ID})
	f.same("outcome", out[0].Visitor.Consents, []consent.Status{status(mail), status(sms)})
	f.consents("of both", a.ID, status(mail), status(sms))
	later := f.said(consent.Subject{Channel: consent.SMS, Address: b.Phone}, "", consent.Granted)
	f.must(f.record(later))
	f.must(driver.UnmergeVisitor{Audit: f.audit(), From: b.ID})
	f.consents("of the first", a.ID, status(mail))
	f.consents("of the second, as said meanwhile", b.ID, status(later))
}

func checkConsentDelete(f *fixture) {
	v := f.withMail("Ada", "ada@example.com")
	f.given(create(v), driver.PutTopic{Audit: f.audit(), Topic: consent.Topic{Key: "news", Default: consent.OptIn}})
	denied, granted := f.said(byMail(v), "", consent.Denied), f.said(byMail(v), "news", consent.Granted)
	f.must(f.record(denied), f.record(granted))
	f.must(f.report(byMail(v), consent.HardBounce))
	f.must(driver.DeleteVisitor{Audit: f.audit(), ID: v.ID})
	for _, r := range f.recordsOf(f.ws, driver.AddressRecords) {
		for _, private := range []string{"form 7", "Yes, write", "203.0.113.7", "ada@example.com", "granted"} {
			if strings.Contains(string(r.Value), private) {
				f.Errorf("what is kept of a deleted visitor contains %q", private)
			}
		}
	}
	again := f.withMail("Ada again", "Ada@Example.com")
	f.must(create(again))
	f.consents("of who comes back", again.ID, status(denied))
	f.same("health of who comes back", f.healthState(again.ID), consent.HardBounce)
}

func checkConsentDeleteShared(f *fixture) {
	a, b := f.withMail("Ada", "ada@example.com"), f.withMail("Ada 2", "ADA@example.com")
	e := f.said(byMail(a), "", consent.Granted)
	f.given(create(a), create(b), f.record(e))
	f.must(driver.DeleteVisitor{Audit: f.audit(), ID: a.ID})
	f.consents("of the other", b.ID, status(e))
	later := f.said(byMail(a), "", consent.Denied)
	f.must(f.record(later))
	f.consents("of the other, later", b.ID, status(later))
}
