package storetest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var erasurePromises = []promise{
	{"an erased visitor is gone, with merges and all but a hash and a denial of each address", "The law gives everybody the right to be forgotten.", checkErase},
	{"deleting and erasing reach the addresses that a visitor gave up", "Who changed the e-mail before must be forgotten too.", checkErasedFormer},
	{"an erased address is refused in every spelling, until the person agrees again", "An import must not bring back who was erased.", checkErasedAddress},
	{"a capture of an erased address is recorded, and the denial counts", "Who writes again must get an answer, and no newsletter.", checkErasedCapture},
	{"an erasure is made again in a copy from before it", "A restored backup must not bring back who was erased.", checkReapply},
	{"a receipt that was changed is refused", "A receipt is a proof.", checkReceipt},
}

var audiencePromises = []promise{
	{"an audience reads as it was put, in parts, until it is deleted", "Who was written to must be known years later.", checkAudience},
}

func (f *fixture) erase(id visitor.ID) driver.Erasure {
	f.Helper()
	out := f.must(driver.EraseVisitor{Audit: f.audit(), ID: id, Reason: "asked for it"})
	f.effects(out, driver.Deleted)
	return *out[0].Erasure
}

func checkErase(f *fixture) {
	v, from, other := f.everything("Ada"), f.withMail("Dee", "dee@example.com"), f.withMail("Bob", "ADA.LOVELACE@example.com")
	e := f.said(byMail(v), "", consent.Granted)
	f.given(create(v), create(from), create(other), f.record(e))
	f.must(f.record(f.said(byMail(from), "", consent.Granted)))
	f.must(driver.MergeVisitors{Audit: f.audit(), Into: v.ID, From: from.ID})
	receipt := f.erase(from.ID)
	f.same("visitor", receipt.Visitor, v.ID)
	f.same("aliases", receipt.Aliases, []visitor.ID{from.ID})
	f.same("others", receipt.Others, []visitor.ID{other.ID})
	f.same("numbers", []int64{receipt.Deleted["visitors"], receipt.Deleted["merges"], receipt.Deleted["identities"], receipt.Deleted["entries"]}, []int64{1, 1, 3, 2})
	f.notFound(v.ID)
	f.notFound(from.ID)
	f.refused(driver.ErrNotFound, "visitor", string(from.ID), 0, driver.UnmergeVisitor{Audit: f.audit(), From: from.ID})
	f.same("state of another visitor with the address", f.get(other.ID).Consents[0].Entry.Evidence.Kind, consent.ByErasure)
	for _, kind := range []driver.RecordKind{driver.AddressRecords, driver.ErasureRecords} {
		found := f.recordsOf(f.ws, kind)
		f.same("there are records of "+string(kind), len(found) > 0, true)
		for _, r := range found {
			for _, private := range []string{"ovelace", "dee@", "+5511", "9007199254740993", "form 7", "203.0.113.7"} {
				if strings.Contains(string(r.Value), private) {
					f.Errorf("a record of an erased person contains %q", private)
				}
			}
		}
	}
	f.effects(f.must(driver.EraseVisitor{Audit: f.audit(), ID: v.ID}), driver.Missing)
}

// checkErasedFormer tests that deleting and erasing reach the addresses that a visitor gave up.
func checkErasedFormer(f *fixture) {
	for _, erase := range []bool{false, true} {
		v := f.withMail("Ada", fmt.Sprintf("old-%v@example.com", erase))
		old := byMail(v)
		e := f.said(old, "", consent.Granted)
		e.Evidence = consent.Evidence{Kind: consent.ByForm, Ref: "sign-up"}
		f.given(create(v), f.record(e))
		f.must(driver.UpdateVisitor{Audit: f.audit(), ID: v.ID, Patch: visitor.Patch{Email: ptr(fmt.Sprintf("new-%v@example.com", erase))}})
		f.same("entries of the address that was given up", len(f.recorded(old).Entries), 1)
		if erase {
			receipt := f.erase(v.ID)
			f.same("erased addresses", len(receipt.Hashes), 2)
			f.same("kind", f.recorded(old).Entries[0].Evidence, consent.Evidence{Kind: consent.ByErasure})
		} else {
			f.must(driver.DeleteVisitor{Audit: f.audit(), ID: v.ID})
			f.same("entries after the deletion", len(f.recorded(old).Entries), 0)
		}
	}
}

