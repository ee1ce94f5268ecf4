package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// load writes many visitors to the room and some of them to the neighbour.
func (r *room) load(visitors []visitor.Visitor) {
	r.Helper()
	var changes []store.Change
	for _, v := range visitors {
		changes = append(changes, create(v))
	}
	r.besides(changes[:min(len(changes), 50)]...)
	for batch := range slices.Chunk(changes, 1_000) {
		r.must(batch...)
	}
}

// crowd makes n visitors among whom many share names and times.
func (r *room) crowd(n int, rnd *rand.Rand) []visitor.Visitor {
	names := []string{"Zed", "zed", "ábel", "Abel", "abe", "Öz", "o z", "o-z", "ß", "日本", "🔥", "10", "9", "é"}
	start := r.now()
	moment := func() time.Time { return start.Add(time.Duration(rnd.IntN(7)) * time.Microsecond) }
	visitors := make([]visitor.Visitor, n)
	for i := range visitors {
		v := r.visitorAt(names[rnd.IntN(len(names))], moment())
		v.UpdatedAt = moment()
		if rnd.IntN(3) > 0 {
			v.LastSeenAt = moment()
		}
		if rnd.IntN(2) == 0 {
			v.Source = visitor.Chat
		}
		visitors[i] = v
	}
	return visitors
}

func (r *room) rand() *rand.Rand {
	r.Logf("to repeat: -storetest.seed=%d", r.seed)
	return rand.New(rand.NewPCG(r.seed, 1))
}

var pagePromises = []promise{
	{
		name: "each order is total and the same everywhere",
		why:  "A screen that shows ties in another order after a reload looks as if something had changed.",
		keep: func(r *room) {
			people := r.crowd(120, r.rand())
			r.load(people)
			for _, o := range store.Orders() {
				r.agreeOn("everyone", r.bind(filter.All()), o, people)
				r.agreeOn("one source", r.bind(filter.Source.Is(visitor.Chat)), o, people)
				r.agreeOn("the others", r.bind(filter.Not(filter.Source.Is(visitor.Chat))), o, people)
			}
		},
	},
	{
		name: "a visitor never seen comes before all that were seen",
		why:  "Those who were never heard of since are who a business wants to find first, or last.",
		keep: func(r *room) {
			a, b, c := r.visitor("Ada"), r.visitor("Bob"), r.visitor("Cleo")
			a.LastSeenAt, b.LastSeenAt = time.UnixMicro(1).UTC(), r.now()
			r.given(create(a), create(b), create(c))
			for o, want := range map[store.Order]string{store.RecentlySeen: "Bob, Ada, Cleo", store.LeastRecentlySeen: "Cleo, Ada, Bob"} {
				r.same(string(o), names(r.find(store.Select{Where: r.bind(filter.All()), Order: o, Limit: 9})), want)
			}
		},
	},
	{
		name: "a page starts strictly after its position",
		why:  "Off by one is a visitor seen twice, or never.",
		keep: func(r *room) {
			people := r.crowd(60, r.rand())
			r.load(people)
			where := r.bind(filter.All())
			for _, o := range store.Orders() {
				arrange(o, people)
				for i, v := range people {
					got := r.find(store.Select{Where: where, Order: o, After: ptr(store.PositionOf(o, v)), Limit: 3})
					r.same(fmt.Sprintf("order %s, after the visitor at %d", o, i), ids(got), ids(people[i+1:min(i+4, len(people))]))
				}
			}
		},
	},
	{
		name: "a position need not be that of a visitor",
		why:  "The last visitor of a page may be deleted or renamed before the next page is asked for.",
		keep: func(r *room) {
			rnd := r.rand()
			people := r.crowd(60, rnd)
			r.load(people)
			elsewhere := r.crowd(40, rnd)
			where := r.bind(filter.All())
			for _, o := range store.Orders() {
				_, descending, _ := o.Key()
				arrange(o, people)
				for _, v := range elsewhere {
					after := store.PositionOf(o, v)
					i := slices.IndexFunc(people, func(v visitor.Visitor) bool {
						c := store.PositionOf(o, v).Compare(after)
						return c > 0 && !descending || c < 0 && descending
					})
					if i < 0 {
						i = len(people)
					}
					got := r.find(store.Select{Where: where, Order: o, After: &after, Limit: 3})
					r.same("order "+string(o), ids(got), ids(people[i:min(i+3, len(people))]))
				}
			}
		},
	},
	{
		name: "pages together are the whole, whatever their size and the filter",
		why:  "An export that goes page by page must hold everybody once.",
		keep: func(r *room) {
			people := r.crowd(100, r.rand())
			r.load(people)
			for i, e := range []filter.Expr{filter.All(), filter.Source.Is(visitor.Chat), filter.Search("z"), filter.Not(filter.LastSeenAt.Exists()), filter.Or(filter.Name.Is("zed"), filter.Name.Contains("o"))} {
				where := r.bind(e)
				for _, o := range store.Orders() {
					want := ids(matching(where, o, people))
					for _, size := range []int{2, 7, 33} {
						if size == 2 && i > 0 {
							continue
						}
						r.same(fmt.Sprintf("%+v, order %s, pages of %d", e, o, size), ids(r.pages(r.ws, where, o, size)), want)
					}
				}
			}
		},
	},
	{
		name: "thousands with the same time and the same name come page by page, each once",
		why:  "An import gives ten thousand people one moment; only the id then tells them apart.",
		keep: func(r *room) {
			at := r.now()
			people := make([]visitor.Visitor, r.effort.rows)
			for i := range people {
				people[i] = r.visitorAt("Same Name", at)
				people[i].LastSeenAt = at
			}
			r.load(people)
			where := r.bind(filter.All())
			for i, o := range store.Orders() {
				arrange(o, people)
				size := []int{1_000, 600, 1_001}[i%3]
				r.same(fmt.Sprintf("order %s, pages of %d", o, size), ids(r.pages(r.ws, where, o, size)), ids(people))
			}
		},
	},
	{
		name: "pages neither skip nor repeat who stays while others come, change and go",
		why:  "People write in while somebody scrolls.",
		keep: func(r *room) {
			rnd := r.rand()
			for i, o := range store.Orders() {
				e := []filter.Expr{filter.All(), filter.Source.Is(visitor.Chat)}[(i+rnd.IntN(2))%2]
				r.enter(r.reporter).restless(o, e, rnd)
			}
		},
	},
}

