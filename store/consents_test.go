package store_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

var adasMail = consent.Subject{Channel: consent.Email, Address: "ada@example.com"}

// said is what a person says about the address of Ada on the whole channel.
func said(state consent.State) consent.Entry {
	return consent.Entry{Subject: adasMail, State: state, Origin: consent.Person, Evidence: consent.Evidence{Kind: consent.ByForm}}
}

func record(t *testing.T, ws *store.Workspace, entries ...consent.Entry) []consent.Status {
	t.Helper()
	statuses, err := ws.RecordConsent(t.Context(), entries...)
	require.NoError(t, err)
	return statuses
}

func TestConsentsRecordActorAndCause(t *testing.T) {
	t.Parallel()
	ws := open(t, nil)
	ada := create(t, ws, visitor.Draft{Name: "Ada", Email: "Ada@example.com"})
	acting, err := ws.WithActor("ann", "import 7")
	require.NoError(t, err)
	own := said(consent.Granted)
	own.Actor, own.Cause = "bob", "a letter"
	record(t, acting, said(consent.Denied), own)
	_, err = acting.ReportHealth(t.Context(), consent.HealthReport{Subject: adasMail, State: consent.SoftBounce})
	require.NoError(t, err)

	entries, reports, err := ws.ConsentHistory(t.Context(), ada.ID)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	for _, e := range entries {
		want := []string{"ann", "import 7"}
		if e.State == consent.Granted {
			want = []string{"bob", "a letter"}
		}
		require.Equal(t, want, []string{e.Actor, e.Cause})
	}
	require.Len(t, reports, 1)
	require.Equal(t, []string{"ann", "import 7"}, []string{reports[0].Actor, reports[0].Cause})
	for e, err := range ws.EventsOf(t.Context(), ada.ID) {
		require.NoError(t, err)
		if e.Kind == store.ConsentRecorded {
			require.Equal(t, []string{"ann", "import 7"}, []string{e.Actor, e.Cause})
		}
	}
}

func TestConsentsThatAreNotValidRecordNothing(t *testing.T) {
	t.Parallel()
	ws := open(t, nil)
	edit := func(edit func(*consent.Entry)) consent.Entry {
		e := said(consent.Granted)
		edit(&e)
		return e
	}
	for field, e := range map[string]consent.Entry{
		"address":  edit(func(e *consent.Entry) { e.Subject.Address = "secret.example.com" }),
		"channel":  edit(func(e *consent.Entry) { e.Subject.Channel = "secret" }),
		"topic":    edit(func(e *consent.Entry) { e.Topic = "Secret Topic" }),
		"state":    edit(func(e *consent.Entry) { e.State = "secret" }),
		"origin":   edit(func(e *consent.Entry) { e.Origin = "secret" }),
		"basis":    edit(func(e *consent.Entry) { e.Origin = consent.Import }),
		"at":       edit(func(e *consent.Entry) { e.At = start.Add(time.Hour) }),
		"expires":  edit(func(e *consent.Entry) { e.At, e.Expires = start, start.Add(-time.Hour) }),
		"evidence": edit(func(e *consent.Entry) { e.Evidence.Wording = strings.Repeat("secret ", 600) }),
	} {
		statuses, err := ws.RecordConsent(t.Context(), said(consent.Granted), e)
		require.Empty(t, statuses)
		require.ErrorIs(t, err, store.ErrInvalid, field)
		var refused *visitor.FieldError
		require.ErrorAs(t, err, &refused, field)
		require.Equal(t, field, refused.Field)
		require.NotEmpty(t, refused.Reason)
		require.NotContains(t, strings.ToLower(err.Error()), "secret")
		require.True(t, strings.HasPrefix(err.Error(), "record consent: "), err.Error())
	}
	_, err := ws.RecordConsent(t.Context(), said(consent.Granted), edit(func(e *consent.Entry) { e.Topic = "news" }))
	require.ErrorIs(t, err, store.ErrNotFound)
	require.EqualError(t, err, "record consent: topic news: not found")
	_, err = ws.ReportHealth(t.Context(), consent.HealthReport{Subject: adasMail, State: "secret"})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = ws.ReportHealth(t.Context(), consent.HealthReport{Subject: adasMail, State: consent.HardBounce, At: start.Add(time.Hour)})
	require.ErrorIs(t, err, store.ErrInvalid)

	statuses, err := ws.StatusOf(t.Context(), adasMail)
	require.NoError(t, err)
	require.Empty(t, statuses)
	for range ws.Events(t.Context(), 0) {
		require.Fail(t, "an event was recorded")
	}
}

