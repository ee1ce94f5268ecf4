package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// fixture is an empty workspace to check a promise in, with a neighbour that gets the same
// contents and has more.
type fixture struct {
	reporter
	*suite
	maker
	ws        driver.WorkspaceID
	neighbour driver.WorkspaceID
	before    dump // of the neighbour, when it was last written to
}

func (s *suite) newFixture(t reporter) *fixture {
	t.Helper()
	name := strings.ToLower(rand.Text())
	f := &fixture{
		reporter: t, suite: s,
		maker:     maker{clock: time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)},
		ws:        driver.WorkspaceID("st-" + name),
		neighbour: driver.WorkspaceID("st-" + strings.ToUpper(name)),
	}
	if !s.closed {
		f.applyTo(f.neighbour, noise()...)
		f.before = f.dump(f.neighbour)
	}
	return f
}

// noise creates what the neighbour has besides the contents of the fixture's workspace.
func noise() []driver.Change {
	m := maker{clock: time.Date(2025, 12, 24, 18, 0, 0, 0, time.UTC), ids: 1 << 20}
	noise, loud, team := m.tag("noise"), m.tag("Loud Noise"), m.group("Noisy Neighbours", filter.Source.Is(visitor.Telegram))
	ada, bob := m.visitor("Ada Lovelace"), m.visitor("Bob")
	ada.Email, ada.Phone = "ada@example.com", "+5511987654321"
	ada.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "noise", Username: "ada"}}
	ada.Attributes = visitor.Attributes{"city": visitor.Text("São Paulo"), "score": visitor.Number(42)}
	bob.Source = visitor.Telegram
	return []driver.Change{
		driver.CreateTag{Tag: noise}, driver.CreateTag{Tag: loud}, driver.CreateGroup{Group: team},
		create(inGroups(ada, team.ID), noise, loud), create(bob, noise),
		driver.RemoveFromGroup{Group: team.ID, ID: bob.ID, Audit: m.audit()},
	}
}

// given makes changes in the neighbour and then in the workspace.
func (f *fixture) given(changes ...driver.Change) []driver.Outcome {
	f.Helper()
	f.inNeighbour(changes...)
	return f.must(changes...)
}

// inNeighbour makes changes only in the neighbour.
func (f *fixture) inNeighbour(changes ...driver.Change) {
	f.Helper()
	f.checkNeighbour()
	f.applyTo(f.neighbour, changes...)
	f.before = f.dump(f.neighbour)
}

// must makes changes only in the workspace.
func (f *fixture) must(changes ...driver.Change) []driver.Outcome {
	f.Helper()
	return f.applyTo(f.ws, changes...)
}

func (f *fixture) applyTo(ws driver.WorkspaceID, changes ...driver.Change) []driver.Outcome {
	f.Helper()
	outcomes, err := f.try(ws, changes)
	if err != nil {
		f.Fatalf("apply: %v", err)
	}
	return outcomes
}

// apply makes changes in the workspace that may fail.
func (f *fixture) apply(changes ...driver.Change) ([]driver.Outcome, error) {
	return f.try(f.ws, changes)
}

// try makes changes. It returns an error also if an outcome is missing or incomplete.
func (f *fixture) try(ws driver.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	outcomes, err := f.st.Apply(f.Context(), ws, changes)
	if err != nil {
		return outcomes, err
	}
	if len(outcomes) != len(changes) {
		return nil, fmt.Errorf("%d outcomes of %d changes", len(outcomes), len(changes))
	}
	for i, o := range outcomes {
		if !complete(changes[i], o) {
			return nil, fmt.Errorf("the outcome of change %d lacks what was changed", i)
		}
	}
	return outcomes, nil
}

