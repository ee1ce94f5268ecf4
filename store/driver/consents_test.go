package driver_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// mailbox returns a visitor with an e-mail address of its own.
func mailbox(n int) visitor.Visitor {
	v := person(n)
	v.Email = fmt.Sprintf("ada%d@example.com", n)
	return v
}

func addressOf(v visitor.Visitor) consent.Subject {
	return consent.Subject{Channel: consent.Email, Address: v.Email}
}

// said returns the change that records an entry about the whole channel, said some hours after epoch.
func said(s consent.Subject, state consent.State, hours int) driver.RecordConsent {
	return driver.RecordConsent{Audit: audit, Entry: consent.Entry{
		Subject: s, State: state, Origin: consent.Person, At: epoch.Add(time.Duration(hours) * time.Hour),
		Evidence: consent.Evidence{Kind: consent.ByForm, Ref: "form 7"},
	}}
}

func create(v visitor.Visitor) driver.Change { return driver.CreateVisitor{Audit: audit, Visitor: v} }

func (f *fakeTx) states(id visitor.ID) (states []consent.State) {
	for _, s := range f.visitors[id].Consents {
		states = append(states, s.Entry.State)
	}
	return states
}

// addressRecords returns what is recorded about addresses, by hash.
func (f *fakeTx) addressRecords(t testing.TB) map[string]driver.AddressRecord {
	t.Helper()
	all := map[string]driver.AddressRecord{}
	for key, value := range f.records[driver.AddressRecords] {
		var r driver.AddressRecord
		require.NoError(t, json.Unmarshal(value, &r))
		all[key] = r
	}
	return all
}

// TestBatchesOfConsents tests that the number of calls does not grow with the number of changes.
func TestBatchesOfConsents(t *testing.T) {
	t.Parallel()
	const many = 200
	for name, of := range map[string]func(n int, v visitor.Visitor) driver.Change{
		"consents": func(n int, v visitor.Visitor) driver.Change { return said(addressOf(v), consent.Denied, n) },
		"health": func(_ int, v visitor.Visitor) driver.Change {
			return driver.ReportHealth{Audit: audit, Report: consent.HealthReport{
				Subject: addressOf(v), State: consent.Invalid, Origin: consent.Platform, At: epoch,
			}}
		},
		"visitors that are created": func(n int, _ visitor.Visitor) driver.Change { return create(mailbox(many + n)) },
		"visitors that are updated": func(_ int, v visitor.Visitor) driver.Change {
			name := "Ada L."
			return driver.UpdateVisitor{Audit: audit, ID: v.ID, Patch: visitor.Patch{Name: &name}}
		},
		"visitors that are deleted": func(_ int, v visitor.Visitor) driver.Change {
			return driver.DeleteVisitor{Audit: audit, ID: v.ID}
		},
		"captures of new people": func(n int, _ visitor.Visitor) driver.Change {
			return driver.CaptureContact{Audit: audit, ID: visitor.NewID(epoch), Contact: visitor.Contact{
				Source: visitor.WhatsApp, ExternalID: fmt.Sprint(1202555000+n, 0), Email: fmt.Sprintf("new%d@example.com", n),
			}}
		},
		"captures that add an address": func(n int, v visitor.Visitor) driver.Change {
			return driver.CaptureContact{Audit: audit, ID: visitor.NewID(epoch), Contact: visitor.Contact{
				Source: visitor.Telegram, ExternalID: v.Identities[0].ExternalID, Phone: fmt.Sprintf("+1202555%04d", n),
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := func(changes int) map[string]int {
				tx := newFakeTx()
				var setup, batch []driver.Change
				for n := range changes {
					v := mailbox(n)
					setup = append(setup, create(v), said(addressOf(v), consent.Granted, 0))
					batch = append(batch, of(n, v))
				}
				tx.apply(t, setup...)
				tx.calls = nil
				tx.apply(t, batch...)
				counts := map[string]int{}
				for _, c := range tx.calls {
					counts[c]++
				}
				return counts
			}
			require.Equal(t, calls(2), calls(many))
		})
	}
}

// TestKeyRotation tests that what was recorded under an old key is found, and is moved to the newest
// key when more is recorded.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	first, second := []byte("the first of the keys, 32 bytes!"), []byte("the second key, also of 32 bytes")
	tx, v := newFakeTx(), mailbox(0)
	tx.keys.Live = [][]byte{first}
	tx.apply(t, create(v), said(addressOf(v), consent.Denied, 1))
	require.Equal(t, []string{addressOf(v).Hash(first).String()}, slices.Collect(maps.Keys(tx.addressRecords(t))))

	tx.keys.Live = [][]byte{second, first}
	again := mailbox(1)
	again.Email = v.Email
	tx.apply(t, create(again))
	require.Equal(t, []consent.State{consent.Denied}, tx.states(again.ID))
	tx.apply(t, said(addressOf(v), consent.Granted, 2))
	require.Equal(t, []consent.State{consent.Granted}, tx.states(v.ID))
	records := tx.addressRecords(t)
	require.Len(t, records, 1)
	moved := records[addressOf(v).Hash(second).String()]
	require.Len(t, moved.Entries, 2)
	require.Equal(t, consent.KeyID(second), moved.Key)

	tx.keys.Live = [][]byte{second}
	tx.apply(t, driver.DeleteVisitor{Audit: audit, ID: v.ID}, driver.DeleteVisitor{Audit: audit, ID: again.ID})
	require.Empty(t, tx.addressRecords(t), "nothing stands that must stay")
}

