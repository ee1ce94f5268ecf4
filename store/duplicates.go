package store

import (
	"cmp"
	"context"
	"hash/maphash"
	"iter"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// MinDuplicateScore is the lowest score of a pair that Duplicates returns.
const MinDuplicateScore = 0.3

// Duplicate is a pair of visitors that are possibly one person.
type Duplicate struct {
	A         visitor.Visitor       `json:"a"` // created before B
	B         visitor.Visitor       `json:"b"`
	Score     float64               `json:"score"` // MinDuplicateScore to 1; see visitor.Similarity
	Reasons   []visitor.MatchReason `json:"reasons"`
	Conflicts bool                  `json:"conflicts"` // as in MergePreview
}

// Duplicates iterates over pairs of visitors that are possibly one person, the highest score
// first: they have the same phone or e-mail, or the same or a similar name. It merges nothing.
//
// With ids, it compares only these visitors with the others, using the search index; ids that
// do not exist have no pairs. Without ids, it reads every visitor once and holds about 200
// bytes of each in memory; a phone, e-mail or name that more than 100 visitors share is ignored
// then. An error ends the iteration; it matches ErrInvalid for a malformed id.
func (w *Workspace) Duplicates(ctx context.Context, ids ...visitor.ID) iter.Seq2[Duplicate, error] {
	const op = "find duplicates"
	return func(yield func(Duplicate, error) bool) {
		find := w.alikeAll
		if len(ids) > 0 {
			find = func(ctx context.Context) ([]pair, error) { return w.alikeTo(ctx, ids) }
		}
		pairs, err := find(ctx)
		if err != nil {
			yield(Duplicate{}, fail(op, err))
			return
		}
		slices.SortFunc(pairs, func(p, q pair) int {
			return cmp.Or(cmp.Compare(q.score, p.score), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
		})
		for some := range slices.Chunk(pairs, MaxLimit/2) {
			proposals, err := w.proposals(ctx, some)
			if err != nil {
				yield(Duplicate{}, fail(op, err))
				return
			}
			for _, d := range proposals {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// pair is two visitors in the order of their creation.
type pair struct {
	a, b  visitor.ID
	score float64
}

// proposals reads the visitors of pairs. It leaves out pairs that are no longer similar or
// complete.
func (w *Workspace) proposals(ctx context.Context, pairs []pair) ([]Duplicate, error) {
	var ids []visitor.ID
	for _, p := range pairs {
		ids = append(ids, p.a, p.b)
	}
	slices.Sort(ids)
	found := map[visitor.ID]visitor.Visitor{}
	for v, err := range w.All(ctx, Query{Where: filter.ID.In(slices.Compact(ids)...)}) {
		if err != nil {
			return nil, err
		}
		found[v.ID] = v
	}
	var proposals []Duplicate
	for _, p := range pairs {
		a, b := found[p.a], found[p.b]
		if score, reasons := visitor.Similarity(a, b); a.ID != "" && b.ID != "" && score >= MinDuplicateScore {
			proposals = append(proposals, Duplicate{a, b, score, reasons, a.Conflicts(b)})
		}
	}
	return proposals, nil
}

// maxBlock is the number of visitors with something in common that are compared.
const maxBlock = 100

func (w *Workspace) alikeTo(ctx context.Context, ids []visitor.ID) ([]pair, error) {
	known := map[pair]bool{}
	var pairs []pair
	for _, id := range ids {
		id, err := visitor.ParseID(string(id))
		if err != nil {
			return nil, err
		}
		for v, err := range w.All(ctx, Query{Where: filter.ID.Is(id)}) {
			if err != nil {
				return nil, err
			}
			for _, where := range shared(v) {
				page, err := w.Find(ctx, Query{Where: where, Limit: maxBlock})
				if err != nil {
					return nil, err
				}
				for _, other := range page.Visitors {
					p := pairOf(v.ID, other.ID)
					score, _ := visitor.Similarity(v, other)
					if v.ID == other.ID || known[p] || score < MinDuplicateScore {
						continue
					}
					known[p] = true
					p.score = score
					pairs = append(pairs, p)
				}
			}
		}
	}
	return pairs, nil
}

func pairOf(a, b visitor.ID) pair { return pair{a: min(a, b), b: max(a, b)} }

// shared returns filters that match visitors with something in common with v.
func shared(v visitor.Visitor) []filter.Expr {
	var all []filter.Expr
	if v.Phone != "" {
		all = append(all, filter.Phone.Is(v.Phone))
	}
	if v.Email != "" {
		all = append(all, filter.Email.Is(v.Email))
	}
	if v.Placeholder() {
		return all
	}
	words := visitor.NameWords(v.Name)
	for _, word := range words {
		if len(word) >= 3 && len(words) > 1 && len(words) <= maxWords {
			all = append(all, filter.Name.Contains(word))
		}
	}
	return all
}

// alikeAll reads every visitor once, and compares those with something in common.
func (w *Workspace) alikeAll(ctx context.Context) ([]pair, error) {
	var people []visitor.Visitor
	blocks := map[uint64][]int32{}
	seed := maphash.MakeSeed()
	for v, err := range w.All(ctx, Query{Where: filter.All(), Order: OldestFirst}) {
		if err != nil {
			return nil, err
		}
		at := int32(len(people))
		people = append(people, slim(v))
		for _, sign := range signs(v) {
			sum := maphash.String(seed, sign)
			blocks[sum] = append(blocks[sum], at)
		}
	}
	known := map[[2]int32]bool{}
	var pairs []pair
	for _, block := range blocks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(block) < 2 || len(block) > maxBlock {
			continue
		}
		for i, a := range block {
			for _, b := range block[i+1:] {
				if a == b || known[[2]int32{a, b}] {
					continue
				}
				known[[2]int32{a, b}] = true
				if score, _ := visitor.Similarity(people[a], people[b]); score >= MinDuplicateScore {
					pairs = append(pairs, pair{people[a].ID, people[b].ID, score})
				}
			}
		}
	}
	return pairs, nil
}

// slim returns the part of v that visitor.Similarity reads.
func slim(v visitor.Visitor) visitor.Visitor {
	s := visitor.Visitor{ID: v.ID, Name: v.Name, Email: v.Email, Phone: v.Phone, Identities: v.Identities}
	for _, field := range []string{"name", "email", "phone"} {
		if o := v.Provenance[field]; o.Placeholder || o.Unverified {
			if s.Provenance == nil {
				s.Provenance = visitor.Provenances{}
			}
			s.Provenance[field] = o
		}
	}
	return s
}

// signs returns keys of which two similar visitors have at least one in common: phone,
// e-mail, all words of the name, or one word with the initials of the others.
func signs(v visitor.Visitor) []string {
	var signs []string
	if v.Phone != "" {
		signs = append(signs, "phone "+v.Phone)
	}
	if v.Email != "" {
		signs = append(signs, "email "+text.Fold(v.Email))
	}
	words := visitor.NameWords(v.Name)
	if v.Placeholder() || len(words) < 2 || len(words) > maxWords {
		return signs
	}
	signs = append(signs, "name "+strings.Join(words, " "))
	for i, word := range words {
		var initials []string
		for j, other := range words {
			if j != i {
				initials = append(initials, string([]rune(other)[:1]))
			}
		}
		slices.Sort(initials)
		signs = append(signs, "near "+word+" "+strings.Join(initials, " "))
	}
	return signs
}

// maxWords is the number of words of a name that is compared.
const maxWords = 5
