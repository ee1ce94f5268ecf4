package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// changeLies are about what is changed.
var changeLies = []lie{
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
	{"keeps a rule that is bound already, as what it matches now", "Group/a rule that mentions groups or is bound already is refused", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if c, ok := c.(store.CreateGroup); ok {
				if _, isBound := c.Group.Rule.(filter.Bound); isBound {
					c.Group.Rule = filter.None()
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
}