// recorded returns what is recorded about an address.
func (f *fixture) recorded(s consent.Subject) driver.AddressRecord {
	f.Helper()
	keys, err := f.st.Keys(f.Context(), f.ws)
	f.ok(err)
	read := func(q driver.RecordQuery) ([]driver.Record, error) { return f.st.Records(f.Context(), f.ws, q) }
	found, err := driver.ReadAddresses(read, keys, []consent.Subject{s})
	f.ok(err)
	return found[0]
}

func (f *fixture) notFound(id visitor.ID) {
	f.Helper()
	if _, err := f.st.GetVisitor(f.Context(), f.ws, id); err == nil {
		f.Errorf("an erased visitor is found")
	}
}

func checkErasedAddress(f *fixture) {
	v := f.everything("Ada")
	f.given(create(v))
	f.erase(v.ID)
	mail, phone, other := f.withMail("A", "ada.LOVELACE@example.com"), f.visitor("B"), f.visitor("C")
	phone.Phone = "+551187654321"
	for _, again := range []visitor.Visitor{mail, phone} {
		f.refused(driver.ErrSuppressed, "address", "", 0, create(again))
	}
	f.must(create(other))
	f.refused(driver.ErrSuppressed, "address", "", 0, driver.UpdateVisitor{Audit: f.audit(), ID: other.ID, Patch: visitor.Patch{Email: ptr("ada.lovelace@example.com")}})
	f.refused(driver.ErrSuppressed, "address", "", 0,
		driver.LinkIdentity{Audit: f.audit(), ID: other.ID, Identity: visitor.Identity{Source: visitor.Telegram, ExternalID: "9007199254740993"}})
	back := f.confirmed(byMail(v))
	back.Evidence.Kind = consent.ByForm
	f.must(f.record(back))
	f.refused(driver.ErrSuppressed, "address", "", 0, create(mail)) // anybody can have typed the address
	f.must(f.record(f.confirmed(byMail(v))))
	f.must(create(mail))
	f.same("consent", f.get(mail.ID).Consents[0].Entry.State, consent.Granted)
}

func checkErasedCapture(f *fixture) {
	v := f.visitor("Ada")
	v.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	f.given(create(v))
	f.erase(v.ID)
	out := f.must(driver.CaptureContact{Audit: f.audit(), ID: visitor.ID(f.id(f.clock)), Contact: visitor.Contact{
		Source: visitor.Telegram, ExternalID: "42", Name: "Ada", OccurredAt: f.clock,
	}})
	f.effects(out, driver.Created)
	got := f.get(out[0].Visitor.ID)
	f.same("state", got.Consents[0].Entry.State, consent.Denied)
	decision := consent.Decide(consent.Request{Channel: consent.Telegram, Purpose: consent.Marketing}, got.Facts(consent.Topic{}, false), f.clock)
	f.same("reason", decision.Reason, consent.ReasonErased)
	f.must(driver.UpdateVisitor{Audit: f.audit(), ID: got.ID, Patch: visitor.Patch{Name: ptr("Ada L.")}})
}

