package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// TestHonest tries every promise on honest stores as TestBroken does on lying ones.
func TestHonest(t *testing.T) {
	t.Parallel()
	for name, st := range map[string]store.Store{"memory": memory.New(), "a liar that does not lie": newLiar()} {
		s := newSuite(st, quick)
		for _, a := range areas() {
			for _, p := range a.promises {
				r := record(t, s, p)
				require.False(t, r.Failed(), "%s: %s/%s: %s", name, a.name, p.name, strings.Join(r.lines, "\n"))
			}
		}
	}
}

// TestBroken tries a promise on a store that breaks it.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, lie := range lies {
		t.Run(lie.name, func(t *testing.T) {
			t.Parallel()
			area, name, _ := strings.Cut(lie.broken, "/")
			p, ok := find(area, name)
			require.True(t, ok, "no promise %q", lie.broken)
			st := newLiar()
			lie.tell(st)
			r := record(t, newSuite(st, effort{rows: 1_200, cases: 50, rounds: 20}), p)
			require.True(t, r.Failed(), "the suite has not caught it by %q", lie.broken)
			require.Contains(t, r.lines, "why: "+p.why)
			t.Log(strings.Join(r.lines, "\n"))
		})
	}
}

func find(areaName, name string) (promise, bool) {
	for _, a := range areas() {
		for _, p := range a.promises {
			if a.name == areaName && p.name == name {
				return p, true
			}
		}
	}
	return promise{}, false
}

// TestNames: every promise has a name of its own that tells something, and a reason.
func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range areas() {
		require.NotEmpty(t, a.promises, a.name)
		for _, p := range a.promises {
			require.False(t, seen[p.name], "%q twice", p.name)
			seen[p.name] = true
			require.Greater(t, len(strings.Fields(p.name)), 2, p.name)
			require.True(t, strings.HasSuffix(p.why, "."), p.why)
		}
	}
}

