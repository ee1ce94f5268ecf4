package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// load creates many visitors in the workspace and some of them in the neighbour.
func (f *fixture) load(visitors []visitor.Visitor) {
	f.Helper()
	var changes []driver.Change
	for _, v := range visitors {
		changes = append(changes, create(v))
	}
	f.inNeighbour(changes[:min(len(changes), 50)]...)
	for batch := range slices.Chunk(changes, 1_000) {
		f.must(batch...)
	}
}

// manyVisitors makes n visitors, many of which share names and times.
func (f *fixture) manyVisitors(n int, rnd *rand.Rand) []visitor.Visitor {
	names := []string{"Zed", "zed", "ábel", "Abel", "abe", "Öz", "o z", "o-z", "ß", "日本", "🔥", "10", "9", "é"}
	start := f.now()
	moment := func() time.Time { return start.Add(time.Duration(rnd.IntN(7)) * time.Microsecond) }
	visitors := make([]visitor.Visitor, n)
	for i := range visitors {
		v := f.visitorAt(names[rnd.IntN(len(names))], moment())
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

func (f *fixture) rand() *rand.Rand {
	f.Logf("to repeat: -storetest.seed=%d", f.seed)
	return rand.New(rand.NewPCG(f.seed, 1))
}

var pagePromises = []promise{
	{"each order is total and the same on every engine", "A screen that shows ties in another order after a reload looks as if something had changed.", checkOrderIsTotal},
	{"a visitor never seen sorts before all others in ascending order", "Visitors who never wrote are the ones a business wants to find first, or last.", checkOrderNeverSeen},
	{"a page starts strictly after its position", "Off by one is a visitor shown twice, or never.", checkPageStart},
	{"a position need not be a visitor's", "The last visitor of a page may be deleted or renamed before the next page is read.", checkPagePosition},
	{"pages of any size and filter are complete", "An export in pages must have every visitor once.", checkPagesAreComplete},
	{"thousands of visitors with the same time and name are each on one page", "An import creates ten thousand visitors at the same time; only the ids differ.", checkPageTies},
	{"pages neither skip nor repeat a visitor while others are created, changed and deleted", "People write in while an operator scrolls.", checkPagesWhileWriting},
}

func checkOrderIsTotal(f *fixture) {
	people := f.manyVisitors(120, f.rand())
	f.load(people)
	for _, o := range driver.Orders() {
		f.agreeOn("everyone", f.bind(filter.All()), o, people)
		f.agreeOn("one source", f.bind(filter.Source.Is(visitor.Chat)), o, people)
		f.agreeOn("the others", f.bind(filter.Not(filter.Source.Is(visitor.Chat))), o, people)
	}
}

func checkOrderNeverSeen(f *fixture) {
	a, b, c := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo")
	a.LastSeenAt, b.LastSeenAt = time.UnixMicro(1).UTC(), f.now()
	f.given(create(a), create(b), create(c))
	for o, want := range map[driver.Order]string{driver.RecentlySeen: "Bob, Ada, Cleo", driver.LeastRecentlySeen: "Cleo, Ada, Bob"} {
		f.same(string(o), names(f.find(driver.Select{Where: f.bind(filter.All()), Order: o, Limit: 9})), want)
	}
}

func checkPageStart(f *fixture) {
	people := f.manyVisitors(60, f.rand())
	f.load(people)
	where := f.bind(filter.All())
	for _, o := range driver.Orders() {
		arrange(o, people)
		for i, v := range people {
			got := f.find(driver.Select{Where: where, Order: o, After: ptr(driver.PositionOf(o, v)), Limit: 3})
			f.same(fmt.Sprintf("order %s, after the visitor at %d", o, i), ids(got), ids(people[i+1:min(i+4, len(people))]))
		}
	}
}

func checkPagePosition(f *fixture) {
	rnd := f.rand()
	people := f.manyVisitors(60, rnd)
	f.load(people)
	elsewhere := f.manyVisitors(40, rnd)
	where := f.bind(filter.All())
	for _, o := range driver.Orders() {
		_, descending, _ := driver.Sorting(o)
		arrange(o, people)
		for _, v := range elsewhere {
			after := driver.PositionOf(o, v)
			i := slices.IndexFunc(people, func(v visitor.Visitor) bool {
				c := driver.PositionOf(o, v).Compare(after)
				return c > 0 && !descending || c < 0 && descending
			})
			if i < 0 {
				i = len(people)
			}
			got := f.find(driver.Select{Where: where, Order: o, After: &after, Limit: 3})
			f.same("order "+string(o), ids(got), ids(people[i:min(i+3, len(people))]))
		}
	}
}

func checkPagesAreComplete(f *fixture) {
	people := f.manyVisitors(100, f.rand())
	f.load(people)
	for i, e := range []filter.Expr{filter.All(), filter.Source.Is(visitor.Chat), filter.Search("z"), filter.Not(filter.LastSeenAt.Exists()), filter.Or(filter.Name.Is("zed"), filter.Name.Contains("o"))} {
		where := f.bind(e)
		for _, o := range driver.Orders() {
			want := ids(matching(where, o, people))
			for _, size := range []int{2, 7, 33} {
				if size == 2 && i > 0 {
					continue
				}
				f.same(fmt.Sprintf("%+v, order %s, pages of %d", e, o, size), ids(f.pages(f.ws, where, o, size)), want)
			}
		}
	}
}

func checkPageTies(f *fixture) {
	at := f.now()
	people := make([]visitor.Visitor, f.effort.rows)
	for i := range people {
		people[i] = f.visitorAt("Same Name", at)
		people[i].LastSeenAt = at
	}
	f.load(people)
	where := f.bind(filter.All())
	for i, o := range driver.Orders() {
		arrange(o, people)
		size := []int{1_000, 600, 1_001}[i%3]
		f.same(fmt.Sprintf("order %s, pages of %d", o, size), ids(f.pages(f.ws, where, o, size)), ids(people))
	}
}

func checkPagesWhileWriting(f *fixture) {
	rnd := f.rand()
	for i, o := range driver.Orders() {
		e := []filter.Expr{filter.All(), filter.Source.Is(visitor.Chat)}[(i+rnd.IntN(2))%2]
		f.newFixture(f.reporter).pageWhileWriting(o, e, rnd)
	}
}

// pageWhileWriting reads pages in order o while visitors change, and fails unless every
// visitor whose position does not change is read exactly once.
func (f *fixture) pageWhileWriting(o driver.Order, e filter.Expr, rnd *rand.Rand) {
	f.Helper()
	people := f.manyVisitors(80, rnd)
	f.load(people)
	where := f.bind(e)
	stays := map[visitor.ID]bool{}
	for _, v := range people {
		stays[v.ID] = filter.Match(where, v)
	}
	seen := map[visitor.ID]int{}
	var after *driver.Position
	for range 100 {
		page := f.find(driver.Select{Where: where, Order: o, After: after, Limit: 7})
		if len(page) == 0 {
			break
		}
		for _, v := range page {
			seen[v.ID]++
		}
		after = ptr(driver.PositionOf(o, page[len(page)-1]))
		f.must(f.changeOthers(o, people, page, stays, rnd)...)
	}
	for id, stay := range stays {
		if stay && seen[id] != 1 {
			f.Errorf("order %s, %+v: a visitor whose position did not change was read %d times", o, e, seen[id])
		}
	}
	f.checkNeighbour()
}

// changeOthers returns changes that create, delete and edit visitors, and records whose
// position changes.
func (f *fixture) changeOthers(o driver.Order, people, page []visitor.Visitor, stays map[visitor.ID]bool, rnd *rand.Rand) []driver.Change {
	var changes []driver.Change
	for _, v := range f.manyVisitors(2, rnd) {
		v.CreatedAt = people[rnd.IntN(len(people))].CreatedAt
		v.ID = visitor.ID(f.id(v.CreatedAt))
		changes = append(changes, create(v))
	}
	for _, id := range []visitor.ID{page[len(page)-1].ID, people[rnd.IntN(len(people))].ID} {
		stays[id] = false
		changes = append(changes, driver.DeleteVisitor{ID: id, Audit: f.audit()})
	}
	for _, v := range people {
		if !stays[v.ID] || rnd.IntN(10) > 0 {
			continue
		}
		patch := visitor.Patch{Email: ptr(fmt.Sprintf("%s@example.com", v.ID))}
		key, _, _ := driver.Sorting(o)
		moves := key == driver.ByUpdated
		if rnd.IntN(3) == 0 {
			patch.Name = ptr("Moved " + v.Name)
			moves = moves || key == driver.ByName
		}
		stays[v.ID] = !moves
		changes = append(changes, driver.UpdateVisitor{ID: v.ID, Patch: patch, Audit: f.audit()})
	}
	return changes
}