func TestErrorsAboutConsentsHoldNoAddress(t *testing.T) {
	t.Parallel()
	ctx, ws := t.Context(), open(t, nil)
	in := visitor.Identity{Source: visitor.Telegram, ExternalID: "424242"}
	erased := create(t, ws, visitor.Draft{Name: "Ada", Email: adasMail.Address, Phone: "+493012345678", Identities: []visitor.Identity{in}})
	_, err := ws.Erase(ctx, erased.ID, "")
	require.NoError(t, err)
	other := create(t, ws, visitor.Draft{Name: "Bob"})
	var errs []error
	check := func(want error, kind string, err error) {
		t.Helper()
		require.ErrorIs(t, err, want)
		var known *store.Error
		require.ErrorAs(t, err, &known)
		require.Equal(t, []string{kind, ""}, []string{known.Kind, known.Key})
		errs = append(errs, err)
	}
	_, err = ws.Create(ctx, visitor.Draft{Name: "Ada", Email: "ADA@example.com", Source: visitor.Chat})
	check(store.ErrSuppressed, "address", err)
	_, err = ws.Create(ctx, visitor.Draft{Name: "Ada", Phone: "+493012345678", Source: visitor.Chat})
	check(store.ErrSuppressed, "address", err)
	_, err = ws.Update(ctx, other.ID, visitor.Patch{Email: new(adasMail.Address)})
	check(store.ErrSuppressed, "address", err)
	_, err = ws.Link(ctx, other.ID, in)
	check(store.ErrSuppressed, "address", err)
	grant := said(consent.Granted)
	grant.Origin, grant.Basis = consent.Import, consent.ByConsent
	_, err = ws.RecordConsent(ctx, grant)
	check(consent.ErrDenied, "consent", err)
	grant.Origin = consent.Platform
	_, err = ws.RecordConsent(ctx, grant)
	check(consent.ErrPlatformOwned, "consent", err)
	_, err = ws.ReportHealth(ctx, consent.HealthReport{Subject: adasMail, State: consent.Blocked, Origin: consent.Platform})
	check(consent.ErrPlatformOwned, "health", err)
	for _, err := range errs {
		for _, secret := range []string{"ada", "example", "493012345678", "424242"} {
			require.NotContains(t, strings.ToLower(err.Error()), secret)
		}
	}
}

func TestConsentHistoryIsInTheOrderOfTimes(t *testing.T) {
	t.Parallel()
	ws := open(t, nil)
	ada := create(t, ws, visitor.Draft{Name: "Ada", Email: adasMail.Address})
	for _, days := range []int{3, 1, 2} {
		e := said(consent.Denied)
		e.At = start.AddDate(0, 0, -days)
		record(t, ws, e)
		_, err := ws.ReportHealth(t.Context(), consent.HealthReport{Subject: adasMail, State: consent.SoftBounce, At: e.At})
		require.NoError(t, err)
	}
	entries, reports, err := ws.ConsentHistory(t.Context(), ada.ID)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Len(t, reports, 3)
	for n, days := range []int{-3, -2, -1} {
		require.Equal(t, start.AddDate(0, 0, days), entries[n].At)
		require.Equal(t, start.AddDate(0, 0, days), reports[n].At)
		require.Equal(t, adasMail.Address, entries[n].Subject.Address)
		require.Equal(t, consent.ByForm, entries[n].Evidence.Kind)
	}
}

