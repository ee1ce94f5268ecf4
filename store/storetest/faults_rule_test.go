package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// onInUse replaces what happens when a change is refused because rules mention something.
func (f *faultyStore) onInUse(edit func(w ws, changes []driver.Change, at int, e *driver.InUseError) ([]driver.Change, error)) {
	f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		outcomes, err := f.correct.Apply(ctx, w, changes)
		var at *driver.ChangeError
		var used *driver.InUseError
		if !errors.As(err, &at) || !errors.As(err, &used) {
			return outcomes, err
		}
		changes, err = edit(w, changes, at.Index, used)
		if err != nil {
			return nil, &driver.ChangeError{Index: at.Index, Err: err}
		}
		added := len(changes)
		if outcomes, err = f.correct.Apply(ctx, w, changes); err == nil {
			outcomes = outcomes[added-len(outcomes):]
		}
		return outcomes, err
	}
}

// clearRules returns the changes preceded by those that clear the rules of groups.
func clearRules(groups []group.ID, changes []driver.Change) []driver.Change {
	var all []driver.Change
	for _, id := range groups {
		all = append(all, driver.UpdateGroup{ID: id, Patch: group.Patch{ClearRule: true}})
	}
	return append(all, changes...)
}

// withoutChecks makes a change with a rule although it is refused for a reason that contains
// the text.
func (f *faultyStore) withoutChecks(reason string) {
	f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
		outcomes, err := f.correct.Apply(ctx, w, changes)
		if err == nil || !strings.Contains(err.Error(), reason) {
			return outcomes, err
		}
		changes = slices.Clone(changes)
		for i, c := range changes {
			switch c := c.(type) {
			case driver.CreateGroup:
				c.Group.Rule = filter.All()
				changes[i] = c
			case driver.UpdateGroup:
				c.Patch.Rule = filter.All()
				changes[i] = c
			}
		}
		return f.correct.Apply(ctx, w, changes)
	}
}

// isGroupTest reports whether a node tests membership in groups.
func isGroupTest(n bound.Node) bool {
	t, ok := n.(*bound.Test)
	return ok && t.Field.Kind == bound.GroupKind && t.Op != bound.OpExcluded
}

