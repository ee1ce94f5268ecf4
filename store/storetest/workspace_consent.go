package storetest

import (
	"errors"
	"fmt"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// workspaceConsentPromises are about consents and audiences of a store.Workspace on the store.
var workspaceConsentPromises = []promise{
	{"a decision follows what is said about the address", "A host asks before it writes.", checkCanContact},
	{"an audience stays as it was when it was created", "A report of a campaign must not change when a tag does.", checkAudienceStays},
	{"a denial counts while recipients are streamed", "A campaign runs for an hour, and people say STOP meanwhile.", checkAudienceDenial},
	{"an audience that was changed is not verified", "A receipt that proves anything proves nothing.", checkAudienceVerify},
	{"an audience of another workspace is not found, nor are its consents, tokens and erasures", "A workspace separates two customers of a host.", checkConsentIsolation},
	{"Load leaves out erased people and creates the others", "An import must not bring back who was erased, nor fail because of one.", checkLoadErased},
}

var newsByMail = consent.Request{Channel: consent.Email, Topic: "news"}

// mailing returns a workspace with a topic that needs no consent and some visitors with an address.
func (f *fixture) mailing(people int) (*store.Workspace, []visitor.Visitor) {
	f.Helper()
	changes := []driver.Change{driver.PutTopic{Audit: f.audit(), Topic: consent.Topic{Key: "news", Default: consent.OptOut}}}
	var all []visitor.Visitor
	for n := range people {
		v := f.withMail(fmt.Sprint("Visitor ", n), fmt.Sprintf("v%d@example.com", n))
		all, changes = append(all, v), append(changes, create(v))
	}
	f.given(changes...)
	return f.open(nil), all
}

func (f *fixture) recipients(ws *store.Workspace, a store.Audience) (all []visitor.ID) {
	f.Helper()
	for r, err := range ws.Recipients(f.Context(), a.ID) {
		f.ok(err)
		f.same("the address to send to", r.Decision.Address, r.Visitor.Email)
		all = append(all, r.Visitor.ID)
	}
	return all
}

func checkCanContact(f *fixture) {
	ctx := f.Context()
	ws, people := f.mailing(1)
	v := people[0]
	reason := func(want consent.Reason) {
		f.Helper()
		d, err := ws.CanContact(ctx, v.ID, newsByMail)
		f.same("reason", []any{d.Reason, err}, []any{want, error(nil)})
	}
	say := func(topic string, state consent.State) {
		f.Helper()
		statuses, err := ws.RecordConsent(ctx, consent.Entry{Subject: byMail(v), Topic: topic, State: state, Origin: consent.Person})
		f.ok(err)
		f.same("state", statuses[0].Entry.State, state)
	}
	reason(consent.ReasonDefaultOptOut)
	say("news", consent.Denied)
	reason(consent.ReasonDeniedTopic)
	say("", consent.Denied)
	reason(consent.ReasonDeniedChannel)
	say("", consent.Granted)
	reason(consent.ReasonDeniedTopic)
	say("news", consent.Granted)
	reason(consent.ReasonGranted)
	_, err := ws.ReportHealth(ctx, consent.HealthReport{Subject: byMail(v), State: consent.Complaint})
	f.ok(err)
	reason(consent.ReasonComplaint)
	entries, reports, err := ws.ConsentHistory(ctx, v.ID)
	f.same("history", []any{len(entries), len(reports), err}, []any{4, 1, error(nil)})
	_, err = ws.DeleteTopic(ctx, "news")
	f.ok(err)
	reason(consent.ReasonUnknownTopic)
}

func checkAudienceStays(f *fixture) {
	ctx := f.Context()
	ws, people := f.mailing(min(f.effort.rows, 2_100)) // several batches
	other := f.visitor("without an address")
	f.must(create(other))
	a, err := ws.CreateAudience(ctx, "Spring", filter.All(), newsByMail)
	f.ok(err)
	f.same("receipt", []any{a.Name, a.Filter, a.Matching, a.Count, a.Complete}, []any{"Spring", "is:everyone", int64(len(people) + 1), int64(len(people)), true})
	f.same("reasons", a.Reasons, map[consent.Reason]int64{consent.ReasonDefaultOptOut: int64(len(people)), consent.ReasonNoAddress: 1})
	f.same("recipients", f.recipients(ws, a), ids(people))
	f.must(create(f.withMail("later", "later@example.com")))
	f.must(driver.UpdateVisitor{Audit: f.audit(), ID: other.ID, Patch: visitor.Patch{Email: ptr("other@example.com")}})
	f.must(driver.DeleteVisitor{Audit: f.audit(), ID: people[0].ID}, driver.MergeVisitors{Audit: f.audit(), Into: people[1].ID, From: people[2].ID})
	f.same("recipients later", f.recipients(ws, a), append(ids(people)[1:2:2], ids(people)[3:]...))
	f.ok(ws.VerifyAudience(ctx, a))
	stored, err := ws.Audience(ctx, a.ID)
	f.ok(err)
	f.same("the stored receipt", stored.Equal(a), true)
	existed, err := ws.DeleteAudience(ctx, a.ID)
	f.same("deleted", []any{existed, err}, []any{true, error(nil)})
	for range ws.Audiences(ctx) {
		f.Errorf("an audience that was deleted is listed")
	}
}

func checkAudienceDenial(f *fixture) {
	ctx := f.Context()
	const batch = driver.MaxAudienceBatch
	ws, people := f.mailing(batch + 2)
	a, err := ws.CreateAudience(ctx, "", filter.Email.Exists(), newsByMail)
	f.ok(err)
	last := people[batch+1]
	var got []visitor.ID
	for r, err := range ws.Recipients(ctx, a.ID) {
		f.ok(err)
		if got = append(got, r.Visitor.ID); len(got) == 1 {
			f.must(f.record(f.said(byMail(last), "", consent.Denied)))
		}
	}
	f.same("recipients", got, ids(people[:batch+1]))
	f.ok(ws.VerifyAudience(ctx, a))
	f.must(f.record(f.said(byMail(last), "", consent.Granted)))
	f.same("recipients, after the person agreed again", f.recipients(ws, a), ids(people))
}

func checkAudienceVerify(f *fixture) {
	ctx := f.Context()
	ws, people := f.mailing(3)
	a, err := ws.CreateAudience(ctx, "", filter.All(), newsByMail)
	f.ok(err)
	changed := a
	changed.Name = "another"
	if err := ws.VerifyAudience(ctx, changed); !errors.Is(err, driver.ErrConflict) {
		f.Errorf("a receipt that was changed: error %v, want ErrConflict", err)
	}
	// The same receipt with other members, as a fault of the store could have it.
	forged := a
	forged.ID, forged.Complete = f.id(f.clock), false
	f.must(driver.PutAudience{Audit: f.audit(), Audience: forged, Part: 1, Visitors: ids(people[:2])})
	if err := ws.VerifyAudience(ctx, forged); !errors.Is(err, driver.ErrConflict) {
		f.Errorf("an audience that is not complete: error %v, want ErrConflict", err)
	}
	for _, err := range ws.Recipients(ctx, forged.ID) {
		if !errors.Is(err, driver.ErrConflict) {
			f.Errorf("recipients of an audience that is not complete: error %v, want ErrConflict", err)
		}
	}
	forged.Complete = true
	f.must(driver.PutAudience{Audit: f.audit(), Audience: forged, Part: 2, Visitors: []visitor.ID{f.visitor("nobody").ID}})
	if err := ws.VerifyAudience(ctx, forged); !errors.Is(err, driver.ErrConflict) {
		f.Errorf("other members than those of the hash: error %v, want ErrConflict", err)
	}
	f.ok(ws.VerifyAudience(ctx, a))
}

func checkConsentIsolation(f *fixture) {
	ctx := f.Context()
	ws, people := f.mailing(2)
	theirs := f.openOn(f.neighbour, nil)
	a, err := ws.CreateAudience(ctx, "", filter.All(), newsByMail)
	f.ok(err)
	f.must(f.record(f.said(byMail(people[0]), "", consent.Denied)))
	receipt, err := ws.Erase(ctx, people[1].ID, "")
	f.ok(err)
	token, err := ws.UnsubscribeToken(ctx, byMail(people[0]), "")
	f.ok(err)

	d, err := theirs.CanContact(ctx, people[0].ID, newsByMail)
	f.same("decision", []any{d.Reason, err}, []any{consent.ReasonDefaultOptOut, error(nil)})
	statuses, err := theirs.StatusOf(ctx, byMail(people[0]))
	f.same("statuses", []any{len(statuses), err}, []any{0, error(nil)})
	_, found := theirs.Audience(ctx, a.ID)
	_, erased := theirs.Erasure(ctx, receipt.Visitor)
	for _, err := range []error{found, erased, theirs.VerifyAudience(ctx, a)} {
		if !errors.Is(err, driver.ErrNotFound) {
			f.Errorf("error %v, want ErrNotFound", err)
		}
	}
	if _, err := theirs.ReadToken(ctx, token); !errors.Is(err, consent.ErrToken) {
		f.Errorf("token: error %v, want ErrToken", err)
	}
	if _, err := theirs.Reapply(ctx, receipt); !errors.Is(err, driver.ErrInvalid) {
		f.Errorf("reapply: error %v, want ErrInvalid", err)
	}
	deleted, err := theirs.DeleteAudience(ctx, a.ID)
	f.same("deleted", []any{deleted, err}, []any{false, error(nil)})
	ours, err := f.st.Keys(ctx, f.ws)
	f.ok(err)
	other, err := f.st.Keys(ctx, f.neighbour)
	f.ok(err)
	f.same("one address has the same hash", byMail(people[0]).Hash(ours.Live[0]) == byMail(people[0]).Hash(other.Live[0]), false)
}

func checkLoadErased(f *fixture) {
	ctx := f.Context()
	ws, people := f.mailing(3)
	_, err := ws.Erase(ctx, people[1].ID, "")
	f.ok(err)
	drafts := func(yield func(visitor.Draft, error) bool) {
		for n := range 5 {
			if !yield(visitor.Draft{Name: "New", Email: fmt.Sprintf("V%d@Example.com", n), Source: visitor.Chat}, nil) {
				return
			}
		}
	}
	var refused []int
	done, err := ws.Load(ctx, drafts, &store.LoadOptions{Refused: func(n int, err error) {
		refused = append(refused, n)
		if !errors.Is(err, driver.ErrSuppressed) {
			f.Errorf("error %v, want ErrSuppressed", err)
		}
	}})
	f.same("loaded", []any{done, err}, []any{store.Loaded{Created: 4, Refused: 1}, error(nil)})
	f.same("refused", refused, []int{1})
}