func TestStatusOfASenderHasWhatWasSaidTowardsAll(t *testing.T) {
	t.Parallel()
	ws := open(t, nil)
	towards := func(sender string) consent.Subject {
		return consent.Subject{Channel: consent.WhatsApp, Sender: sender, Address: "493012345678"}
	}
	for _, sender := range []string{"", "1055", "1056"} {
		e := said(consent.Denied)
		e.Subject = towards(sender)
		record(t, ws, e)
	}
	for sender, want := range map[string][]string{"": {"", "1055", "1056"}, "1055": {"", "1055"}, "9": {""}} {
		statuses, err := ws.StatusOf(t.Context(), towards(sender))
		require.NoError(t, err)
		var senders []string
		for _, s := range statuses {
			senders = append(senders, s.Entry.Subject.Sender)
		}
		require.Equal(t, want, senders, sender)
	}
}

func TestTokensAreOfOneWorkspace(t *testing.T) {
	t.Parallel()
	ctx, st := t.Context(), memory.New()
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	other, err := store.Open(st, "Acme", nil)
	require.NoError(t, err)
	token, err := ws.UnsubscribeToken(ctx, consent.Subject{Channel: consent.Email, Address: "ADA@example.com"}, "news")
	require.NoError(t, err)
	link, err := ws.ReadToken(ctx, token)
	require.NoError(t, err)
	require.Equal(t, consent.Link{Workspace: "acme", Subject: adasMail, Topic: "news"}, link)
	inside, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	require.NotContains(t, string(inside), "example")
	foreign, err := other.UnsubscribeToken(ctx, adasMail, "news")
	require.NoError(t, err)
	require.NotEqual(t, token, foreign)
	for _, bad := range []string{foreign, "", token[1:], token[:len(token)-1], token + "A", strings.ToUpper(token)} {
		link, err := ws.ReadToken(ctx, bad)
		require.ErrorIs(t, err, consent.ErrToken)
		require.EqualError(t, err, "read unsubscribe token: "+consent.ErrToken.Error(), "the same for all")
		require.Zero(t, link)
	}
	_, err = ws.UnsubscribeToken(ctx, consent.Subject{Channel: consent.Email, Address: "none"}, "")
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = ws.UnsubscribeToken(ctx, adasMail, "Not A Key")
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestAMissingKeyPermitsNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	ws, st := openPermissions(t)
	ada := create(t, ws, visitor.Draft{Name: "Ada", Email: adasMail.Address})
	record(t, ws, said(consent.Granted))
	request := consent.Request{Channel: consent.Email}
	d, err := ws.CanContact(ctx, ada.ID, request)
	require.NoError(t, err)
	require.True(t, d.Allowed)
	audience, err := ws.CreateAudience(ctx, "before", filter.All(), request)
	require.NoError(t, err)
	require.EqualValues(t, 1, audience.Count)

	st.missing = true
	d, err = ws.CanContact(ctx, ada.ID, request)
	require.NoError(t, err)
	require.Equal(t, consent.ReasonKeyMissing, d.Reason)
	after, err := ws.CreateAudience(ctx, "after", filter.All(), request)
	require.NoError(t, err)
	require.Zero(t, after.Count)
	require.Equal(t, map[consent.Reason]int64{consent.ReasonKeyMissing: 1}, after.Reasons)
	for range ws.Recipients(ctx, audience.ID) {
		require.Fail(t, "a recipient")
	}
	require.Equal(t, consent.Denied, record(t, ws, said(consent.Denied))[0].Entry.State, "recording goes on")
}

