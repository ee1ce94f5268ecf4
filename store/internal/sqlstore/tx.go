package sqlstore

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var _ driver.Tx = (*tx)(nil)

// tx implements driver.Tx in the session's transaction.
type tx struct {
	scope
	*pending
	ctx     context.Context
	earlier textChanges          // of calls that share the transaction
	rowkeys map[visitor.ID]int64 // of profiles that were read or created; only if the engine keeps a search index
}

// Apply makes changes; see driver.Store. Concurrent calls share a transaction.
func (e *Engine) Apply(ctx context.Context, ws driver.WorkspaceID, changes []driver.Change) (outcomes []driver.Outcome, err error) {
	if len(changes) == 0 {
		return nil, e.call(ctx, e.writers, func(*session) error { return nil })
	}
	j := &job{ctx: ctx, ws: ws, changes: changes, done: make(chan struct{})}
	e.share(j)
	return j.outcomes, j.err
}

// apply makes the changes in the session's transaction and returns the writes pending until
// its end. It checks the context between batches of changes; statements are not canceled,
// since that may cost the connection.
func apply(ctx context.Context, s scope, changes []driver.Change, earlier textChanges) ([]driver.Outcome, *pending, error) {
	s, err := s.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	t := &tx{scope: s, pending: newPending(), ctx: context.WithoutCancel(ctx), earlier: earlier, rowkeys: map[visitor.ID]int64{}}
	outcomes, err := driver.Apply(ctx, t, changes)
	return outcomes, t.pending, err
}

// ruleCaches has the bound rules of workspaces with watched groups.
type ruleCaches struct {
	mu sync.Mutex
	of map[string]*driver.RuleCache
}

// RuleCache returns where the bound rules of the workspace are kept.
func (t *tx) RuleCache() *driver.RuleCache {
	if t.recorded&recordedKind(driver.WatchRecords) == 0 {
		return nil
	}
	t.rules.mu.Lock()
	defer t.rules.mu.Unlock()
	c := t.rules.of[t.name]
	if c == nil {
		if len(t.rules.of) >= maxSlots {
			clear(t.rules.of)
		}
		c = &driver.RuleCache{}
		t.rules.of[t.name] = c
	}
	return c
}

// Visitors reads visitors, and notes their keys in the search index.
func (t *tx) Visitors(ids []visitor.ID, parts driver.Parts) ([]visitor.Visitor, error) {
	found, err := t.visitors(t.ctx, textsOf(ids), parts)
	visitors := make([]visitor.Visitor, len(found))
	for i, r := range found {
		visitors[i] = r.Visitor
		if r.rowkey != 0 {
			t.rowkeys[r.ID] = r.rowkey
		}
	}
	return visitors, err
}

const (
	selectOwners = "SELECT i.source, i.account, i.external_id, i.visitor_id FROM " + identityTable + " i WHERE i.ws = ? AND" +
		" (i.source, i.account, i.external_id) IN (SELECT u.source, u.account, u.external_id" +
		" FROM unnest(?::text[], ?::text[], ?::text[]) AS u (source, account, external_id))"
	selectOwnersListed = "SELECT i.source, i.account, i.external_id, v.id FROM json_each(?2) j" +
		" CROSS JOIN " + identityTable + " i INDEXED BY visitors_by_identity_account" +
		" CROSS JOIN " + visitorTable + " v WHERE i.ws = ?1 AND v.ws = ?1 AND v.rowkey = i.visitor AND" +
		" i.source = json_extract(j.value, '$[0]') AND i.account = json_extract(j.value, '$[1]') AND i.external_id = json_extract(j.value, '$[2]')"
)

// Owners looks identities up.
func (t *tx) Owners(identities []visitor.Identity) ([]visitor.ID, error) {
	keys := lo.Map(identities, func(i visitor.Identity, _ int) [3]string { return [3]string{string(i.Source), i.Account, i.ExternalID} })
	owners := map[[3]string]visitor.ID{}
	each := func(r row) error {
		var key [3]string
		var owner visitor.ID
		err := r.Scan(&key[0], &key[1], &key[2], into(&owner))
		owners[key] = owner
		return err
	}
	part := func(n int) []string { return lo.Map(keys, func(key [3]string, _ int) string { return key[n] }) }
	var err error
	if t.oneByOne() {
		var list []byte
		if list, err = json.Marshal(keys); err == nil {
			err = t.queryText(t.ctx, selectOwnersListed, each, string(list))
		}
	} else {
		err = t.queryText(t.ctx, selectOwners, each, part(0), part(1), part(2))
	}
	return lo.Map(keys, func(key [3]string, _ int) visitor.ID { return owners[key] }), err
}

// AppendEvents adds events to those pending until the end of the transaction.
func (t *tx) AppendEvents(events []driver.Event) error {
	t.events = append(t.events, events...)
	return nil
}

// dedupKeyText formats a key as an id, which has as many bytes.
func dedupKeyText(key driver.DedupKey) string { return uuid.UUID(key).String() }

// Processed looks keys of events up.
func (t *tx) Processed(keys []driver.DedupKey) (map[driver.DedupKey]bool, error) {
	processed := map[driver.DedupKey]bool{}
	texts := lo.Map(keys, func(key driver.DedupKey, _ int) string { return dedupKeyText(key) })
	q := t.from(capturedTable, "c", "c.key").Where(t.d.InIDs("c.key", texts))
	err := t.queryByKey(t.ctx, q, func(r row) error {
		var text string
		if err := r.Scan(into(&text)); err != nil {
			return err
		}
		key, err := uuid.Parse(text)
		processed[driver.DedupKey(key)] = true
		return err
	})
	return processed, err
}

// deleteCaptured is run for one event of 256.
const deleteCaptured = "DELETE FROM " + capturedTable + " WHERE ws = ? AND key IN" +
	" (SELECT c.key FROM " + capturedTable + " c WHERE c.ws = ? AND c.at < ? ORDER BY c.at LIMIT 1000)"

// PutProcessed records keys of events and sometimes deletes some that are too old.
func (t *tx) PutProcessed(keys []driver.DedupKey, at time.Time) error {
	micros := driver.Micros(at)
	err := t.insertRows(t.ctx, capturedTable,
		idCol(t.scope, "key", keys, dedupKeyText),
		col("at", "bigint", keys, func(driver.DedupKey) int64 { return micros }))
	if err != nil || !lo.SomeBy(keys, func(key driver.DedupKey) bool { return key[0] == 0 }) {
		return err
	}
	_, err = t.exec(t.ctx, deleteCaptured, t.ws, micros-driver.DedupWindow.Microseconds())
	return err
}

func textsOf[T ~string](ids []T) []string {
	return lo.Map(ids, func(id T, _ int) string { return string(id) })
}
