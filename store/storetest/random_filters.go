package storetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var randomFilterPromises = []promise{
	{"random filters find what filter.Match matches, in every order, and obey the laws of logic", "A filter has one meaning: if two engines differ in one case, one segment becomes two.", checkRandomFilters},
}

func checkRandomFilters(f *fixture) { f.random((*fixture).compareRandomFilters) }

// randomWorkspace is a fixture with random visitors and a generator of filters about them.
type randomWorkspace struct {
	*fixture
	oracle *oracle
	g      *filtergen.Generator
	rnd    *rand.Rand
	people []visitor.Visitor // all visitors of the workspace
}

// fill fills the workspace with n visitors of g.
func (f *fixture) fill(g *filtergen.Generator, rnd *rand.Rand, n int) *randomWorkspace {
	f.Helper()
	w := &randomWorkspace{fixture: f, oracle: newOracle(f), g: g, rnd: rnd}
	var changes []driver.Change
	for _, t := range g.Tags() {
		changes = append(changes, driver.CreateTag{Tag: t})
	}
	for _, withRule := range []bool{false, true} { // rules may mention groups without a rule
		for _, in := range g.Groups() {
			if (in.Rule != nil) == withRule {
				changes = append(changes, driver.CreateGroup{Group: group.Group{ID: in.ID, Name: in.Name, Rule: in.Rule, CreatedAt: g.Now()}})
			}
		}
	}
	for _, t := range filtergen.Topics() {
		changes = append(changes, driver.PutTopic{Topic: t, Audit: driver.Audit{At: g.Now()}})
	}
	for _, v := range g.Visitors(n) {
		changes = append(changes, creation(v)...)
		changes = append(changes, w.statements(v)...)
	}
	f.inNeighbour(changes...)
	w.change(changes)
	return w
}

// statements returns changes that record what was said about the addresses of v.
func (w *randomWorkspace) statements(v visitor.Visitor) (changes []driver.Change) {
	entries, reports := w.g.Statements(v)
	a := driver.Audit{At: w.g.Now()}
	for _, e := range entries {
		changes = append(changes, driver.RecordConsent{Audit: a, Entry: e, FromChannel: true})
	}
	for _, r := range reports {
		changes = append(changes, driver.ReportHealth{Audit: a, Report: r, FromChannel: true})
	}
	return changes
}

// creation returns the changes that create v.
func creation(v visitor.Visitor) []driver.Change {
	a := driver.Audit{At: v.UpdatedAt}
	create := driver.CreateVisitor{Audit: a, Visitor: v, Groups: v.Groups()}
	for _, t := range v.Tags {
		create.Tags = append(create.Tags, tag.Key(t.Name))
	}
	changes := []driver.Change{create}
	for _, g := range v.Excluded {
		changes = append(changes, driver.RemoveFromGroup{Audit: a, Group: g, ID: v.ID})
	}
	return changes
}

// change makes changes in the workspace and on the reference store.
func (w *randomWorkspace) change(changes []driver.Change) {
	w.Helper()
	w.compareChanges(w.oracle, changes)
	w.people = w.oracle.dump(w.fixture).Visitors
}

// changeVisitors changes most of the visitors, so that it is indexed again.
func (w *randomWorkspace) changeVisitors() {
	w.Helper()
	var changes []driver.Change
	for _, v := range w.people {
		next := w.g.Visitors(1)[0]
		switch w.rnd.IntN(8) {
		case 0:
			changes = append(changes, driver.DeleteVisitor{ID: v.ID, Audit: w.audit()})
		case 1:
			next.Identities = v.Identities
			changes = append(changes, driver.DeleteVisitor{ID: v.ID, Audit: w.audit()})
			changes = append(changes, creation(next)...)
		case 2, 3:
			p := visitor.Patch{Name: &next.Name, Email: &next.Email, Phone: &next.Phone, Source: &next.Source, Set: next.Attributes}
			for name := range v.Attributes {
				if _, again := next.Attributes[name]; !again && w.rnd.IntN(2) == 0 {
					p.Unset = append(p.Unset, name)
				}
			}
			changes = append(changes, driver.UpdateVisitor{ID: v.ID, Patch: p, Audit: driver.Audit{At: next.UpdatedAt}})
		case 4, 5:
			changes = append(changes, w.statements(v)...)
		case 6:
			for _, t := range v.Tags {
				changes = append(changes, driver.RemoveTags{ID: v.ID, Tags: []string{tag.Key(t.Name)}, Audit: w.audit()})
			}
			for _, t := range next.Tags {
				changes = append(changes, driver.AddTags{ID: v.ID, Tags: []string{tag.Key(t.Name)}, Audit: w.audit()})
			}
			for _, g := range v.Groups() {
				changes = append(changes, driver.RemoveFromGroup{Group: g, ID: v.ID, Audit: w.audit()})
			}
			for _, g := range next.Groups() {
				changes = append(changes, driver.AddToGroup{Group: g, ID: v.ID, Audit: w.audit()})
			}
		}
	}
	w.change(changes)
}

// compareFilter compares the store's results for e and its negation with filter.Match:
// found, counted, in pages and in facets.
func (w *randomWorkspace) compareFilter(e filter.Expr) {
	w.Helper()
	if w.Failed() {
		return
	}
	env := w.g.Env()
	orders := driver.Orders()
	o := orders[w.rnd.IntN(len(orders))]
	for _, e := range []filter.Expr{e, filter.Not(e)} {
		where, err := filter.Bind(e, env)
		if err != nil {
			continue // the negation of the deepest is too deep
		}
		if w.disagreement(where, o, w.people) != "" {
			e := w.smallest(e, env, o, w.people)
			w.agreeOn(format(e), w.bindIn(e, env), o, w.people)
			return
		}
		switch w.rnd.IntN(8) {
		case 0:
			size := []int{7, 19, 45}[w.rnd.IntN(3)]
			w.same(fmt.Sprintf("%s, order %s, pages of %d", format(e), o, size), ids(w.pages(w.ws, where, o, size)), ids(matching(where, o, w.people)))
		case 1:
			w.same(fmt.Sprintf("visitors found by %s, order %s", format(e), o), w.find(driver.Select{Where: where, Order: o, Limit: len(w.people) + 1}), matching(where, o, w.people))
		case 2:
			w.compareCounts("facets of "+format(e), where, w.people)
		}
	}
}

// compareSomeFilters compares n random filters about a workspace that is like the oracle's.
func (f *fixture) compareSomeFilters(o *oracle, seed uint64, n int) {
	f.Helper()
	d := o.dump(f)
	options := filtergen.Options{Now: f.clock, Tags: d.Tags, Topics: d.Topics}
	for _, g := range d.Groups {
		options.Groups = append(options.Groups, filtergen.Group{ID: g.ID, Name: g.Name, Rule: g.Rule})
	}
	w := &randomWorkspace{fixture: f, oracle: o, g: filtergen.New(seed, &options), rnd: rand.New(rand.NewPCG(seed, 6)), people: d.Visitors}
	w.g.Know(d.Visitors...)
	for i := range n {
		w.compareFilter(w.g.Expr(1 + i%5))
	}
}

// format writes a filter so that it can be read.
func format(e filter.Expr) string {
	if s, err := filter.Format(e); err == nil {
		return s
	}
	return fmt.Sprintf("%+v", e)
}