// TestErasureUnderAnOldKey tests that an erasure counts after its key was replaced, and is made
// again with a receipt that the old key signed.
func TestErasureUnderAnOldKey(t *testing.T) {
	t.Parallel()
	first, second := []byte("the first of the keys, 32 bytes!"), []byte("the second key, also of 32 bytes")
	v := mailbox(0)
	tx := newFakeTx()
	tx.keys.Live = [][]byte{first}
	receipt := *tx.apply(t, create(v), driver.EraseVisitor{Audit: audit, ID: v.ID})[1].Erasure

	restored := newFakeTx()
	restored.keys.Live = [][]byte{second, first}
	restored.apply(t, create(v), said(addressOf(v), consent.Granted, 0))
	again := driver.ReapplyErasure{Audit: audit, Erasure: receipt}
	require.Equal(t, driver.Updated, restored.apply(t, again)[0].Effect)
	require.Equal(t, driver.Unchanged, restored.apply(t, again)[0].Effect)
	_, err := driver.Apply(ctx, restored, []driver.Change{create(mailbox(0))})
	require.ErrorIs(t, err, driver.ErrSuppressed)
	restored.keys.Live = [][]byte{second}
	_, err = driver.Apply(ctx, restored, []driver.Change{again})
	var refused *text.FieldError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "signature", refused.Field)
}

// TestErasureAgainAfterAGrant tests that an erasure that is made again does not take back what the
// person said since.
func TestErasureAgainAfterAGrant(t *testing.T) {
	t.Parallel()
	first, second := []byte("the first of the keys, 32 bytes!"), []byte("the second key, also of 32 bytes")
	for name, live := range map[string][][]byte{"same key": {first}, "another key": {second, first}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tx, v := newFakeTx(), mailbox(0)
			tx.keys.Live = [][]byte{first}
			receipt := *tx.apply(t, create(v), driver.EraseVisitor{Audit: audit, ID: v.ID})[1].Erasure
			tx.keys.Live = live
			again := mailbox(1)
			again.Email = v.Email
			back := said(addressOf(v), consent.Granted, 2)
			back.Entry.Evidence.Kind = consent.ByKeyword
			tx.apply(t, back, create(again))
			require.Equal(t, []consent.State{consent.Granted}, tx.states(again.ID))
			tx.apply(t, driver.ReapplyErasure{Audit: audit, Erasure: receipt})
			third := mailbox(2)
			third.Email = v.Email
			tx.apply(t, create(third))
			require.Equal(t, []consent.State{consent.Granted}, tx.states(third.ID))
		})
	}
}

// TestErasureAgainReachesOthers tests that another visitor with the address has the denial, even if
// the erased one is not in the backup.
func TestErasureAgainReachesOthers(t *testing.T) {
	t.Parallel()
	v, other := mailbox(0), mailbox(1)
	other.Email = v.Email
	tx, restored := newFakeTx(), newFakeTx()
	receipt := *tx.apply(t, create(v), create(other), driver.EraseVisitor{Audit: audit, ID: v.ID})[2].Erasure
	require.Equal(t, []visitor.ID{other.ID}, receipt.Others)
	restored.apply(t, create(other), said(addressOf(v), consent.Granted, 0))
	restored.apply(t, driver.ReapplyErasure{Audit: audit, Erasure: receipt})
	require.Equal(t, []consent.State{consent.Denied}, restored.states(other.ID))
}

// TestLaterVersion tests that a record with a field that this version does not know is refused, and
// stays as it is.
func TestLaterVersion(t *testing.T) {
	t.Parallel()
	tx, v := newFakeTx(), mailbox(0)
	tx.apply(t, create(v), said(addressOf(v), consent.Denied, 1))
	for key := range tx.records[driver.AddressRecords] {
		tx.records[driver.AddressRecords][key] = []byte(`{"channel":"email","mood":"good"}`)
	}
	_, err := driver.Apply(ctx, tx, []driver.Change{said(addressOf(v), consent.Granted, 2)})
	require.ErrorContains(t, err, "mood")
	_, err = driver.TopicOf(driver.Record{Kind: driver.TopicRecords, Key: "news", Value: []byte(`{"key":"news","mood":"good"}`)})
	require.ErrorContains(t, err, "mood")
}

// TestBoundedHistory tests that an address about which very much is said keeps what counts.
func TestBoundedHistory(t *testing.T) {
	t.Parallel()
	tx, v := newFakeTx(), mailbox(0)
	changes := []driver.Change{create(v)}
	for n := range 250 {
		state := consent.Granted
		if n%2 == 0 {
			state = consent.Denied
		}
		changes = append(changes, said(addressOf(v), state, n))
		changes = append(changes, driver.ReportHealth{Audit: audit, Report: consent.HealthReport{
			Subject: addressOf(v), State: consent.SoftBounce, Origin: consent.Platform, At: epoch.Add(time.Duration(n) * time.Hour),
		}})
	}
	tx.apply(t, changes...)
	for _, r := range tx.addressRecords(t) {
		require.Len(t, r.Entries, 200)
		require.Len(t, r.Reports, 200)
	}
	require.Equal(t, []consent.State{consent.Granted}, tx.states(v.ID))
}
