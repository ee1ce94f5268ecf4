package webhook_test

import (
	"context"
	encoding "encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

var adasMail = consent.Subject{Channel: consent.Email, Address: "ada@example.com"}

// clocked returns a workspace whose clock is now, with the topics of the test data.
func clocked(t *testing.T, st store.Store, now *time.Time) *store.Workspace {
	t.Helper()
	ws, err := store.Open(st, "acme", &store.Options{
		Now:     func() time.Time { return *now },
		Sources: map[visitor.Source]visitor.SourceInfo{"form": {Label: "Form", Badge: "#123456"}},
	})
	require.NoError(t, err)
	for _, key := range []string{"newsletter", "offers"} {
		_, err := ws.PutTopic(t.Context(), consent.Topic{Key: key, Default: consent.OptIn})
		require.NoError(t, err)
	}
	return ws
}

// statusOf returns what stands about a subject and topic, "" for nothing.
func statusOf(t *testing.T, ws *store.Workspace, s consent.Subject, topic string) consent.State {
	t.Helper()
	all, err := ws.StatusOf(t.Context(), s)
	require.NoError(t, err)
	for _, one := range all {
		if one.Entry.Topic == topic {
			return one.Entry.State
		}
	}
	return ""
}

// A form is a grant when it is first delivered. A service that delivers it again, after the person
// has said no, lifts nothing; another submission does.
func TestFormConsents(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return memory.New() },
		"sqlite": func(t *testing.T) store.Store {
			st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "visitors.db"), nil)
			require.NoError(t, err)
			return st
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := open(t)
			t.Cleanup(func() { require.NoError(t, st.Close()) })
			now := intaketest.Clock()
			ws := clocked(t, st, &now)
			form := intake.Form{Account: "visit", Consents: []intake.FormConsent{{Field: "news", Channel: consent.Email, Topic: "newsletter"}}}
			var said heard
			h := webhook.New(ws, form, &webhook.Options{Log: said.log})
			deliver := func(id string, want ...webhook.Outcome) {
				said.entries = nil
				require.Equal(t, 200, post(h, json, []byte(`{"submission_id":"`+id+`","name":"Ada","email":"ada@example.com","news":"on"}`), "", "").Code)
				require.Equal(t, want, said.outcomes())
				now = now.Add(time.Hour)
			}
			deliver("1", webhook.Created, webhook.ConsentSignal)
			require.Equal(t, consent.Granted, statusOf(t, ws, adasMail, "newsletter"))
			v := dumped(t, ws).Visitors
			require.Len(t, v, 1)
			require.Len(t, v[0].Consents, 1, "not on the visitor")
			events := len(dumped(t, ws).Events)
			deliver("1", webhook.Duplicate, webhook.ConsentSignal)
			require.Len(t, dumped(t, ws).Events, events)

			_, err := ws.RecordConsent(t.Context(), consent.Entry{
				Subject: adasMail, Topic: "newsletter", State: consent.Denied, Origin: consent.Person, Evidence: consent.Evidence{Kind: consent.ByOneClick},
			})
			require.NoError(t, err)
			now = now.Add(time.Hour)
			deliver("1", webhook.Duplicate, webhook.ConsentSignal)
			require.Equal(t, consent.Denied, statusOf(t, ws, adasMail, "newsletter"))
			deliver("2", webhook.Created, webhook.ConsentSignal)
			require.Equal(t, consent.Granted, statusOf(t, ws, adasMail, "newsletter"))
		})
	}
}

// With double opt-in, a form that anybody could have filled in is not yet a grant.
func TestFormConsentsDoubleOptIn(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	_, err := ws.PutTopic(t.Context(), consent.Topic{Key: "newsletter", Default: consent.OptIn, DoubleOptIn: true})
	require.NoError(t, err)
	form := intake.Form{Consents: []intake.FormConsent{{Field: "news", Channel: consent.Email, Topic: "newsletter"}}}
	require.Equal(t, 200, post(webhook.New(ws, form, nil), json, []byte(`{"email":"ada@example.com","news":true}`), "", "").Code)
	require.Equal(t, consent.Pending, statusOf(t, ws, adasMail, "newsletter"))
}

