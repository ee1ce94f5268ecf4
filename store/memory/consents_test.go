package memory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Addresses, each with its spellings.
var (
	spelledMails  = [][]string{{"ada@example.com", "Ada@EXAMPLE.com"}, {"bob@bücher.example", "BOB@xn--bcher-kva.example"}, {"eve@example.com"}}
	spelledPhones = [][]string{
		{"+5511987654321", "+551187654321"}, {"+525512345678", "+5215512345678"}, {"+541123456789", "+5491123456789"}, {"+12025550123"},
	}
)

// history is what was said about an address: all of it, without a limit.
type history struct {
	entries []consent.Entry
	reports []consent.HealthReport
	erased  time.Time
}

// merge is a merge that can be undone: what it led to, and the addresses of all its visitors.
type merge struct {
	into      visitor.ID
	addresses []consent.Subject
}

// consentModel is what was said, in the order in which it was recorded.
type consentModel struct {
	testing.TB
	rand   *rand.Rand
	said   map[consent.Subject]history // by address, without a sender
	ids    []visitor.ID                // of visitors, also of those that are gone
	merges map[visitor.ID]merge
	gaveUp map[visitor.ID][]consent.Subject
	clock  time.Time
}

func (m *consentModel) audit() driver.Audit { return driver.Audit{At: m.clock, Actor: "ann"} }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func bare(s consent.Subject) consent.Subject {
	s.Sender = ""
	return s
}

// summary is what a visitor has of what was said.
func (h history) summary() (statuses []consent.Status, health []consent.Health) {
	cut := func(e *consent.Entry) {
		e.Actor, e.Cause, e.Evidence = "", "", consent.Evidence{Kind: e.Evidence.Kind}
	}
	statuses, health = consent.Fold(h.entries), consent.FoldHealth(h.reports)
	for n := range statuses {
		cut(&statuses[n].Entry)
		cut(&statuses[n].Lapse)
	}
	for n := range health {
		health[n].Report.Actor, health[n].Report.Cause = "", ""
	}
	return statuses, health
}

// plus returns h with more that was said.
func (h history) plus(entries []consent.Entry, reports []consent.HealthReport) history {
	h.entries, h.reports = slices.Concat(h.entries, entries), slices.Concat(h.reports, reports)
	if slices.ContainsFunc(h.entries, func(e consent.Entry) bool {
		lifts := e.State == consent.Granted || e.State == consent.Lifted
		return lifts && e.Origin == consent.Person && e.Topic == "" && e.Evidence.Kind.FromAddress() && e.At.After(h.erased)
	}) {
		h.erased = time.Time{}
	}
	return h
}