func checkReapply(f *fixture) {
	v, from := f.everything("Ada"), f.withMail("Dee", "dee@example.com")
	f.given(create(v), create(from), f.record(f.said(byMail(v), "", consent.Granted)))
	f.must(driver.MergeVisitors{Audit: f.audit(), Into: v.ID, From: from.ID})
	receipt := f.erase(v.ID)
	f.effects(f.must(driver.ReapplyErasure{Audit: f.audit(), Erasure: receipt}), driver.Unchanged)
	// What a backup has that is from before the merge: both visitors, and no denial.
	for _, e := range []*visitor.Visitor{&v, &from} {
		f.must(f.record(f.confirmed(byMail(*e))))
	}
	for _, s := range []consent.Subject{
		{Channel: consent.SMS, Address: v.Phone}, {Channel: consent.WhatsApp, Address: "5511987654321"}, {Channel: consent.Telegram, Address: "9007199254740993"},
	} {
		s, err := s.Normalize()
		if err != nil {
			f.Fatalf("normalize: %v", err)
		}
		f.must(f.record(f.confirmed(s)))
	}
	f.must(create(v), create(from))
	f.effects(f.must(driver.ReapplyErasure{Audit: f.audit(), Erasure: receipt}), driver.Updated)
	f.notFound(v.ID)
	f.notFound(from.ID)
	f.refused(driver.ErrSuppressed, "address", "", 0, create(f.withMail("A", "ada.lovelace@example.com")))
	f.effects(f.must(driver.ReapplyErasure{Audit: f.audit(), Erasure: receipt}), driver.Unchanged)
}

// confirmed returns a grant of the channel by somebody who has the address.
func (f *fixture) confirmed(s consent.Subject) consent.Entry {
	e := f.said(s, "", consent.Granted)
	e.Evidence.Kind = consent.ByDoubleOptIn
	return e
}

func checkReceipt(f *fixture) {
	v, other := f.withMail("Ada", "ada@example.com"), f.withMail("Bob", "bob@example.com")
	f.given(create(v), create(other))
	receipt := f.erase(v.ID)
	receipt.Visitor = other.ID
	if _, err := f.apply(driver.ReapplyErasure{Audit: f.audit(), Erasure: receipt}); !errors.Is(err, driver.ErrInvalid) {
		f.Errorf("error %v, want ErrInvalid", err)
	}
	f.get(other.ID)
}

// audience returns the receipt of a complete audience.
func (m *maker) audience(name string, count int64) driver.Audience {
	return driver.Audience{
		ID: m.id(m.now()), Name: name, At: m.clock, Filter: "tag:vip", Request: consent.Request{Channel: consent.Email, Purpose: consent.Marketing},
		Matching: count + 2, Count: count, Reasons: map[consent.Reason]int64{consent.ReasonGranted: count, consent.ReasonNoAddress: 2},
		Hash: []byte{1, 2, 3}, Complete: true,
	}
}

func checkAudience(f *fixture) {
	a := f.audience("Spring", 3)
	a.Complete, a.Hash = false, nil
	ids := []visitor.ID{f.visitor("A").ID, f.visitor("B").ID, f.visitor("C").ID}
	f.given(driver.PutAudience{Audit: f.audit(), Audience: a, Part: 1, Visitors: ids[:2]})
	a.Complete, a.Hash = true, []byte{1, 2, 3}
	f.effects(f.must(driver.PutAudience{Audit: f.audit(), Audience: a, Part: 2, Visitors: ids[2:]}), driver.Updated)
	f.refused(driver.ErrExists, "audience", a.ID, 0, driver.PutAudience{Audit: f.audit(), Audience: a, Part: 3, Visitors: ids[2:]})
	found := f.records(f.ws, driver.RecordQuery{Kind: driver.AudienceRecords, Keys: []string{a.ID}})
	f.same("number of records", len(found), 1)
	got, err := driver.AudienceOf(found[0])
	if err != nil || !got.Equal(a) {
		f.Errorf("audience %+v, error %v, want %+v", got, err, a)
	}
	var members []visitor.ID
	for _, r := range f.records(f.ws, driver.RecordQuery{Kind: driver.AudienceMembers, Prefix: a.ID + "/", Limit: 1}) {
		some, err := driver.MembersOf(r)
		if err != nil {
			f.Fatalf("members: %v", err)
		}
		members = append(members, some...)
	}
	f.same("members", members, ids)
	f.effects(f.must(driver.DeleteAudience{Audit: f.audit(), ID: a.ID}), driver.Deleted)
	f.effects(f.must(driver.DeleteAudience{Audit: f.audit(), ID: a.ID}), driver.Missing)
	f.same("members after the deletion", f.records(f.ws, driver.RecordQuery{Kind: driver.AudienceMembers, Limit: 10}), []driver.Record(nil))
}