// A consent that cannot be recorded costs neither the visitor nor the other consents.
func TestRefusedConsents(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	form := intake.Form{Consents: []intake.FormConsent{
		{Field: "news", Channel: consent.Email, Topic: "missing"},
		{Field: "news", Channel: consent.SMS},
		{Field: "news", Channel: consent.Email},
	}}
	var said heard
	h := webhook.New(ws, form, &webhook.Options{Log: said.log})
	require.Equal(t, 200, post(h, json, []byte(`{"email":"ada@example.com","phone":"0202 5550123","news":true}`), "", "").Code)
	require.Equal(t, []webhook.Outcome{webhook.Created, webhook.Refused, webhook.Refused, webhook.ConsentSignal}, said.outcomes())
	require.ErrorIs(t, said.entries[1].Err, store.ErrNotFound)
	require.ErrorIs(t, said.entries[2].Err, store.ErrInvalid)
	require.Equal(t, consent.Granted, statusOf(t, ws, adasMail, ""))

	_, err := ws.PutTopic(t.Context(), consent.Topic{Key: "missing", Default: consent.OptIn})
	require.NoError(t, err)
	require.Equal(t, 200, post(h, json, []byte(`{"email":"ada@example.com","phone":"0202 5550123","news":true}`), "", "").Code)
	require.Equal(t, consent.Granted, statusOf(t, ws, adasMail, "missing"), "refused before, and not recorded when it can be")
}

// noConsents is a store whose consents cannot be recorded.
type noConsents struct {
	store.Store
	on bool
}

func (f *noConsents) Apply(ctx context.Context, ws driver.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	for _, c := range changes {
		if _, ok := c.(driver.RecordConsent); ok && f.on {
			return nil, errors.New("the store failed")
		}
	}
	return f.Store.Apply(ctx, ws, changes)
}

// A form whose person was captured and whose consent was not is delivered again: the consent is
// recorded, although the person is a duplicate.
func TestFormConsentAfterFailure(t *testing.T) {
	t.Parallel()
	st := &noConsents{Store: memory.New(), on: true}
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	ws := opened(t, st, "acme")
	var said heard
	h := webhook.New(ws, intake.Form{Consents: []intake.FormConsent{{Field: "news", Channel: consent.Email}}}, &webhook.Options{Log: said.log})
	body := []byte(`{"email":"ada@example.com","news":true}`)
	require.Equal(t, 503, post(h, json, body, "", "").Code)
	require.Len(t, dumped(t, ws).Visitors, 1)
	st.on = false
	require.Equal(t, 200, post(h, json, body, "", "").Code)
	require.Equal(t, []webhook.Outcome{webhook.Created, webhook.Failed, webhook.Duplicate, webhook.ConsentSignal}, said.outcomes())
	require.Equal(t, consent.Granted, statusOf(t, ws, adasMail, ""))
	require.Len(t, dumped(t, ws).Visitors, 1)
}

// Mailchimp reports people who are no visitors, too.
func TestMailchimpUnsubscribes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	st := memory.New()
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	ws := clocked(t, st, &now)
	var said heard
	h := webhook.New(ws, intake.Mailchimp{}, &webhook.Options{Log: said.log})
	for _, rule := range []string{"unsubscribe", "cleaned", "unsubscribe"} {
		for _, d := range intaketest.Deliveries() {
			if d.Folder == "form-mailchimp" && d.Rule == rule {
				require.Equal(t, 200, post(h, d.ContentType, d.Body, "", "").Code)
			}
		}
	}
	require.Equal(t, []webhook.Outcome{webhook.ConsentSignal, webhook.ConsentSignal, webhook.ConsentSignal}, said.outcomes())
	require.Equal(t, []string{"denied", "hard_bounce", "denied"}, []string{said.entries[0].Reason, said.entries[1].Reason, said.entries[2].Reason})
	require.Equal(t, consent.Denied, statusOf(t, ws, adasMail, ""))
	require.Empty(t, dumped(t, ws).Visitors)
	require.Len(t, dumped(t, ws).Events, 4, "two topics, a denial and a bounce; the second delivery is none")
}

