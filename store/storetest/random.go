package storetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var randomPromises = []promise{
	{
		name: "random filters find whom filter.Match matches, in every order, and obey the laws of logic",
		why:  "A filter has one meaning; two back ends that differ in one corner make two segments of one.",
		keep: func(r *room) {
			r.random(func(r *room, seed uint64) {
				r.differ(seed)
			})
		},
	},
	{
		name: "random changes do what a plain model of a store does",
		why:  "What goes wrong only after a certain row of changes is not found by thinking of rows.",
		keep: func(r *room) {
			r.random(func(r *room, seed uint64) {
				m := r.play(rand.New(rand.NewPCG(seed, 3)), rand.New(rand.NewPCG(seed, 4)), 20)
				r.quiz(m, seed, 10)
			})
		},
	},
}

// world is a room with random people and what to ask of them.
type world struct {
	*room
	model  *model
	g      *filtergen.Generator
	rnd    *rand.Rand
	people []visitor.Visitor
}

// world fills the room with what g makes.
func (r *room) world(g *filtergen.Generator, rnd *rand.Rand, n int) *world {
	r.Helper()
	w := &world{room: r, model: newModel(), g: g, rnd: rnd}
	var changes []store.Change
	for _, t := range g.Tags() {
		changes = append(changes, store.CreateTag{Tag: t})
	}
	for _, named := range g.Groups() {
		group := r.group(named.Name, named.Rule)
		group.ID = named.ID
		changes = append(changes, store.CreateGroup{Group: group})
	}
	for _, v := range g.Visitors(n) {
		changes = append(changes, arrival(v)...)
	}
	r.besides(changes...)
	w.follow(w.model, changes)
	w.people = w.model.dump().Visitors
	return w
}

// arrival returns the changes that make v.
func arrival(v visitor.Visitor) []store.Change {
	var keys []string
	for _, t := range v.Tags {
		keys = append(keys, tag.Key(t.Name))
	}
	excluded := v.Excluded
	v.Tags, v.Excluded, v.Revision = nil, nil, 1
	changes := []store.Change{store.CreateVisitor{Visitor: v, Tags: keys}}
	for _, group := range excluded {
		changes = append(changes, store.LeaveGroup{Group: group, ID: v.ID, At: v.CreatedAt})
	}
	return changes
}

// turn makes other people of most, so that what was indexed has to be indexed anew.
func (w *world) turn() {
	w.Helper()
	var changes []store.Change
	for _, v := range w.people {
		next := w.g.Visitors(1)[0]
		switch w.rnd.IntN(6) {
		case 0:
			changes = append(changes, store.DeleteVisitor{ID: v.ID, At: w.now()})
		case 1:
			next.Identities = v.Identities
			changes = append(changes, store.DeleteVisitor{ID: v.ID, At: w.now()})
			changes = append(changes, arrival(next)...)
		case 2, 3:
			p := visitor.Patch{Name: &next.Name, Email: &next.Email, Phone: &next.Phone, Source: &next.Source, Set: next.Attributes}
			for name := range v.Attributes {
				if _, again := next.Attributes[name]; !again && w.rnd.IntN(2) == 0 {
					p.Unset = append(p.Unset, name)
				}
			}
			changes = append(changes, store.UpdateVisitor{ID: v.ID, Patch: p, At: next.UpdatedAt})
		case 4:
			for _, t := range v.Tags {
				changes = append(changes, store.RemoveTags{ID: v.ID, Tags: []string{tag.Key(t.Name)}, At: w.now()})
			}
			for _, t := range next.Tags {
				changes = append(changes, store.AddTags{ID: v.ID, Tags: []string{tag.Key(t.Name)}, At: w.now()})
			}
			for _, g := range v.Groups {
				changes = append(changes, store.LeaveGroup{Group: g, ID: v.ID, At: w.now()})
			}
			for _, g := range next.Groups {
				changes = append(changes, store.JoinGroup{Group: g, ID: v.ID, At: w.now()})
			}
		}
	}
	w.follow(w.model, changes)
	w.people = w.model.dump().Visitors
}

// try compares what the store makes of e with filter.Match: found, counted, its opposite,
// in pages, and in facets.
func (w *world) try(e filter.Expr) {
	w.Helper()
	if w.Failed() {
		return
	}
	env := w.g.Env()
	orders := store.Orders()
	o := orders[w.rnd.IntN(len(orders))]
	for _, e := range []filter.Expr{e, filter.Not(e)} {
		where, err := filter.Bind(e, env)
		if err != nil {
			continue // the opposite of the deepest is too deep
		}
		if w.disagreement(where, o, w.people) != "" {
			e := w.smallest(e, env, o, w.people)
			w.agreeOn(spell(e), w.bindIn(e, env), o, w.people)
			return
		}
		switch w.rnd.IntN(8) {
		case 0:
			size := []int{7, 19, 45}[w.rnd.IntN(3)]
			w.same(fmt.Sprintf("%s, order %s, pages of %d", spell(e), o, size), ids(w.pages(w.ws, where, o, size)), ids(matching(where, o, w.people)))
		case 1:
			w.same(fmt.Sprintf("visitors found by %s, order %s", spell(e), o), w.find(store.Select{Where: where, Order: o, Limit: len(w.people) + 1}), matching(where, o, w.people))
		case 2:
			if _, ok := w.st.(store.Faceter); ok {
				w.same("facets of "+spell(e), w.facets(where), w.tally(where, w.people))
			}
		}
	}
}

// spell writes a filter so that it can be read.
func spell(e filter.Expr) string {
	if s, err := filter.Format(e); err == nil {
		return s
	}
	return fmt.Sprintf("%+v", e)
}