// restless pages through visitors in order o while they change, and fails unless each
// that stays where it is comes exactly once.
func (r *room) restless(o store.Order, e filter.Expr, rnd *rand.Rand) {
	r.Helper()
	people := r.crowd(80, rnd)
	r.load(people)
	where := r.bind(e)
	stays := map[visitor.ID]bool{}
	for _, v := range people {
		stays[v.ID] = filter.Match(where, v)
	}
	seen := map[visitor.ID]int{}
	var after *store.Position
	for range 100 {
		page := r.find(store.Select{Where: where, Order: o, After: after, Limit: 7})
		if len(page) == 0 {
			break
		}
		for _, v := range page {
			seen[v.ID]++
		}
		after = ptr(store.PositionOf(o, page[len(page)-1]))
		r.must(r.unrest(o, people, page, stays, rnd)...)
	}
	for id, stay := range stays {
		if stay && seen[id] != 1 {
			r.Errorf("order %s, %+v: a visitor that stayed came %d times", o, e, seen[id])
		}
	}
	r.checkNeighbour()
}

// unrest makes newcomers, deletes who was just read and somebody else, edits a third, and
// notes who does not stay where it is.
func (r *room) unrest(o store.Order, people, page []visitor.Visitor, stays map[visitor.ID]bool, rnd *rand.Rand) []store.Change {
	var changes []store.Change
	for _, v := range r.crowd(2, rnd) {
		v.CreatedAt = people[rnd.IntN(len(people))].CreatedAt
		v.ID = visitor.ID(r.id(v.CreatedAt))
		changes = append(changes, create(v))
	}
	for _, id := range []visitor.ID{page[len(page)-1].ID, people[rnd.IntN(len(people))].ID} {
		stays[id] = false
		changes = append(changes, store.DeleteVisitor{ID: id, At: r.now()})
	}
	for _, v := range people {
		if !stays[v.ID] || rnd.IntN(10) > 0 {
			continue
		}
		patch := visitor.Patch{Email: ptr(fmt.Sprintf("%s@example.com", v.ID))}
		key, _, _ := o.Key()
		moves := key == store.ByUpdated
		if rnd.IntN(3) == 0 {
			patch.Name = ptr("Moved " + v.Name)
			moves = moves || key == store.ByName
		}
		stays[v.ID] = !moves
		changes = append(changes, store.UpdateVisitor{ID: v.ID, Patch: patch, At: r.now()})
	}
	return changes
}
