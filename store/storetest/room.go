package storetest

import (
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// room is where a promise is tried: an empty workspace and, beside it, a neighbour that
// holds the same and more.
type room struct {
	reporter
	*suite
	maker
	ws        store.WorkspaceID
	neighbour store.WorkspaceID
	before    dump // of the neighbour, when it was last written to
}

func (s *suite) enter(t reporter) *room {
	t.Helper()
	name := strings.ToLower(rand.Text())
	r := &room{
		reporter: t, suite: s,
		maker:     maker{clock: time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)},
		ws:        store.WorkspaceID("st-" + name),
		neighbour: store.WorkspaceID("st-" + strings.ToUpper(name)),
	}
	if !s.closed {
		r.applyTo(r.neighbour, noise()...)
		r.before = r.dump(r.neighbour)
	}
	return r
}

// noise is what the neighbour holds beside what the room holds.
func noise() []store.Change {
	m := maker{clock: time.Date(2025, 12, 24, 18, 0, 0, 0, time.UTC), minted: 1 << 20}
	noise, loud, team := m.tag("noise"), m.tag("Loud Noise"), m.group("Noisy Neighbours", filter.Source.Is(visitor.Telegram))
	ada, bob := m.visitor("Ada Lovelace"), m.visitor("Bob")
	ada.Email, ada.Phone, ada.Groups = "ada@example.com", "+5511987654321", []group.ID{team.ID}
	ada.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "noise", Username: "ada"}}
	ada.Attributes = visitor.Attributes{"city": visitor.Text("São Paulo"), "score": visitor.Number(42)}
	bob.Source = visitor.Telegram
	return []store.Change{
		store.CreateTag{Tag: noise}, store.CreateTag{Tag: loud}, store.CreateGroup{Group: team},
		create(ada, noise, loud), create(bob, noise),
		store.LeaveGroup{Group: team.ID, ID: bob.ID, At: m.now()},
	}
}

// given makes the changes in the neighbour and then in the room.
func (r *room) given(changes ...store.Change) []store.Outcome {
	r.Helper()
	r.besides(changes...)
	return r.must(changes...)
}

// besides makes the changes in the neighbour only.
func (r *room) besides(changes ...store.Change) {
	r.Helper()
	r.checkNeighbour()
	r.applyTo(r.neighbour, changes...)
	r.before = r.dump(r.neighbour)
}

// must makes the changes in the room only, beside the neighbour.
func (r *room) must(changes ...store.Change) []store.Outcome {
	r.Helper()
	return r.applyTo(r.ws, changes...)
}

func (r *room) applyTo(ws store.WorkspaceID, changes ...store.Change) []store.Outcome {
	r.Helper()
	outcomes, err := r.st.Apply(r.Context(), ws, changes)
	if err != nil {
		r.Fatalf("apply: %v", err)
	}
	if len(outcomes) != len(changes) {
		r.Fatalf("apply: %d outcomes of %d changes", len(outcomes), len(changes))
	}
	return outcomes
}

// apply makes the changes in the room, which may fail.
func (r *room) apply(changes ...store.Change) ([]store.Outcome, error) {
	return r.st.Apply(r.Context(), r.ws, changes)
}

// checkNeighbour reports what has happened to the neighbour since it was written to.
func (r *room) checkNeighbour() {
	r.Helper()
	if r.closed {
		return
	}
	if d := diff(r.dump(r.neighbour), r.before); d != "" {
		r.Errorf("the neighbour workspace is not as it was: %s", d)
	}
}

func (r *room) get(id visitor.ID) visitor.Visitor {
	r.Helper()
	v, err := r.st.GetVisitor(r.Context(), r.ws, id)
	if err != nil {
		r.Fatalf("get visitor: %v", err)
	}
	return v
}

func (r *room) find(s store.Select) []visitor.Visitor {
	r.Helper()
	found, err := r.st.FindVisitors(r.Context(), r.ws, s)
	if err != nil {
		r.Fatalf("find visitors, order %s: %v", s.Order, err)
	}
	return found
}

