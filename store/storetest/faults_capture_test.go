package storetest

import (
	"context"
	"fmt"
	"runtime"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// onCapture changes every capture.
func (f *faultyStore) onCapture(edit func(*driver.CaptureContact)) {
	f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
		if capture, ok := c.(driver.CaptureContact); ok {
			edit(&capture)
			c = capture
		}
		return []driver.Change{c}
	})
}

// captureFaults are in captures and merges.
var captureFaults = []fault{
	{"processes an event twice", "Capture/an event that was processed before changes nothing", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Contact.EventID = "" })
	}},
	{"orders events by arrival", "Capture/captured values depend on when events happened, not on when they arrived", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Contact.OccurredAt = c.At })
	}},
	{"replaces edits by what channels report", "Capture/a capture does not replace what was edited by hand", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Policy.Name = visitor.Always })
	}},
	{"does not mark placeholders", "Capture/a visitor without a name has a placeholder until a name is known", func(f *faultyStore) {
		f.onRead(func(v *visitor.Visitor) {
			if o, ok := v.Provenance["name"]; ok {
				o.Placeholder = false
				v.Provenance["name"] = o
			}
		})
	}},
	{"creates visitors for edited messages", "Capture/a contact of a known person only never creates a visitor", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Contact.UpdateOnly = false })
	}},
	{"looks up by the first id only", "Capture/all ids of a person lead to one visitor", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Contact.AlternateIDs = nil })
	}},
	{"orders inboxes by arrival", "Capture/an identity keeps the inboxes that received its events, newest first", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Contact.OccurredAt = c.At })
	}},
	{"keeps the inboxes of deleted identities", "Merge/inboxes go with their identity until it is deleted", func(f *faultyStore) {
		left := map[string]bool{}
		f.match(func(n bound.Node) bool {
			t, ok := n.(*bound.Test)
			return ok && t.Field.Kind == bound.InboxKind
		}, func(n bound.Node, v visitor.Visitor) bool {
			if matchNode(n, v) {
				left[v.Name] = true
			}
			return left[v.Name]
		})
	}},
	{"keeps previous ids", "Capture/an id that a person no longer has can belong to another", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) {
			c.Contact.AlternateIDs, c.Contact.PreviousIDs = append(c.Contact.AlternateIDs, c.Contact.PreviousIDs...), nil
		})
	}},
	{"does not merge two visitors of one person", "Capture/two visitors with ids of one person are merged", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Contact.Unverified = true })
	}},
	{"trusts unverified addresses", "Capture/an unverified address finds no visitor unless the host allows it", func(f *faultyStore) {
		f.onCapture(func(c *driver.CaptureContact) { c.Policy.ByEmail = visitor.MatchAny })
	}},
	{"appends no event for captures", "Capture/each capture that has an effect appends one event", func(f *faultyStore) {
		f.rewrite(func(events []driver.Event, _ []driver.Outcome) []driver.Event {
			var kept []driver.Event
			for _, e := range events {
				if e.Kind != driver.VisitorSeen {
					kept = append(kept, e)
				}
			}
			return kept
		})
	}},
	{"creates tags before it checks limits", "Capture/a capture that exceeds a limit changes nothing", func(f *faultyStore) {
		st := f.correct
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			for _, c := range changes {
				if capture, ok := c.(driver.CaptureContact); ok {
					for _, t := range capture.Tags {
						_, _ = st.Apply(ctx, w, []driver.Change{driver.EnsureTag{Tag: t}})
					}
				}
			}
			return st.Apply(ctx, w, changes)
		}
	}},
	{"checks before it locks", "Capture/concurrent captures of one person create one visitor", func(f *faultyStore) {
		n := 0
		f.apply = func(ctx context.Context, w ws, changes []driver.Change) ([]driver.Outcome, error) {
			if capture, ok := changes[0].(driver.CaptureContact); ok {
				runtime.Gosched()
				f.mu.Lock()
				n++
				capture.Contact.Account = fmt.Sprint(n)
				f.mu.Unlock()
				changes = []driver.Change{capture}
			}
			return f.correct.Apply(ctx, w, changes)
		}
	}},
	{"removes memberships in a capture", "Capture/a capture keeps tags and groups", func(f *faultyStore) {
		f.onChange(func(ctx context.Context, w ws, c driver.Change) []driver.Change {
			capture, ok := c.(driver.CaptureContact)
			if !ok {
				return []driver.Change{c}
			}
			var first []driver.Change
			found, _ := f.correct.FindVisitors(ctx, w, driver.Select{Where: bind(filter.All()), Order: driver.OldestFirst, Limit: 10})
			for _, v := range found {
				for _, g := range v.Groups() {
					first = append(first, driver.RemoveFromGroup{Group: g, ID: v.ID, Audit: driver.Audit{At: capture.At}})
				}
			}
			return append(first, c)
		})
	}},
	{"loses a tag in a merge", "Merge/a merge keeps the data of both visitors", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if merge, ok := c.(driver.MergeVisitors); ok {
				return []driver.Change{driver.RemoveTags{ID: merge.From, Tags: []string{"vip"}, Audit: driver.Audit{At: merge.At}}, c}
			}
			return []driver.Change{c}
		})
	}},
	{"forgets merged ids", "Merge/the merged id stands for the survivor in every call", func(f *faultyStore) {
		f.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			v, err := f.correct.GetVisitor(ctx, w, id)
			if err == nil && v.ID != id {
				return visitor.Visitor{}, driver.NotFound("visitor", string(id))
			}
			return v, err
		}
	}},
	{"restores half of a merged visitor", "Merge/a merge can be undone", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if undo, ok := c.(driver.UnmergeVisitor); ok {
				return []driver.Change{driver.RemoveTags{ID: undo.From, Tags: []string{"vip"}, Audit: driver.Audit{At: undo.At}}, c}
			}
			return []driver.Change{c}
		})
	}},
	{"undoes changes made after the merge", "Merge/undoing a merge assigns later changes to the right visitor", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if undo, ok := c.(driver.UnmergeVisitor); ok {
				return []driver.Change{driver.UpdateVisitor{ID: undo.From, Patch: visitor.Patch{Unset: []string{"told"}}, Audit: driver.Audit{At: undo.At}}, c}
			}
			return []driver.Change{c}
		})
	}},
	{"links another identity", "Merge/an identity is linked and unlinked by hand", func(f *faultyStore) {
		f.onChange(func(_ context.Context, _ ws, c driver.Change) []driver.Change {
			if link, ok := c.(driver.LinkIdentity); ok {
				link.Identity.Account = "another"
				return []driver.Change{link}
			}
			return []driver.Change{c}
		})
	}},
}