// ruleFaults are in rules, and in calls of several changes.
var ruleFaults = []fault{
	{"ignores negated groups in a rule", "Rule/a rule may mention groups without a rule, and its members are exact", func(f *faultyStore) {
		var without func(bound.Node) bound.Node
		without = func(n bound.Node) bound.Node {
			switch n := n.(type) {
			case bound.AllOf:
				var kept bound.AllOf
				for _, child := range n {
					if not, ok := child.(bound.Negation); !ok || !isGroupTest(not.Of) {
						kept = append(kept, without(child))
					}
				}
				return kept
			case bound.AnyOf:
				var kept bound.AnyOf
				for _, child := range n {
					kept = append(kept, without(child))
				}
				return kept
			}
			return n
		}
		f.match(func(n bound.Node) bool { _, ok := n.(bound.AnyOf); return ok }, func(n bound.Node, v visitor.Visitor) bool {
			return matchNode(without(n), v)
		})
	}},
	{"accepts rules that mention a missing tag", "Rule/a rule that mentions a missing tag or group is refused", func(f *faultyStore) {
		f.withoutChecks("a tag that does not exist")
	}},
	{"accepts rules that mention a missing group", "Rule/a rule that mentions a missing tag or group is refused", func(f *faultyStore) {
		f.withoutChecks("a group that does not exist")
	}},
	{"accepts rules that mention a group with a rule", "Rule/a rule that mentions a group with a rule is refused, also its own group", func(f *faultyStore) {
		f.withoutChecks("a group that has a rule")
	}},
	{"gives a rule to a group that a rule mentions", "Rule/a group that a rule mentions cannot get a rule", func(f *faultyStore) {
		f.onInUse(func(_ ws, changes []driver.Change, at int, e *driver.InUseError) ([]driver.Change, error) {
			if _, ok := changes[at].(driver.UpdateGroup); !ok {
				return changes, e
			}
			return clearRules(e.Groups, changes), nil
		})
	}},
	{"deletes tags that rules mention", "InUse/a tag that a rule mentions cannot be deleted", func(f *faultyStore) {
		f.onInUse(func(_ ws, changes []driver.Change, _ int, e *driver.InUseError) ([]driver.Change, error) {
			return clearRules(e.Groups, changes), nil
		})
	}},
	{"deletes groups that rules mention", "InUse/a group that a rule mentions cannot be deleted", func(f *faultyStore) {
		f.onInUse(func(_ ws, changes []driver.Change, _ int, e *driver.InUseError) ([]driver.Change, error) {
			return clearRules(e.Groups, changes), nil
		})
	}},
	{"lists only one of the groups whose rules mention a tag", "InUse/a tag that a rule mentions cannot be deleted", func(f *faultyStore) {
		f.onInUse(func(_ ws, changes []driver.Change, _ int, e *driver.InUseError) ([]driver.Change, error) {
			return nil, &driver.InUseError{Kind: e.Kind, Groups: e.Groups[:1]}
		})
	}},
	{"does not find a group deep in a rule", "InUse/a group that a rule mentions cannot be deleted", func(f *faultyStore) {
		f.onInUse(func(w ws, changes []driver.Change, _ int, e *driver.InUseError) ([]driver.Change, error) {
			deep := func(id group.ID) bool {
				found, _ := f.correct.ListGroups(context.Background(), w, driver.List{IDs: []string{string(id)}})
				_, and := found[0].Rule.(filter.AndExpr)
				return and
			}
			return nil, &driver.InUseError{Kind: e.Kind, Groups: slices.DeleteFunc(slices.Clone(e.Groups), deep)}
		})
	}},
	{"makes the changes before the one that it refuses", "InUse/a tag that a rule mentions cannot be deleted", func(f *faultyStore) {
		f.apply = oneByOne(f)
	}},
	{"does not see that a rule was changed", "InUse/what no rule mentions any more can be deleted", func(f *faultyStore) {
		users := map[ws][]group.ID{}
		f.onInUse(func(w ws, _ []driver.Change, _ int, e *driver.InUseError) ([]driver.Change, error) {
			if users[w] == nil {
				users[w] = e.Groups
			}
			return nil, &driver.InUseError{Kind: e.Kind, Groups: users[w]}
		})
	}},
	{"returns the sentinel alone", "InUse/a Workspace returns a *store.InUseError with the groups", func(f *faultyStore) {
		f.onInUse(func(ws, []driver.Change, int, *driver.InUseError) ([]driver.Change, error) {
			return nil, driver.ErrInUse
		})
	}},
	{"checks rules before it deletes a tag", "Concurrency/concurrent changes that create a rule and remove what it mentions do not both succeed", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			d, ok := changes[0].(driver.DeleteTag)
			if !ok {
				return f.correct.Apply(ctx, w, changes)
			}
			users := func() (users []group.ID) {
				groups, _ := f.correct.ListGroups(ctx, w, driver.List{})
				for _, g := range groups {
					if g.Rule != nil && slices.Contains(filter.References(g.Rule).TagIDs, d.ID) {
						users = append(users, g.ID)
					}
				}
				return users
			}
			if mentioned := users(); mentioned != nil {
				return nil, &driver.ChangeError{Err: &driver.InUseError{Kind: "tag", Groups: mentioned}}
			}
			time.Sleep(time.Millisecond)
			changes = clearRules(users(), changes)
			outcomes, err := f.correct.Apply(ctx, w, changes)
			return outcomes[max(0, len(outcomes)-1):], err
		}
	}},
	{"looks for the visitor before the group", "Membership/a missing visitor is Missing and a missing group ErrNotFound, also if both are missing", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			if c, ok := changes[0].(driver.RemoveFromGroup); ok && len(changes) == 1 {
				if _, err := f.correct.GetVisitor(ctx, w, c.ID); errors.Is(err, driver.ErrNotFound) {
					return []driver.Outcome{{Effect: driver.Missing}}, nil
				}
			}
			return f.correct.Apply(ctx, w, changes)
		}
	}},
	{"makes deletions last", "Random/many random changes in one call have the same result as one at a time", deletionsLast},
	{"writes deletions at the end of a call", "Delete/a visitor that is deleted and created again in one call inherits nothing", deletionsLast},
	{"keeps a tag that is removed and added again in one call", "Apply/an item that is removed and added again in one call has its new data", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			if len(changes) == 2 {
				_, removes := changes[0].(driver.RemoveTags)
				if _, adds := changes[1].(driver.AddTags); removes && adds {
					return []driver.Outcome{{Effect: driver.Updated}, {Effect: driver.Updated}}, ctx.Err()
				}
			}
			return f.correct.Apply(ctx, w, changes)
		}
	}},
	{"gives a merged id to another visitor", "Merge/a merged id cannot be used for another visitor", func(f *faultyStore) {
		f.onChange(func(ctx context.Context, w ws, c driver.Change) []driver.Change {
			create, ok := c.(driver.CreateVisitor)
			if !ok {
				return []driver.Change{c}
			}
			if v, err := f.correct.GetVisitor(ctx, w, create.Visitor.ID); err == nil && v.ID != create.Visitor.ID {
				return []driver.Change{driver.UnmergeVisitor{From: create.Visitor.ID}, driver.DeleteVisitor{ID: create.Visitor.ID}, c}
			}
			return []driver.Change{c}
		})
	}},
}

// deletionsLast makes the deletions of a call after its other changes.
func deletionsLast(f *faultyStore) {
	f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
		order := make([]int, len(changes))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			last := func(i int) int {
				if _, ok := changes[i].(driver.DeleteVisitor); ok {
					return 1
				}
				return 0
			}
			return last(a) - last(b)
		})
		var sorted []driver.Change
		for _, i := range order {
			sorted = append(sorted, changes[i])
		}
		out, err := f.correct.Apply(ctx, w, sorted)
		if err != nil {
			return nil, fmt.Errorf("in another order: %w", err)
		}
		outcomes := make([]driver.Outcome, len(out))
		for i, from := range order {
			outcomes[from] = out[i]
		}
		return outcomes, nil
	}
}