// matches returns the names of the visitors that e matches, oldest first.
func (r *room) matches(e filter.Expr) string {
	r.Helper()
	return names(r.find(store.Select{Where: r.bind(e), Order: store.OldestFirst, Limit: 1_000}))
}

func names(visitors []visitor.Visitor) string {
	all := make([]string, len(visitors))
	for i, v := range visitors {
		all[i] = v.Name
	}
	return strings.Join(all, ", ")
}

func (r *room) count(e filter.Expr) int64 {
	r.Helper()
	n, err := r.st.CountVisitors(r.Context(), r.ws, r.bind(e), 0)
	if err != nil {
		r.Fatalf("count visitors: %v", err)
	}
	return n
}

// bind binds e to the tags and groups of the room, at the room's time.
func (r *room) bind(e filter.Expr) filter.Bound {
	r.Helper()
	if refs := filter.References(e); len(refs.Tags)+len(refs.Groups)+len(refs.GroupIDs) == 0 {
		return r.bindIn(e, &filter.Env{Now: r.clock})
	}
	return r.bindIn(e, r.env())
}

// env is what filters are bound in: the tags and groups of the room, at the room's time.
func (r *room) env() *filter.Env {
	r.Helper()
	env := &filter.Env{Now: r.clock, Tags: map[string]tag.ID{}, Groups: map[string]filter.GroupRef{}}
	for _, t := range r.tags(r.ws) {
		env.Tags[tag.Key(t.Name)] = t.ID
	}
	for _, g := range r.groups(r.ws) {
		ref := filter.GroupRef{ID: g.ID, Rule: g.Rule}
		env.Groups[group.Key(g.Name)], env.Groups[string(g.ID)] = ref, ref
	}
	return env
}

func (r *room) bindIn(e filter.Expr, env *filter.Env) filter.Bound {
	r.Helper()
	bound, err := filter.Bind(e, env)
	if err != nil {
		r.Fatalf("bind: %v", err)
	}
	return bound
}

// same fails unless got is want.
func (r *room) same(what string, got, want any) {
	r.Helper()
	if d := diff(got, want); d != "" {
		r.Errorf("%s: %s", what, d)
	}
}

// effects fails unless the outcomes have these effects.
func (r *room) effects(outcomes []store.Outcome, want ...store.Effect) {
	r.Helper()
	var got []store.Effect
	for _, o := range outcomes {
		got = append(got, o.Effect)
	}
	r.same("effects", got, want)
}

// unchanged tries changes that fail, and fails unless the room is then as it was.
func (r *room) unchanged(changes ...store.Change) error {
	r.Helper()
	before := r.dump(r.ws)
	_, err := r.apply(changes...)
	r.same("the workspace after a call that failed", r.dump(r.ws), before)
	return err
}

// refused tries changes of which the one at index fails: with that cause, about that kind
// of thing with that key, leaving everything as it was.
func (r *room) refused(cause error, kind, key string, index int, changes ...store.Change) {
	r.Helper()
	err := r.unchanged(changes...)
	if err == nil {
		r.Errorf("no error, want: %s %s: %v", kind, key, cause)
		return
	}
	var at *store.ChangeError
	if !errors.As(err, &at) {
		r.Errorf("the error is not a *store.ChangeError: %v", err)
	} else if at.Index != index {
		r.Errorf("the error blames change %d, want %d: %v", at.Index, index, err)
	}
	r.about(err, cause, kind, key)
}

// about fails unless err is a *store.Error with that cause about that thing.
func (r *room) about(err, cause error, kind, key string) {
	r.Helper()
	if !errors.Is(err, cause) {
		r.Errorf("error %v, want one that matches %q", err, cause)
		return
	}
	var e *store.Error
	if !errors.As(err, &e) {
		r.Errorf("the error is not a *store.Error: %v", err)
	} else if e.Kind != kind || e.Key != key {
		r.Errorf("the error is about %s %q, want %s %q", e.Kind, e.Key, kind, key)
	}
}
