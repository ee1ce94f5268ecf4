package storetest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Keys checks the suppression keys of a back end that has them as an option. database is called for
// each promise; it returns a function that opens the store on a new database, and again on the same
// one after the store was closed, each time with these keys, newest first.
func Keys(t *testing.T, database func(testing.TB) (open func(keys ...[]byte) driver.Store)) {
	t.Helper()
	for _, p := range keyPromises {
		t.Run(p.name, func(t *testing.T) {
			d := &keyDatabase{open: database(t)}
			first := d.open(p.first...)
			s := newSuite(first, quick)
			s.check(t, promise{name: p.name, why: p.why, check: func(f *fixture) {
				d.fixture = f
				p.check(d)
				f.checkNeighbour()
				f.ok(f.st.Close())
				f.closed = true
			}})
		})
	}
}

// keyDatabase is a database that is opened with one set of keys after the other.
type keyDatabase struct {
	*fixture
	open func(keys ...[]byte) driver.Store
}

// reopen opens the store again with other keys.
func (d *keyDatabase) reopen(keys ...[]byte) *store.Workspace {
	d.Helper()
	d.ok(d.st.Close())
	d.st = d.open(keys...)
	return d.workspace()
}

func (d *keyDatabase) workspace() *store.Workspace { return d.fixture.open(nil) }

func (d *keyDatabase) missing(want bool) {
	d.Helper()
	keys, err := d.st.Keys(d.Context(), d.ws)
	d.same("a key is missing", []any{keys.Missing, err}, []any{want, error(nil)})
}

// state is what was said last about an address on the whole channel.
func (d *keyDatabase) state(ws *store.Workspace, s consent.Subject) consent.State {
	d.Helper()
	statuses, err := ws.StatusOf(d.Context(), s)
	d.ok(err)
	if len(statuses) != 1 {
		d.Errorf("%d statuses, want 1", len(statuses))
		return ""
	}
	return statuses[0].Entry.State
}

var firstKey, secondKey = bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)

var keyPromises = []struct {
	name, why string
	first     [][]byte
	check     func(*keyDatabase)
}{
	{"what was recorded under an old key is found under a new one", "Keys must be changed when somebody who knew them leaves.", [][]byte{firstKey}, checkRotation},
	{"without a key that was used, nobody may be contacted", "What cannot be found was perhaps a denial.", [][]byte{firstKey}, checkMissingKey},
	{"the key of the database stays in use when others are configured", "A host that sets its first key has opt-outs already.", nil, checkOwnKey},
}

func checkRotation(d *keyDatabase) {
	ctx, ws := d.Context(), d.workspace()
	ada, bob := byMail(visitor.Visitor{Email: "ada@example.com"}), d.withMail("Bob", "bob@example.com")
	d.given(d.record(d.said(ada, "", consent.Denied)), create(bob))
	receipt := d.erase(bob.ID)
	token, err := ws.UnsubscribeToken(ctx, ada, "")
	d.ok(err)

	ws = d.reopen(secondKey, firstKey)
	d.missing(false)
	d.same("state", d.state(ws, ada), consent.Denied)
	v := d.withMail("Ada", "ADA@example.com")
	d.must(create(v))
	d.same("state of a new visitor", d.get(v.ID).Consents[0].Entry.State, consent.Denied)
	d.refused(driver.ErrSuppressed, "address", "", 0, create(d.withMail("Bob", "BOB@example.com")))
	link, err := ws.ReadToken(ctx, token)
	d.same("link", []any{link.Subject, err}, []any{ada, error(nil)})
	done, err := ws.Reapply(ctx, receipt)
	d.same("reapplied", []any{done, err}, []any{0, error(nil)})

	// What is recorded now is under the new key, together with what was said before.
	d.must(d.record(d.said(ada, "", consent.Granted)))
	keys, err := d.st.Keys(ctx, d.ws)
	d.ok(err)
	d.same("keys", len(keys.Live), 2)
	found := d.records(d.ws, driver.RecordQuery{Kind: driver.AddressRecords, Keys: []string{ada.Hash(keys.Live[0]).String(), ada.Hash(keys.Live[1]).String()}})
	if len(found) != 1 || found[0].Key != ada.Hash(keys.Live[0]).String() {
		d.Errorf("%d records of one address, want one under the new key", len(found))
	}
	entries, _, err := ws.ConsentHistory(ctx, v.ID)
	d.same("entries", []any{len(entries), err}, []any{2, error(nil)})
	d.same("state", d.state(ws, ada), consent.Granted)
}

func checkMissingKey(d *keyDatabase) {
	ctx := d.Context()
	v := d.withMail("Ada", "ada@example.com")
	d.given(create(v), d.record(d.said(byMail(v), "", consent.Granted)))
	request := consent.Request{Channel: consent.Email}
	reason := func(ws *store.Workspace, want consent.Reason) {
		d.Helper()
		decision, err := ws.CanContact(ctx, v.ID, request)
		d.same("reason", []any{decision.Reason, err}, []any{want, error(nil)})
	}
	can, err := filter.Parse("can:email")
	d.ok(err)
	count := func(ws *store.Workspace, want int64) {
		d.Helper()
		n, err := ws.Count(ctx, can)
		d.same("count of can:email", []any{n, err}, []any{want, error(nil)})
	}
	ws := d.workspace()
	reason(ws, consent.ReasonGranted)
	count(ws, 1)

	ws = d.reopen(secondKey)
	d.missing(true)
	reason(ws, consent.ReasonKeyMissing)
	count(ws, 0)
	a, err := ws.CreateAudience(ctx, "", filter.All(), request)
	d.ok(err)
	d.same("audience", []any{a.Count, a.Reasons}, []any{int64(0), map[consent.Reason]int64{consent.ReasonKeyMissing: 1}})
	other := consent.Subject{Channel: consent.Email, Address: "bob@example.com"}
	d.must(d.record(d.said(other, "", consent.Denied)))
	d.same("what is recorded without the key", d.state(ws, other), consent.Denied)

	ws = d.reopen(secondKey, firstKey)
	d.missing(false)
	reason(ws, consent.ReasonGranted)
	count(ws, 1)
	d.same("what was recorded without the key", d.state(ws, other), consent.Denied)

	ws = d.reopen()
	d.missing(true)
	reason(ws, consent.ReasonKeyMissing)
}

func checkOwnKey(d *keyDatabase) {
	ada := consent.Subject{Channel: consent.Email, Address: "ada@example.com"}
	d.given(d.record(d.said(ada, "", consent.Denied)))
	before, err := d.st.Keys(d.Context(), d.ws)
	d.ok(err)
	ws := d.reopen()
	again, err := d.st.Keys(d.Context(), d.ws)
	d.ok(err)
	d.same("the key of the database", again, before)
	d.same("state", d.state(ws, ada), consent.Denied)

	ws = d.reopen(firstKey)
	d.missing(false)
	d.same("state with another key", d.state(ws, ada), consent.Denied)
	d.must(d.record(d.said(ada, "", consent.Granted)))
	ws = d.reopen(firstKey)
	d.same("state after another entry", d.state(ws, ada), consent.Granted)
	if _, err := d.st.Apply(d.Context(), d.ws, []driver.Change{driver.ReapplyErasure{Audit: d.audit()}}); !errors.Is(err, driver.ErrInvalid) {
		d.Errorf("a receipt without a signature: error %v, want ErrInvalid", err)
	}
}