func complete(c driver.Change, o driver.Outcome) bool {
	if o.Effect == driver.Missing || o.Reason == driver.AlreadyProcessed {
		return true
	}
	switch c.(type) {
	case driver.CreateVisitor, driver.UpdateVisitor, driver.CaptureContact, driver.MergeVisitors, driver.LinkIdentity, driver.UnlinkIdentity:
		return o.Visitor != nil
	case driver.UnmergeVisitor:
		return o.Visitor != nil && o.Other != nil
	case driver.EnsureTag, driver.CreateTag, driver.UpdateTag:
		return o.Tag != nil
	case driver.CreateGroup, driver.UpdateGroup:
		return o.Group != nil
	case driver.PutTopic:
		return o.Topic != nil
	case driver.RecordConsent:
		return o.Consent != nil
	case driver.ReportHealth:
		return o.Health != nil
	case driver.EraseVisitor:
		return o.Erasure != nil
	case driver.StepJob:
		return o.Job != nil
	}
	return true
}

// checkNeighbour reports what has changed in the neighbour since it was written to.
func (f *fixture) checkNeighbour() {
	f.Helper()
	if f.closed {
		return
	}
	if d := diff(f.dump(f.neighbour), f.before); d != "" {
		f.Errorf("the neighbour workspace has changed: %s", d)
	}
}

func (f *fixture) get(id visitor.ID) visitor.Visitor {
	f.Helper()
	v, err := f.st.GetVisitor(f.Context(), f.ws, id)
	if err != nil {
		f.Fatalf("get visitor: %v", err)
	}
	return v
}

func (f *fixture) find(s driver.Select) []visitor.Visitor {
	f.Helper()
	found, err := f.st.FindVisitors(f.Context(), f.ws, s)
	if err != nil {
		f.Fatalf("find visitors, order %s: %v", s.Order, err)
	}
	return found
}

// matches returns the names of the visitors that e matches, oldest first.
func (f *fixture) matches(e filter.Expr) string {
	f.Helper()
	return names(f.find(driver.Select{Where: f.bind(e), Order: driver.OldestFirst, Limit: 1_000}))
}

func names(visitors []visitor.Visitor) string {
	all := make([]string, len(visitors))
	for i, v := range visitors {
		all[i] = v.Name
	}
	return strings.Join(all, ", ")
}

func (f *fixture) count(e filter.Expr) int64 {
	f.Helper()
	n, err := f.st.CountVisitors(f.Context(), f.ws, f.bind(e), 0)
	if err != nil {
		f.Fatalf("count visitors: %v", err)
	}
	return n
}

// bind binds e to the tags and groups of the workspace, at the fixture's time.
func (f *fixture) bind(e filter.Expr) filter.Bound {
	f.Helper()
	if refs := filter.References(e); len(refs.Tags)+len(refs.Groups)+len(refs.GroupIDs)+len(refs.Topics)+len(refs.Jobs) == 0 {
		return f.bindIn(e, &filter.Env{Now: f.clock})
	}
	return f.bindIn(e, f.env())
}

// env is what filters are bound in: the tags and groups of the workspace, at the fixture's
// time.
func (f *fixture) env() *filter.Env {
	f.Helper()
	env := &filter.Env{Now: f.clock, Tags: map[string]tag.ID{}, Groups: map[string]filter.GroupRef{}, Topics: map[string]consent.Topic{}, Jobs: map[string][]visitor.ID{}}
	for _, t := range f.topics(f.ws) {
		env.Topics[t.Key] = t
	}
	for _, r := range f.recordsOf(f.ws, driver.JobVisitors) {
		ids, err := driver.JobVisitorsOf(r)
		if err != nil {
			f.Fatalf("visitors of jobs: %v", err)
		}
		id, _, _ := strings.Cut(r.Key, "/")
		env.Jobs[id] = append(env.Jobs[id], ids...)
	}
	for _, t := range f.tags(f.ws) {
		env.Tags[tag.Key(t.Name)] = t.ID
	}
	for _, g := range f.groups(f.ws) {
		ref := filter.GroupRef{ID: g.ID, Rule: g.Rule}
		env.Groups[group.Key(g.Name)], env.Groups[string(g.ID)] = ref, ref
	}
	return env
}