// What channels reported about each address is the same in any order, and however often each delivery
// arrives: every example of every channel is delivered.
func TestSignalsInAnyOrder(t *testing.T) {
	t.Parallel()
	t.Log("seed", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	all := examples(t, "")
	want := recordedOf(t, all...)
	kinds := map[consent.Channel]bool{}
	for _, r := range want {
		kinds[r.Channel] = true
	}
	for _, channel := range consent.Channels() {
		require.Equal(t, channel != consent.Chat, kinds[channel], "signals of %s", channel)
	}
	for range 3 {
		mixed := slices.Concat(all, all)
		random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		got := recordedOf(t, mixed...)
		require.Len(t, got, len(want))
		for i := range want {
			require.Equal(t, want[i], got[i])
		}
	}
}

// Among many messages, one that arrives after a block hides the order of the others, so each
// example of Telegram is delivered alone, before and after each block, and with a time before and
// after it.
func TestBlocksInAnyOrder(t *testing.T) {
	t.Parallel()
	all := examples(t, "telegram")
	ended := map[bool]int{}
	for _, block := range all {
		if !slices.ContainsFunc(block, func(e intake.Event) bool { return e.Health != nil && e.Health.State == consent.Blocked }) {
			continue
		}
		for _, other := range all {
			for _, by := range []time.Duration{-time.Minute, time.Minute} {
				moved := shifted(other, by)
				want := recordedOf(t, block, moved)
				require.Equal(t, want, recordedOf(t, moved, block), other[0].Contact.EventID)
				require.Equal(t, want, recordedOf(t, moved, block, moved, block), other[0].Contact.EventID)
				for _, r := range want {
					if r.Reports > 0 {
						ended[r.Health[0].Report.State != consent.Blocked]++
					}
				}
			}
		}
	}
	require.Greater(t, ended[true], 10, "blocks that end")
	require.Greater(t, ended[false], 10, "blocks that stand")
}

// examples returns the events of the examples whose folder has the prefix. Each gets ids of its own:
// the files share them, which channels do not.
func examples(t *testing.T, prefix string) (all [][]intake.Event) {
	t.Helper()
	for _, d := range intaketest.Deliveries() {
		batch, err := d.Channel.Parse(d.Header, d.Body)
		if err != nil || len(batch.Events) == 0 || !strings.HasPrefix(d.Folder, prefix) {
			continue
		}
		for i := range batch.Events {
			if e := &batch.Events[i]; e.Contact.EventID != "" {
				e.Contact.EventID = d.Folder + "/" + d.Rule + "/" + e.Contact.EventID
			}
		}
		all = append(all, batch.Events)
	}
	require.Greater(t, len(all), 50)
	return all
}

// shifted returns the events with other times, where they have one.
func shifted(delivery []intake.Event, by time.Duration) []intake.Event {
	move := func(at *time.Time) {
		if !at.IsZero() {
			*at = at.Add(by)
		}
	}
	delivery = slices.Clone(delivery)
	for i := range delivery {
		e := &delivery[i]
		move(&e.Contact.OccurredAt)
		if e.Consent != nil {
			entry := *e.Consent
			e.Consent = &entry
			move(&entry.At)
		}
		if e.Health != nil {
			report := *e.Health
			e.Health = &report
			move(&report.At)
		}
	}
	return delivery
}

// recorded is what is known about an address after all deliveries.
type recorded struct {
	Channel          consent.Channel
	Stands           []consent.Status
	Health           []consent.Health
	Entries, Reports int
}

// recordedOf returns what is known about each address after the deliveries, in a stable order.
func recordedOf(t *testing.T, deliveries ...[]intake.Event) (all []recorded) {
	t.Helper()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	st := memory.New()
	defer func() { require.NoError(t, st.Close()) }()
	ws := clocked(t, st, &now)
	for _, d := range deliveries {
		require.Equal(t, 200, post(webhook.New(ws, events(d), nil), json, nil, "", "").Code)
	}
	found, err := st.Records(t.Context(), ws.ID(), driver.RecordQuery{Kind: driver.AddressRecords, Limit: 1_000})
	require.NoError(t, err)
	require.NotEmpty(t, found)
	for _, one := range found {
		var r driver.AddressRecord
		require.NoError(t, encoding.Unmarshal(one.Value, &r))
		all = append(all, recorded{r.Channel, consent.Fold(r.Entries), consent.FoldHealth(r.Reports), len(r.Entries), len(r.Reports)})
	}
	slices.SortFunc(all, func(a, b recorded) int { return strings.Compare(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b)) })
	return all
}