// addresses returns the addresses of a visitor, each once.
func addresses(v visitor.Visitor) (all []consent.Subject) {
	for _, r := range v.Routes() {
		if s := bare(r.Subject); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

func held(a consent.Subject, by map[visitor.ID]visitor.Visitor) bool {
	for _, v := range by {
		if slices.Contains(addresses(v), a) {
			return true
		}
	}
	return false
}

// check compares what a visitor has with the model.
func (m *consentModel) check(v visitor.Visitor) {
	var statuses []consent.Status
	var health []consent.Health
	for _, s := range addresses(v) {
		some, more := m.said[s].summary()
		statuses, health = append(statuses, some...), append(health, more...)
	}
	require.Equal(m, statuses, v.Consents)
	require.Equal(m, health, v.Health)
}

// former returns the addresses of a visitor, now and in its merges, and those that were given up. It
// forgets the merges and the latter.
func (m *consentModel) former(v visitor.Visitor) (all, gaveUp []consent.Subject) {
	all, gaveUp = addresses(v), m.gaveUp[v.ID]
	delete(m.gaveUp, v.ID)
	for into := []visitor.ID{v.ID}; len(into) > 0; into = into[1:] {
		for from, merged := range m.merges {
			if merged.into == into[0] {
				all, into = append(all, merged.addresses...), append(into, from)
				gaveUp = append(gaveUp, m.gaveUp[from]...)
				delete(m.merges, from)
				delete(m.gaveUp, from)
			}
		}
	}
	return all, gaveUp
}

// note updates the model after a change.
func (m *consentModel) note(c driver.Change, out driver.Outcome, before, after map[visitor.ID]visitor.Visitor) {
	var gone []visitor.Visitor
	for id, v := range before {
		if _, ok := after[id]; !ok {
			gone = append(gone, v)
		}
	}
	_, undone := c.(driver.UnmergeVisitor)
	for id, v := range after {
		for _, a := range addresses(before[id]) {
			if of := m.said[a]; !undone && !slices.Contains(addresses(v), a) && len(of.entries)+len(of.reports) > 0 {
				m.gaveUp[id] = append(m.gaveUp[id], a)
			}
		}
	}
	switch c := c.(type) {
	case driver.RecordConsent:
		of := bare(c.Entry.Subject)
		m.said[of] = m.said[of].plus([]consent.Entry{c.Entry}, nil)
	case driver.ReportHealth:
		of := bare(c.Report.Subject)
		m.said[of] = m.said[of].plus(nil, []consent.HealthReport{c.Report})
	case driver.MergeVisitors:
		for _, v := range gone {
			all := slices.Concat(addresses(v), addresses(before[out.Visitor.ID]), addresses(*out.Visitor))
			m.merges[v.ID] = merge{out.Visitor.ID, all}
		}
	case driver.UnmergeVisitor:
		delete(m.merges, c.From)
	case driver.DeleteVisitor:
		for _, v := range gone {
			all, gaveUp := m.former(v)
			for _, a := range append(all, gaveUp...) {
				if of := m.said[a]; !held(a, after) {
					m.said[a] = history{consent.Retain(of.entries), consent.RetainReports(of.reports), of.erased}
				}
			}
		}
	case driver.EraseVisitor:
		for _, v := range gone {
			all, gaveUp := m.former(v)
			for _, a := range gaveUp {
				if !held(a, after) {
					all = append(all, a)
				}
			}
			slices.SortFunc(all, consent.Subject.Compare)
			for _, a := range slices.Compact(all) {
				m.said[a] = m.said[a].afterErasure(a, c.At)
			}
		}
	case driver.CreateVisitor:
		m.ids = append(m.ids, c.Visitor.ID)
	case driver.CaptureContact:
		m.ids = append(m.ids, out.Visitor.ID)
	}
}

// afterErasure is what stays about an address.
func (h history) afterErasure(a consent.Subject, at time.Time) history {
	kept := consent.RetainReports(h.reports)
	for n := range kept {
		kept[n].At = kept[n].At.Truncate(24 * time.Hour)
	}
	return history{[]consent.Entry{{
		Subject: a, State: consent.Denied, Origin: consent.Person, At: at, Evidence: consent.Evidence{Kind: consent.ByErasure},
	}}, kept, at}
}

// suppressed reports whether a change gives a visitor an address of a person who was erased.
func (m *consentModel) suppressed(c driver.Change, now map[visitor.ID]visitor.Visitor) bool {
	var before, after visitor.Visitor
	of := func(id visitor.ID) visitor.Visitor {
		for now[id].ID == "" && m.merges[id].into != "" {
			id = m.merges[id].into
		}
		return now[id]
	}
	switch c := c.(type) {
	case driver.CreateVisitor:
		after = c.Visitor
	case driver.UpdateVisitor:
		before = of(c.ID)
		after, _ = c.Patch.Apply(before, m.clock)
	case driver.LinkIdentity:
		before = of(c.ID)
		after = before.Clone()
		after.Identities = append(after.Identities, c.Identity)
	}
	had := addresses(before)
	return slices.ContainsFunc(addresses(after), func(a consent.Subject) bool {
		return !m.said[a].erased.IsZero() && !slices.Contains(had, a)
	})
}

func (m *consentModel) all(st *Store) map[visitor.ID]visitor.Visitor {
	where, err := filter.Bind(filter.All(), nil)
	require.NoError(m, err)
	found, err := st.FindVisitors(context.Background(), acme, driver.Select{Where: where, Order: driver.OldestFirst, Limit: 1000})
	require.NoError(m, err)
	all := map[visitor.ID]visitor.Visitor{}
	for _, v := range found {
		all[v.ID] = v
	}
	return all
}

// TestConsentsAgreeWithModel makes changes at random and checks that each visitor has what was said
// about its addresses, whatever led to its having them. A second store gets the same changes in
// batches, and has the same visitors.
func TestConsentsAgreeWithModel(t *testing.T) {
	t.Parallel()
	m := &consentModel{
		TB: t, rand: rand.New(rand.NewPCG(seed(t), 2)), said: map[consent.Subject]history{}, merges: map[visitor.ID]merge{}, gaveUp: map[visitor.ID][]consent.Subject{},
		clock: time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC),
	}
	apply := func(st *Store, changes ...driver.Change) ([]driver.Outcome, error) {
		return st.Apply(context.Background(), acme, changes)
	}
	st, batched := New(), New()
	for _, st := range []*Store{st, batched} {
		_, err := apply(st, driver.PutTopic{Audit: m.audit(), Topic: consent.Topic{Key: "news", Label: "News", Default: consent.OptIn}})
		require.NoError(t, err)
	}
	var batch []driver.Change
	made := map[string]int{}
	now := m.all(st)
	for range 1500 {
		m.clock = m.clock.Add(time.Minute)
		c := m.change(now)
		what := fmt.Sprintf("%T", c)
		if m.rand.IntN(10) == 0 {
			_, err := apply(st, c, driver.UpdateVisitor{Audit: m.audit(), ID: visitor.NewID(m.clock)})
			require.Error(t, err)
			require.Equal(t, now, m.all(st), "%s was rolled back", what)
		}
		suppressed := m.suppressed(c, now)
		out, err := apply(st, c)
		if err != nil {
			if errors.Is(err, driver.ErrSuppressed) {
				require.True(t, suppressed, "%s: %v", what, err)
				made["suppressed"]++
			} else {
				expected := errors.Is(err, driver.ErrNotFound) || errors.Is(err, driver.ErrConflict) || errors.Is(err, driver.ErrExists)
				require.True(t, expected, "%s: %v", what, err)
			}
			require.Equal(t, now, m.all(st), "%s was rolled back", what)
			continue
		}
		require.False(t, suppressed, what)
		made[fmt.Sprint(what, " ", out[0].Effect)]++
		after := m.all(st)
		m.note(c, out[0], now, after)
		for _, v := range after {
			m.check(v)
		}
		if v := out[0].Visitor; v != nil {
			require.Equal(t, after[v.ID].Consents, v.Consents)
		}
		now = after
		if batch = append(batch, c); m.rand.IntN(8) == 0 {
			_, err := apply(batched, batch...)
			require.NoError(t, err)
			require.Equal(t, now, m.all(batched), "in a batch of %d", len(batch))
			batch = nil
		}
	}
	for _, what := range []string{"suppressed", "driver.EraseVisitor deleted", "driver.UnmergeVisitor updated", "driver.DeleteVisitor deleted"} {
		require.NotZero(t, made[what], "%s: %v", what, made)
	}
}