func (f *fixture) bindIn(e filter.Expr, env *filter.Env) filter.Bound {
	f.Helper()
	bound, err := filter.Bind(e, env)
	if err != nil {
		f.Fatalf("bind: %v", err)
	}
	return bound
}

// same fails unless got is want.
func (f *fixture) same(what string, got, want any) {
	f.Helper()
	if d := diff(got, want); d != "" {
		f.Errorf("%s: %s", what, d)
	}
}

// effects fails unless the outcomes have these effects.
func (f *fixture) effects(outcomes []driver.Outcome, want ...driver.Effect) {
	f.Helper()
	var got []driver.Effect
	for _, o := range outcomes {
		got = append(got, o.Effect)
	}
	f.same("effects", got, want)
}

// unchanged makes changes that may fail, and fails if the workspace is different afterwards.
func (f *fixture) unchanged(changes ...driver.Change) error {
	f.Helper()
	before := f.dump(f.ws)
	_, err := f.apply(changes...)
	f.same("the workspace after a call that failed", f.dump(f.ws), before)
	return err
}

// refused makes changes that must fail without any effect: the error is about the change at
// index, has that cause, and names that kind of thing and its key.
func (f *fixture) refused(cause error, kind, key string, index int, changes ...driver.Change) {
	f.Helper()
	err := f.unchanged(changes...)
	f.failedAt(err, index)
	f.about(err, cause, kind, key)
}

// invalid makes changes that must fail without any effect, with ErrInvalid for the change at
// index.
func (f *fixture) invalid(index int, changes ...driver.Change) {
	f.Helper()
	err := f.unchanged(changes...)
	f.failedAt(err, index)
	if !errors.Is(err, driver.ErrInvalid) {
		f.Errorf("error %v, want one that matches %q", err, driver.ErrInvalid)
	}
}

// inUse makes changes that must fail without any effect: the change at index, because the
// rules of these groups mention something of that kind.
func (f *fixture) inUse(kind string, users []group.ID, index int, changes ...driver.Change) {
	f.Helper()
	err := f.unchanged(changes...)
	f.failedAt(err, index)
	var e *driver.InUseError
	if !errors.Is(err, driver.ErrInUse) || !errors.As(err, &e) {
		f.Errorf("error %v, want a *driver.InUseError", err)
		return
	}
	f.same("what is in use", e.Kind, kind)
	f.same("the groups whose rules mention it", slices.Sorted(slices.Values(e.Groups)), slices.Sorted(slices.Values(users)))
}

// failedAt fails unless err is a *driver.ChangeError about the change at index.
func (f *fixture) failedAt(err error, index int) {
	f.Helper()
	var at *driver.ChangeError
	if !errors.As(err, &at) {
		f.Errorf("error %v, want a *driver.ChangeError", err)
	} else if at.Index != index {
		f.Errorf("the error is about change %d, want %d: %v", at.Index, index, err)
	}
}

// about fails unless err has that cause and names that thing.
func (f *fixture) about(err, cause error, kind, key string) {
	f.Helper()
	if !errors.Is(err, cause) {
		f.Errorf("error %v, want one that matches %q", err, cause)
		return
	}
	gotKind, gotKey, ok := subject(err)
	if !ok {
		f.Errorf("the error does not say what it is about: %v", err)
	} else if gotKind != kind || gotKey != key {
		f.Errorf("the error is about %s %q, want %s %q", gotKind, gotKey, kind, key)
	}
}

// subject returns the kind and key that an error of a store or of a Workspace names.
func subject(err error) (kind, key string, ok bool) {
	var d *driver.Error
	var w *store.Error
	switch {
	case errors.As(err, &d):
		return d.Kind, d.Key, true
	case errors.As(err, &w):
		return w.Kind, w.Key, true
	}
	return "", "", false
}
