package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// changeFaults are in changes.
var changeFaults = []fault{
	{"deletes in every workspace", "Delete/deleting a missing visitor is not an error", func(f *faultyStore) {
		seen := map[ws]bool{}
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			seen[w] = true
			for _, c := range changes {
				if _, ok := c.(driver.DeleteVisitor); ok {
					for other := range seen {
						if other != w {
							_, _ = f.correct.Apply(ctx, other, []driver.Change{c})
						}
					}
				}
			}
			return f.correct.Apply(ctx, w, changes)
		}
	}},
	{"finds deleted visitors", "Delete/a deleted visitor is gone from every read", func(f *faultyStore) {
		deleted := map[ws][]visitor.Visitor{}
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			for _, c := range changes {
				if c, ok := c.(driver.DeleteVisitor); ok {
					if v, err := f.correct.GetVisitor(ctx, w, c.ID); err == nil {
						deleted[w] = append(deleted[w], v)
					}
				}
			}
			return f.correct.Apply(ctx, w, changes)
		}
		f.find = func(ctx context.Context, w ws, s driver.Select) ([]visitor.Visitor, error) {
			found, err := f.correct.FindVisitors(ctx, w, s)
			if isTerms(s.Where.Node()) {
				found = append(found, matching(s.Where, s.Order, deleted[w])...)
			}
			return found, err
		}
	}},
	{"keeps the tags of deleted visitors", "Delete/a visitor with the id of a deleted one inherits nothing", func(f *faultyStore) {
		left := map[visitor.ID][]string{}
		f.onChange(func(ctx context.Context, w ws, c driver.Change) []driver.Change {
			switch c := c.(type) {
			case driver.DeleteVisitor:
				v, _ := f.correct.GetVisitor(ctx, w, c.ID)
				for _, t := range v.Tags {
					left[c.ID] = append(left[c.ID], tag.Key(t.Name))
				}
			case driver.CreateVisitor:
				c.Tags = append(c.Tags, left[c.Visitor.ID]...)
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"keeps the identities of deleted visitors", "Delete/the identities of a deleted visitor are free again", func(f *faultyStore) {
		taken := map[string]visitor.ID{} // by external id
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			for i, c := range changes {
				switch c := c.(type) {
				case driver.DeleteVisitor:
					v, _ := f.correct.GetVisitor(ctx, w, c.ID)
					for _, i := range v.Identities {
						taken[i.ExternalID] = v.ID
					}
				case driver.CreateVisitor:
					for _, identity := range c.Visitor.Identities {
						if owner, ok := taken[identity.ExternalID]; ok {
							return nil, &driver.ChangeError{Index: i, Err: driver.AlreadyExists("identity", string(owner))}
						}
					}
				}
			}
			return f.correct.Apply(ctx, w, changes)
		}
	}},
	{"ignores the case of identities", "Identity/identities differ by source, account and exact id", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.CreateVisitor); ok {
				c.Visitor.Identities = slices.Clone(c.Visitor.Identities)
				for i := range c.Visitor.Identities {
					c.Visitor.Identities[i].ExternalID = strings.ToLower(c.Visitor.Identities[i].ExternalID)
				}
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"distinguishes tags by case", "Tag/spellings of one name are one tag", func(f *faultyStore) {
		f.onChange(func(ctx context.Context, w ws, c driver.Change) []driver.Change {
			if e, ok := c.(driver.EnsureTag); ok {
				if there, _ := f.correct.ListTags(ctx, w, driver.List{Keys: []string{tag.Key(e.Tag.Name)}}); there != nil && there[0].Name != e.Tag.Name {
					e.Tag.Name += " 2"
				}
				return []driver.Change{e}
			}
			return []driver.Change{c}
		})
	}},
	{"replaces an assignment when the tag is added again", "Tag/a tag assignment has the time, actor and cause of the first assignment", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.AddTags); ok {
				return []driver.Change{driver.RemoveTags{ID: c.ID, Tags: c.Tags, Audit: driver.Audit{At: c.At}}, c}
			}
			return []driver.Change{c}
		})
	}},
	{"fails if a visitor that is tagged is missing", "Tag/tagging a missing visitor is Missing, not an error", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			outcomes, err := f.correct.Apply(ctx, w, changes)
			for i, o := range outcomes {
				if o.Effect == driver.Missing {
					return nil, &driver.ChangeError{Index: i, Err: driver.NotFound("visitor", "")}
				}
			}
			return outcomes, err
		}
	}},
	{"shows the old name of a renamed tag", "Tag/a renamed tag stays on its visitors", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			for i, t := range v.Tags {
				if t.Name == "Best" {
					v.Tags[i].Name = "vip"
				}
			}
		})
	}},
	{"counts tagging as an edit", "Tag/tags change neither revision nor update time of a visitor", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.AddTags); ok {
				return []driver.Change{driver.UpdateVisitor{ID: c.ID, Patch: visitor.Patch{Set: visitor.Attributes{"x": visitor.Number(1)}}, Audit: driver.Audit{At: c.At}}, c}
			}
			return []driver.Change{c}
		})
	}},
	{"loses rules of groups", "Group/a group reads as it was created, with its rule", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.CreateGroup); ok {
				c.Group.Rule = nil
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"deletes the members with the group", "Group/deleting a group ends its memberships and keeps the visitors", func(f *faultyStore) {
		f.onChange(func(ctx context.Context, w ws, c driver.Change) []driver.Change {
			d, ok := c.(driver.DeleteGroup)
			if !ok {
				return []driver.Change{c}
			}
			var changes []driver.Change
			members, _ := f.correct.FindVisitors(ctx, w, driver.Select{Where: bind(filter.All()), Order: driver.NewestFirst, Limit: 1_000})
			for _, v := range members {
				if v.MemberOf(d.ID) {
					changes = append(changes, driver.DeleteVisitor{ID: v.ID, Audit: driver.Audit{At: d.At}})
				}
			}
			return append(changes, c)
		})
	}},
	{"commits half of a call", "Apply/all changes of a call are made or none, wherever one fails", func(f *faultyStore) {
		f.apply = oneByOne(f)
	}},
	{"shows half of a call", "Concurrency/a reader sees all changes of a call or none", func(f *faultyStore) {
		f.apply = oneByOne(f)
	}},
	{"does not see earlier changes of a call", "Apply/a change sees the changes before it", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			for i, c := range changes {
				if c, ok := c.(driver.CreateVisitor); ok {
					for _, key := range c.Tags {
						if there, err := f.correct.ListTags(ctx, w, driver.List{Keys: []string{key}}); err == nil && there == nil {
							return nil, &driver.ChangeError{Index: i, Err: driver.NotFound("tag", "")}
						}
					}
				}
			}
			return f.correct.Apply(ctx, w, changes)
		}
	}},
	{"blames the first change", "Apply/all changes of a call are made or none, wherever one fails", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			outcomes, err := f.correct.Apply(ctx, w, changes)
			var at *driver.ChangeError
			if errors.As(err, &at) {
				at.Index = 0
			}
			return outcomes, err
		}
	}},
	{"repeats the identity in an error", "Delete/errors contain no personal data", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			outcomes, err := f.correct.Apply(ctx, w, changes)
			if c, ok := changes[0].(driver.CreateVisitor); ok && err != nil {
				err = fmt.Errorf("insert %s: %w", c.Visitor.Email, err)
			}
			return outcomes, err
		}
	}},
	{"ignores revisions", "Revision/an update based on another revision is refused", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.UpdateVisitor); ok {
				c.Patch.IfRevision = 0
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
	{"checks the revision before it locks", "Revision/exactly one of several concurrent writers with one revision succeeds", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			if c, ok := changes[0].(driver.UpdateVisitor); ok && c.Patch.IfRevision != 0 {
				v, err := f.correct.GetVisitor(ctx, w, c.ID)
				if err == nil && v.Revision != c.Patch.IfRevision {
					return nil, &driver.ChangeError{Err: &driver.Error{Kind: "visitor", Key: string(c.ID), Err: driver.ErrConflict}}
				}
				time.Sleep(time.Millisecond)
				c.Patch.IfRevision = 0
				changes = []driver.Change{c}
			}
			return f.correct.Apply(ctx, w, changes)
		}
	}},
	{"uses an event number for a failed call", "Apply/a failed call uses up no ids and no event numbers", func(f *faultyStore) {
		gap := driver.Seq(0)
		f.rewrite(func(events []driver.Event, outcomes []driver.Outcome) []driver.Event {
			if outcomes == nil {
				gap++
			}
			for i := range events {
				events[i].Seq = gap
			}
			return events
		})
	}},
	{"creates a tag twice in concurrent calls", "Concurrency/concurrent calls that ensure one tag create one tag", func(f *faultyStore) {
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			e, ok := changes[0].(driver.EnsureTag)
			if !ok {
				return f.correct.Apply(ctx, w, changes)
			}
			there, _ := f.correct.ListTags(ctx, w, driver.List{Keys: []string{tag.Key(e.Tag.Name)}})
			time.Sleep(time.Millisecond)
			if there == nil {
				e.Tag.Name += fmt.Sprint(" ", e.Tag.ID)
			}
			return f.correct.Apply(ctx, w, []driver.Change{e})
		}
	}},
	{"keeps a rule that is already bound as None", "Group/a rule that is already bound is refused", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if c, ok := c.(driver.CreateGroup); ok {
				if _, isBound := c.Group.Rule.(filter.Bound); isBound {
					c.Group.Rule = filter.None()
				}
				return []driver.Change{c}
			}
			return []driver.Change{c}
		})
	}},
}