func TestIdsAndKeysOfRecordsAreChecked(t *testing.T) {
	t.Parallel()
	ctx, ws := t.Context(), open(t, nil)
	const bad, gone = "a\x00/b", "01900000-0000-7000-8000-000000000000"
	_, topic := ws.DeleteTopic(ctx, bad)
	_, audience := ws.Audience(ctx, bad)
	_, deleted := ws.DeleteAudience(ctx, bad)
	_, erasure := ws.Erasure(ctx, bad)
	_, erased := ws.Erase(ctx, bad, "")
	_, reason := ws.Erase(ctx, gone, strings.Repeat("r", store.MaxReason+1))
	_, named := ws.CreateAudience(ctx, strings.Repeat("n", 201), filter.All(), consent.Request{Channel: consent.Email})
	_, request := ws.CreateAudience(ctx, "", filter.All(), consent.Request{Channel: "post"})
	_, where := ws.CreateAudience(ctx, "", filter.Tag.Has("nobody"), consent.Request{Channel: consent.Email})
	recipients := errors.New("no error")
	for _, err := range ws.Recipients(ctx, bad) {
		recipients = err
	}
	for what, err := range map[string]error{
		"topic": topic, "audience": audience, "deleted": deleted, "erasure": erasure, "erased": erased, "reason": reason, "name": named,
		"request": request, "filter": where, "recipients": recipients, "verify": ws.VerifyAudience(ctx, store.Audience{ID: bad}),
	} {
		require.ErrorIs(t, err, store.ErrInvalid, what)
	}
	_, audience = ws.Audience(ctx, gone)
	_, erasure = ws.Erasure(ctx, gone)
	_, erased = ws.Erase(ctx, gone, "")
	for _, err := range []error{audience, erasure, erased, ws.VerifyAudience(ctx, store.Audience{ID: gone})} {
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	existed, err := ws.DeleteAudience(ctx, gone)
	require.NoError(t, err)
	require.False(t, existed)
	existed, err = ws.DeleteTopic(ctx, "news")
	require.NoError(t, err)
	require.False(t, existed)
}

func TestReapplyStopsAtAReceiptThatWasChanged(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	original := memory.New()
	ws, err := store.Open(original, "acme", &store.Options{Now: clock()})
	require.NoError(t, err)
	var receipts []store.Erasure
	for _, name := range []string{"ada", "ben", "cleo"} {
		v := create(t, ws, visitor.Draft{Name: name, Email: name + "@example.com"})
		e, err := ws.Erase(ctx, v.ID, "a letter")
		require.NoError(t, err)
		stored, err := ws.Erasure(ctx, v.ID)
		require.NoError(t, err)
		require.Equal(t, e, stored)
		receipts = append(receipts, e)
	}
	done, err := ws.Reapply(ctx, receipts...)
	require.NoError(t, err)
	require.Zero(t, done)
	receipts[1].Reason = "another"
	done, err = ws.Reapply(ctx, receipts...)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.EqualError(t, err, "reapply erasure: signature: not made with a key of this store")
	require.Zero(t, done)
	var listed []visitor.ID
	for e, err := range ws.Erasures(ctx) {
		require.NoError(t, err)
		listed = append(listed, e.Visitor)
	}
	require.Equal(t, []visitor.ID{receipts[0].Visitor, receipts[1].Visitor, receipts[2].Visitor}, listed)
}

func TestLoadLeavesOutAddressesOfErasedPeople(t *testing.T) {
	t.Parallel()
	ctx, ws := t.Context(), open(t, nil)
	ada := create(t, ws, visitor.Draft{Name: "Ada", Email: adasMail.Address})
	_, err := ws.Erase(ctx, ada.ID, "")
	require.NoError(t, err)
	drafts := []visitor.Draft{
		{Name: "Bob", Source: visitor.Chat}, {Name: "Ada", Email: "ADA@example.com", Source: visitor.Chat, Tags: []string{"new"}}, {Name: "Cleo", Source: visitor.Chat},
	}
	refused := map[int]error{}
	done, err := ws.Load(ctx, sequence(drafts, nil), &store.LoadOptions{Refused: func(i int, err error) { refused[i] = err }})
	require.NoError(t, err)
	require.Equal(t, store.Loaded{Created: 2, Refused: 1}, done)
	require.Len(t, refused, 1)
	require.ErrorIs(t, refused[1], store.ErrSuppressed)
	require.EqualError(t, refused[1], "create visitor: address: the data of the person with this address was erased")
}