// lies are stores that lie, each with a promise that has to catch it.
var lies = []struct {
	name   string
	broken string
	tell   func(*liar)
}{
	{"ignores the workspace", "Visitor/a visitor with a name and a source alone reads as it was created", func(l *liar) {
		l.inWorkspace(func(ws) ws { return "one" })
	}},
	{"takes workspaces of another case for one", "Workspace/names of workspaces that look alike are different workspaces", func(l *liar) {
		l.inWorkspace(func(w ws) ws { return ws(strings.ToLower(string(w))) })
	}},
	{"cuts the names of workspaces", "Workspace/names of workspaces that look alike are different workspaces", func(l *liar) {
		l.inWorkspace(func(w ws) ws { return w[:min(len(w), 60)] })
	}},
	{"deletes in every workspace", "Delete/deleting what is not there is no error", func(l *liar) {
		seen := map[ws]bool{}
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			seen[w] = true
			for _, c := range changes {
				if _, ok := c.(store.DeleteVisitor); ok {
					for other := range seen {
						if other != w {
							_, _ = l.honest.Apply(ctx, other, []store.Change{c})
						}
					}
				}
			}
			return l.honest.Apply(ctx, w, changes)
		}
	}},
	{"drops who lacks a value from the opposite of a condition", "Filter/a visitor without a value matches no condition on it, and its opposite always", func(l *liar) {
		l.match(func(n filter.Node) bool { _, ok := n.(filter.Inverse); return ok }, func(n filter.Node, v visitor.Visitor) bool {
			t, ok := n.(filter.Inverse).Of.(*filter.Test)
			missing := ok && (t.Field.Name == "email" && v.Email == "" || t.Field.Name == "phone" && v.Phone == "" || t.Field.Name == "seen" && v.LastSeenAt.IsZero())
			return !missing && !matchNode(n.(filter.Inverse).Of, v)
		})
	}},
	{"compares a text attribute that looks like a number as one", "Filter/attributes are compared as the kind they are", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && t.Kind == filter.NumberValue
		}, func(n filter.Node, v visitor.Visitor) bool {
			t := n.(*filter.Test)
			var number float64
			if _, err := fmt.Sscan(v.Attributes[t.Attr].String(), &number); err != nil {
				return false
			}
			return number >= t.MinNumber && number <= t.MaxNumber
		})
	}},
	{"leaves out who was created at the first instant of a range", "Filter/times are compared to the microsecond", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && t.Field.Name == "created" && t.Op == filter.OpBetween
		}, func(n filter.Node, v visitor.Visitor) bool {
			return matchNode(n, v) && v.CreatedAt.UnixMicro() != n.(*filter.Test).Min
		})
	}},
	{"counts one too many", "Filter/sources, tags and groups", func(l *liar) {
		l.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := l.honest.CountVisitors(ctx, w, where, limit)
			if n == 3 {
				n++
			}
			return n, err
		}
	}},
	{"stops counting before the limit", "Filter/a count may stop at its limit and not before", func(l *liar) {
		l.count = func(ctx context.Context, w ws, where filter.Bound, limit int64) (int64, error) {
			n, err := l.honest.CountVisitors(ctx, w, where, limit)
			if limit > 0 {
				n = min(n, limit-1)
			}
			return n, err
		}
	}},
	{"ignores a tag in a list of more than 100 values", "Filter/the largest filters that are allowed run", func(l *liar) {
		l.match(func(n filter.Node) bool {
			t, ok := n.(*filter.Test)
			return ok && len(t.Texts) > 100
		}, func(n filter.Node, v visitor.Visitor) bool {
			t := *n.(*filter.Test)
			t.Texts = t.Texts[100:]
			return matchNode(&t, v)
		})
	}},
	{"forgets exclusions from a rule", "Member/a rule makes members, hands put in and take out", func(l *liar) {
		l.match(func(n filter.Node) bool { _, ok := n.(filter.AnyOf); return ok }, func(n filter.Node, v visitor.Visitor) bool {
			v.Excluded = nil
			return matchNode(n, v)
		})
	}},
	{"searches by case", "Search/a search finds parts of names and e-mails and digits of phones", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if !strings.Contains(v.Name+"\n"+v.Email, t.Text) && (t.Digits == "" || !strings.Contains(v.Phone, t.Digits)) {
					return false
				}
			}
			return true
		})
	}},
	{"takes % and _ for patterns", "Search/signs that mean something to databases are found as they are", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if !like(text.Fold(v.Name), "%"+t.Text+"%") && !matchNode(filter.Terms{t}, v) {
					return false
				}
			}
			return true
		})
	}},
	{"searches across name and e-mail", "Search/a search does not run from one value into the next", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if !strings.Contains(text.Fold(v.Name+v.Email), t.Text) && !matchNode(filter.Terms{t}, v) {
					return false
				}
			}
			return true
		})
	}},
	{"finds nothing by less than three letters", "Search/a search of one letter, of two and of a whole name all work", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			return matchNode(n, v) && !slices.ContainsFunc(n.(filter.Terms), func(t filter.Term) bool { return len(t.Text) < 3 })
		})
	}},
	{"finds the digits of a name as a phone", "Search/digits in a name are not a phone number, nor the other way round", func(l *liar) {
		l.match(isTerms, func(n filter.Node, v visitor.Visitor) bool {
			for _, t := range n.(filter.Terms) {
				if t.Digits != "" && strings.Contains(v.Name, t.Digits) {
					return true
				}
			}
			return matchNode(n, v)
		})
	}},
	{"finds the deleted", "Delete/a deleted visitor is gone from every way of reading", func(l *liar) {
		deleted := map[ws][]visitor.Visitor{}
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			for _, c := range changes {
				if c, ok := c.(store.DeleteVisitor); ok {
					if v, err := l.honest.GetVisitor(ctx, w, c.ID); err == nil {
						deleted[w] = append(deleted[w], v)
					}
				}
			}
			return l.honest.Apply(ctx, w, changes)
		}
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			if isTerms(s.Where.Node()) {
				found = append(found, matching(s.Where, s.Order, deleted[w])...)
			}
			return found, err
		}
	}},
	{"leaves the tags of the deleted behind", "Delete/what has the id of a deleted visitor inherits nothing", func(l *liar) {
		left := map[visitor.ID][]string{}
		l.onChange(func(ctx context.Context, w ws, c store.Change) []store.Change {
			switch c := c.(type) {
			case store.DeleteVisitor:
				v, _ := l.honest.GetVisitor(ctx, w, c.ID)
				for _, t := range v.Tags {
					left[c.ID] = append(left[c.ID], tag.Key(t.Name))
				}
			case store.CreateVisitor:
				c.Tags = append(c.Tags, left[c.Visitor.ID]...)
				return []store.Change{c}
			}
			return []store.Change{c}
		})
	}},
	{"keeps the identities of the deleted", "Delete/the identities of a deleted visitor are free again", func(l *liar) {
		taken := map[visitor.Identity]visitor.ID{}
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			for i, c := range changes {
				switch c := c.(type) {
				case store.DeleteVisitor:
					v, _ := l.honest.GetVisitor(ctx, w, c.ID)
					for _, i := range v.Identities {
						taken[i] = v.ID
					}
				case store.CreateVisitor:
					for _, identity := range c.Visitor.Identities {
						if owner, ok := taken[identity]; ok {
							return nil, &store.ChangeError{Index: i, Err: store.Taken("identity", string(owner))}
						}
					}
				}
			}
			return l.honest.Apply(ctx, w, changes)
		}
	}},
	{"takes identities of another case for one", "Identity/identities differ by source, by account and by every letter", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.CreateVisitor); ok {
				c.Visitor.Identities = slices.Clone(c.Visitor.Identities)
				for i := range c.Visitor.Identities {
					c.Visitor.Identities[i].ExternalID = strings.ToLower(c.Visitor.Identities[i].ExternalID)
				}
				return []store.Change{c}
			}
			return []store.Change{c}
		})
	}},
	{"takes tags of another case for two", "Tag/spellings of one name are one tag", func(l *liar) {
		l.onChange(func(ctx context.Context, w ws, c store.Change) []store.Change {
			if e, ok := c.(store.EnsureTag); ok {
				if there, _ := l.honest.ListTags(ctx, w, store.List{Keys: []string{tag.Key(e.Tag.Name)}}); there != nil && there[0].Name != e.Tag.Name {
					e.Tag.Name += " 2"
				}
				return []store.Change{e}
			}
			return []store.Change{c}
		})
	}},
	{"puts a tag on anew that is there", "Tag/a tag that is put on tells when, by whom and why, for the first time it was put on", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.AddTags); ok {
				return []store.Change{store.RemoveTags{ID: c.ID, Tags: c.Tags, At: c.At}, c}
			}
			return []store.Change{c}
		})
	}},
	{"leaves out who is missing when it tags many", "Tag/tagging a visitor that is not there is told, not an error", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			outcomes, err := l.honest.Apply(ctx, w, changes)
			for i, o := range outcomes {
				if o.Effect == store.Missing {
					return nil, &store.ChangeError{Index: i, Err: store.Missed("visitor", "")}
				}
			}
			return outcomes, err
		}
	}},
	{"shows a tag by the name it was put on with", "Tag/a renamed tag stays on everybody who carries it", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			for i, t := range v.Tags {
				if t.Name == "Best" {
					v.Tags[i].Name = "vip"
				}
			}
		})
	}},
	{"touches the profile when it tags", "Tag/tags touch neither revision nor time of a visitor", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.AddTags); ok {
				return []store.Change{store.UpdateVisitor{ID: c.ID, Patch: visitor.Patch{Set: visitor.Attributes{"x": visitor.Number(1)}}, At: c.At}, c}
			}
			return []store.Change{c}
		})
	}},
	{"loses rules of groups", "Group/a group reads as it was created, with its rule", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.CreateGroup); ok {
				c.Group.Rule = nil
				return []store.Change{c}
			}
			return []store.Change{c}
		})
	}},
	{"deletes the members with the group", "Group/a deleted group has no members, who stay visitors", func(l *liar) {
		l.onChange(func(ctx context.Context, w ws, c store.Change) []store.Change {
			d, ok := c.(store.DeleteGroup)
			if !ok {
				return []store.Change{c}
			}
			var changes []store.Change
			members, _ := l.honest.FindVisitors(ctx, w, store.Select{Where: bound(filter.All()), Order: store.NewestFirst, Limit: 1_000})
			for _, v := range members {
				if slices.Contains(v.Groups, d.ID) {
					changes = append(changes, store.DeleteVisitor{ID: v.ID, At: d.At})
				}
			}
			return append(changes, c)
		})
	}},
	{"lists by the letters of names", "List/tags come in the order of their keys, page after page", func(l *liar) {
		l.tags = func(ctx context.Context, w ws, list store.List) ([]tag.Tag, error) {
			tags, err := l.honest.ListTags(ctx, w, list)
			slices.SortFunc(tags, func(a, b tag.Tag) int { return strings.Compare(a.Name, b.Name) })
			return tags, err
		}
	}},
	{"lists no more than 500 of the wanted", "List/a thousand tags are listed by key and by id at once", func(l *liar) {
		l.tags = func(ctx context.Context, w ws, list store.List) ([]tag.Tag, error) {
			list.Keys = list.Keys[:min(len(list.Keys), 500)]
			return l.honest.ListTags(ctx, w, list)
		}
	}},
	{"pages by number", "Page/pages neither skip nor repeat who stays while others come, change and go", func(l *liar) {
		type place struct {
			w     ws
			order store.Order
			id    visitor.ID
		}
		next := map[place]int{} // how many came before and with this one
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			offset := 0
			if s.After != nil {
				offset = next[place{w, s.Order, s.After.ID}]
			}
			limit := s.Limit
			s.After, s.Limit = nil, 100_000
			found, err := l.honest.FindVisitors(ctx, w, s)
			page := found[min(offset, len(found)):min(offset+limit, len(found))]
			if len(page) > 0 {
				next[place{w, s.Order, page[len(page)-1].ID}] = offset + len(page)
			}
			return page, err
		}
	}},
	{"forgets the id of a position", "Page/thousands with the same time and the same name come page by page, each once", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			if key, descending, _ := s.Order.Key(); s.After != nil && key != store.ByID {
				after := *s.After
				if after.ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"; descending {
					after.ID = "00000000-0000-0000-0000-000000000000"
				}
				s.After = &after
			}
			return l.honest.FindVisitors(ctx, w, s)
		}
	}},
	{"breaks ties always the same way", "Page/each order is total and the same everywhere", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			slices.SortStableFunc(found, func(a, b visitor.Visitor) int {
				x, y := store.PositionOf(s.Order, a), store.PositionOf(s.Order, b)
				if key, _, _ := s.Order.Key(); key != store.ByID && x.Name == y.Name && x.Micros == y.Micros {
					return strings.Compare(string(a.ID), string(b.ID))
				}
				return 0
			})
			return found, err
		}
	}},
	{"starts a page at its position", "Page/a page starts strictly after its position", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			if s.After != nil && err == nil {
				if v, err := l.honest.GetVisitor(ctx, w, s.After.ID); err == nil {
					found = append([]visitor.Visitor{v}, found...)
				}
			}
			return found[:min(len(found), s.Limit)], err
		}
	}},
	{"starts over after a position that nobody has", "Page/a position need not be that of a visitor", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			if s.After != nil {
				if _, err := l.honest.GetVisitor(ctx, w, s.After.ID); err != nil {
					s.After = nil
				}
			}
			return l.honest.FindVisitors(ctx, w, s)
		}
	}},
	{"sorts the never seen last", "Page/a visitor never seen comes before all that were seen", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			if s.Order == store.LeastRecentlySeen {
				slices.SortStableFunc(found, func(a, b visitor.Visitor) int {
					if a.LastSeenAt.IsZero() == b.LastSeenAt.IsZero() {
						return 0
					} else if a.LastSeenAt.IsZero() {
						return 1
					}
					return -1
				})
			}
			return found, err
		}
	}},
	{"leaves half of a batch", "Apply/changes are made all or none, wherever one fails", func(l *liar) {
		l.apply = oneByOne(l)
	}},
	{"shows half of a batch", "Concurrency/a reader sees all of a call or nothing of it", func(l *liar) {
		l.apply = oneByOne(l)
	}},
	{"does not see the changes before", "Apply/changes see the changes before them", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			for i, c := range changes {
				if c, ok := c.(store.CreateVisitor); ok {
					for _, key := range c.Tags {
						if there, err := l.honest.ListTags(ctx, w, store.List{Keys: []string{key}}); err == nil && there == nil {
							return nil, &store.ChangeError{Index: i, Err: store.Missed("tag", "")}
						}
					}
				}
			}
			return l.honest.Apply(ctx, w, changes)
		}
	}},
	{"blames the first change", "Apply/changes are made all or none, wherever one fails", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			outcomes, err := l.honest.Apply(ctx, w, changes)
			var at *store.ChangeError
			if errors.As(err, &at) {
				at.Index = 0
			}
			return outcomes, err
		}
	}},
	{"says not found without the sentinel", "Visitor/an id that no visitor has is not found", func(l *liar) {
		l.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			v, err := l.honest.GetVisitor(ctx, w, id)
			if err != nil {
				err = errors.New("sql: no rows in result set")
			}
			return v, err
		}
	}},
	{"repeats the identity in an error", "Delete/errors about visitors hold nothing of a person", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			outcomes, err := l.honest.Apply(ctx, w, changes)
			if c, ok := changes[0].(store.CreateVisitor); ok && err != nil {
				err = fmt.Errorf("insert %s: %w", c.Visitor.Email, err)
			}
			return outcomes, err
		}
	}},
	{"takes any revision", "Revision/an update of another revision is refused", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.UpdateVisitor); ok {
				c.Patch.IfRevision = 0
				return []store.Change{c}
			}
			return []store.Change{c}
		})
	}},
	{"looks at a revision before it writes", "Revision/of writers with one revision one wins", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			if c, ok := changes[0].(store.UpdateVisitor); ok && c.Patch.IfRevision != 0 {
				v, err := l.honest.GetVisitor(ctx, w, c.ID)
				if err == nil && v.Revision != c.Patch.IfRevision {
					return nil, &store.ChangeError{Err: &store.Error{Kind: "visitor", Key: string(c.ID), Err: store.ErrConflict}}
				}
				time.Sleep(time.Millisecond)
				c.Patch.IfRevision = 0
				changes = []store.Change{c}
			}
			return l.honest.Apply(ctx, w, changes)
		}
	}},
	{"counts a revision for an update that changes nothing", "Visitor/an update that changes nothing changes neither revision nor time", func(l *liar) {
		l.onChange(func(ctx context.Context, w ws, c store.Change) []store.Change {
			u, ok := c.(store.UpdateVisitor)
			if !ok {
				return []store.Change{c}
			}
			touch := visitor.Patch{Set: visitor.Attributes{"touched": visitor.Bool(true)}}
			undo := visitor.Patch{Unset: []string{"touched"}}
			return []store.Change{c, store.UpdateVisitor{ID: u.ID, Patch: touch, At: u.At}, store.UpdateVisitor{ID: u.ID, Patch: undo, At: u.At}}
		})
	}},
	{"reads what was before", "Visitor/what is written is read at once, by every way of reading", func(l *liar) {
		type page struct {
			found []visitor.Visitor
			stale bool
		}
		pages := map[string]*page{}
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			key := fmt.Sprintf("%s %#v", w, s)
			if p, ok := pages[key]; ok && p.stale {
				p.stale = false
				return p.found, nil
			}
			found, err := l.honest.FindVisitors(ctx, w, s)
			pages[key] = &page{found, true}
			return found, err
		}
	}},
	{"tells of a change that was none", "Events/a change without an effect appends no event", func(l *liar) {
		l.rewrite(func(events []store.Event, outcomes []store.Outcome) []store.Event {
			for _, o := range outcomes {
				if o.Effect == store.Unchanged {
					events = append(events, store.Event{Kind: store.VisitorUpdated})
				}
			}
			return events
		})
	}},
	{"does not tell of leaving", "Events/every change with an effect appends one event that says what it did", func(l *liar) {
		l.rewrite(func(events []store.Event, _ []store.Outcome) []store.Event {
			return slices.DeleteFunc(events, func(e store.Event) bool { return e.Kind == store.VisitorLeft })
		})
	}},
	{"uses up a number when a call fails", "Apply/what a failed call named is free, and events leave no gap", func(l *liar) {
		gap := store.Seq(0)
		l.rewrite(func(events []store.Event, outcomes []store.Outcome) []store.Event {
			if outcomes == nil {
				gap++
			}
			for i := range events {
				events[i].Seq = gap
			}
			return events
		})
	}},
	{"names the fields of an update in no order", "Events/every change with an effect appends one event that says what it did", func(l *liar) {
		l.rewrite(func(events []store.Event, _ []store.Outcome) []store.Event {
			for _, e := range events {
				slices.Reverse(e.Fields)
			}
			return events
		})
	}},
	{"reads one event more than asked for", "Events/events are read page by page from any number", func(l *liar) {
		l.events = func(ctx context.Context, w ws, after store.Seq, limit int) ([]store.Event, error) {
			return l.honest.Events(ctx, w, after, limit+1)
		}
	}},
	{"keeps the name in the events", "Events/events outlive the visitor and hold nothing of a person", func(l *liar) {
		l.rewrite(func(events []store.Event, outcomes []store.Outcome) []store.Event {
			for i, o := range outcomes {
				if len(events) == len(outcomes) && o.Visitor.Name != "" {
					events[i].Fields = append(events[i].Fields, o.Visitor.Name)
				}
			}
			return events
		})
	}},
	{"cuts times to seconds", "Time/times read to the microsecond, in UTC", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) { v.LastSeenAt = v.LastSeenAt.Truncate(time.Second) })
	}},
	{"reads times in local time", "Time/times read to the microsecond, in UTC", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) { v.CreatedAt = v.CreatedAt.In(time.FixedZone("here", 0)) })
	}},
	{"stamps by its own clock", "Time/times of changes are kept, not replaced by a clock", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.AddTags); ok {
				c.At = time.Now().UTC().Truncate(time.Microsecond)
				return []store.Change{c}
			}
			return []store.Change{c}
		})
	}},
	{"keeps numbers in 32 bits", "Time/numbers are kept bit for bit", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			for name, value := range v.Attributes {
				if value.Kind() == visitor.NumberKind {
					v.Attributes[name] = visitor.Number(float64(float32(value.Number())))
				}
			}
		})
	}},
	{"trims texts", "Text/every text that is allowed reads as it was written, wherever it stands", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			for i := range v.Tags {
				v.Tags[i].By = strings.TrimSpace(v.Tags[i].By)
			}
			if s := v.Attributes["lines"].Text(); s != "" {
				v.Attributes["lines"] = visitor.Text(strings.ReplaceAll(s, "\t", " "))
			}
		})
	}},
	{"cuts long names", "Text/the longest values that are allowed are kept whole", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) { v.Name = v.Name[:min(len(v.Name), 255)] })
	}},
	{"hands out what it keeps", "Copies/what a caller was given it may scribble on", func(l *liar) {
		kept := map[ws]map[visitor.ID]visitor.Visitor{}
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			delete(kept, w)
			return l.honest.Apply(ctx, w, changes)
		}
		l.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			if v, ok := kept[w][id]; ok {
				return v, nil
			}
			v, err := l.honest.GetVisitor(ctx, w, id)
			if kept[w] == nil {
				kept[w] = map[visitor.ID]visitor.Visitor{}
			}
			kept[w][id] = v
			return v, err
		}
	}},
	{"keeps what it was given", "Copies/what a caller gave it may use again", func(l *liar) {
		given := map[visitor.ID]visitor.Attributes{}
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			for _, c := range changes {
				if c, ok := c.(store.CreateVisitor); ok {
					given[c.Visitor.ID] = c.Visitor.Attributes
				}
			}
			return l.honest.Apply(ctx, w, changes)
		}
		l.onRead(func(v *visitor.Visitor) {
			if v.Revision == 1 {
				v.Attributes = given[v.ID].Clone()
			}
		})
	}},
	{"reads empty for nil", "Nil/lists of a visitor that are empty are nil", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			if v.Groups == nil {
				v.Groups = []group.ID{}
			}
		})
	}},
	{"finds empty for nil", "Nil/results without anything are nil", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			found, err := l.honest.FindVisitors(ctx, w, s)
			return append([]visitor.Visitor{}, found...), err
		}
	}},
	{"does not look at the context", "Context/a context that has ended ends every call, and changes nothing", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			return l.honest.Apply(context.WithoutCancel(ctx), w, changes)
		}
	}},
	{"writes although the context has ended", "Context/a context that has ended ends every call, and changes nothing", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			outcomes, err := l.honest.Apply(context.WithoutCancel(ctx), w, changes)
			return outcomes, errors.Join(err, ctx.Err())
		}
	}},
	{"makes a tag for each who names it at once", "Concurrency/those who name one new tag at once get one tag", func(l *liar) {
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			e, ok := changes[0].(store.EnsureTag)
			if !ok {
				return l.honest.Apply(ctx, w, changes)
			}
			there, _ := l.honest.ListTags(ctx, w, store.List{Keys: []string{tag.Key(e.Tag.Name)}})
			time.Sleep(time.Millisecond)
			if there == nil {
				e.Tag.Name += fmt.Sprint(" ", e.Tag.ID)
			}
			return l.honest.Apply(ctx, w, []store.Change{e})
		}
	}},
	{"works on after closing", "Close/every call after closing says so", func(l *liar) {
		l.close = func() error { return nil }
	}},
	{"cannot be closed twice", "Close/closing twice is no error", func(l *liar) {
		closed := false
		l.close = func() error {
			if closed {
				return store.ErrClosed
			}
			closed = true
			return l.honest.Close()
		}
	}},
	{"misses one condition of many", "Random/random filters find whom filter.Match matches, in every order", func(l *liar) {
		l.match(func(n filter.Node) bool { a, ok := n.(filter.AllOf); return ok && len(a) > 2 }, func(n filter.Node, v visitor.Visitor) bool {
			return matchNode(n.(filter.AllOf)[:2], v)
		})
	}},
	{"forgets one in a while to take a tag off", "Random/random changes do what a plain model of a store does", func(l *liar) {
		n := 0
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.RemoveTags); ok && len(c.Tags) > 1 {
				if n++; n%2 == 0 {
					c.Tags = c.Tags[:1]
					return []store.Change{c}
				}
			}
			return []store.Change{c}
		})
	}},
	{"gives cursors that hold for a moment", "Handle/pages follow each other by their cursors and hold everybody once", func(l *liar) {
		l.find = func(ctx context.Context, w ws, s store.Select) ([]visitor.Visitor, error) {
			if s.After != nil && s.Order == store.NameZA {
				return nil, nil
			}
			return l.honest.FindVisitors(ctx, w, s)
		}
	}},
}
