package storetest

import (
	"math/rand/v2"
	"testing"

	"github.com/contactpipeline/visitors/filter/filtergen"
	"github.com/contactpipeline/visitors/store"
)

// Fuzz plays what the fuzzer makes up on the store that open returns: a row of calls of
// Apply, each compared with a model, and then filters, compared with filter.Match. It calls
// open once a process. The bytes of an input decide on the changes; the number decides on
// the filters. Give -fuzzminimizetime=10x, or making inputs shorter takes most of the time.
func Fuzz(f *testing.F, open func(testing.TB) store.Store) {
	f.Helper()
	s := newSuite(open(f), quick)
	for seed := range uint64(4) {
		script := make([]byte, 80)
		for i, rnd := 0, rand.New(rand.NewPCG(seed, 5)); i < len(script); i++ {
			script[i] = byte(rnd.Uint32())
		}
		f.Add(seed, script)
	}
	f.Add(uint64(5), []byte(nil))
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		s.try(t, promise{
			why: "What a fuzzer makes up is what nobody thought of.",
			keep: func(r *room) {
				calls := 1 + min(len(script)/10, 40)
				m := r.play(rand.New(newTape(script)), rand.New(rand.NewPCG(seed, 4)), calls)
				r.quiz(m, seed, 10)
			},
		})
	})
}

// quiz asks random filters of a room that is like m.
func (r *room) quiz(m *model, seed uint64, n int) {
	r.Helper()
	d := m.dump()
	o := filtergen.Options{Now: r.clock, Tags: d.Tags}
	for _, g := range d.Groups {
		o.Groups = append(o.Groups, filtergen.Group{ID: g.ID, Name: g.Name, Rule: g.Rule})
	}
	w := &world{room: r, model: m, g: filtergen.New(seed, &o), rnd: rand.New(rand.NewPCG(seed, 6)), people: d.Visitors}
	w.g.Know(d.Visitors...)
	for i := range n {
		w.try(w.g.Expr(1 + i%5))
	}
}

// tape is a source of chance that takes the upper bits of each number from a text, as
// long as it lasts.
type tape struct {
	text []byte
	rest *rand.PCG
}

func newTape(text []byte) *tape { return &tape{text, rand.NewPCG(uint64(len(text)), 7)} }

func (t *tape) Uint64() uint64 {
	n := t.rest.Uint64()
	if len(t.text) == 0 {
		return n
	}
	b := t.text[0]
	t.text = t.text[1:]
	return uint64(b)<<56 | n>>8
}
