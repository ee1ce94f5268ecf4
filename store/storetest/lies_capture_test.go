package storetest

import (
	"context"
	"fmt"
	"runtime"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// onCapture changes every capture.
func (l *liar) onCapture(edit func(*store.CaptureContact)) {
	l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
		if capture, ok := c.(store.CaptureContact); ok {
			edit(&capture)
			c = capture
		}
		return []store.Change{c}
	})
}

// captureLies are about what channels tell, and about merges.
var captureLies = []lie{
	{"takes an event in twice", "Capture/an event that was taken in changes nothing more", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) { c.Contact.EventID = "" })
	}},
	{"goes by when events came", "Capture/what channels tell goes by when it happened, not by when it came", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) { c.Contact.OccurredAt = c.At })
	}},
	{"lets channels go over what was set by hand", "Capture/what was set by hand stays", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) { c.Policy.Name = visitor.Always })
	}},
	{"does not mark names that it makes up", "Capture/a visitor without a name has a made-up one until a real one is told", func(l *liar) {
		l.onRead(func(v *visitor.Visitor) {
			o := v.Origins["name"]
			o.Placeholder = false
			v.Origins["name"] = o
		})
	}},
	{"makes visitors of edited messages", "Capture/an event that makes no visitor changes who is there", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) { c.Contact.Known = false })
	}},
	{"looks up by the first id only", "Capture/ids of one person lead to one visitor", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) { c.Contact.Also = nil })
	}},
	{"keeps a number that was given up", "Capture/a number that was given up is nobody's", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) {
			c.Contact.Also, c.Contact.Was = append(c.Contact.Also, c.Contact.Was...), nil
		})
	}},
	{"leaves two visitors of one person", "Capture/two visitors whom the channel calls one person are merged", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) { c.Contact.Claimed = true })
	}},
	{"believes what is typed", "Capture/a typed address finds nobody unless the host allows it", func(l *liar) {
		l.onCapture(func(c *store.CaptureContact) { c.Policy.ByEmail = visitor.TrustClaims })
	}},
	{"tells nobody of captures", "Capture/each capture that has an effect is one event", func(l *liar) {
		l.rewrite(func(events []store.Event, _ []store.Outcome) []store.Event {
			var kept []store.Event
			for _, e := range events {
				if e.Kind != store.VisitorSeen {
					kept = append(kept, e)
				}
			}
			return kept
		})
	}},
	{"puts tags on before it looks", "Capture/a capture that cannot be is refused whole", func(l *liar) {
		st := l.honest
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			for _, c := range changes {
				if capture, ok := c.(store.CaptureContact); ok {
					for _, t := range capture.Tags {
						_, _ = st.Apply(ctx, w, []store.Change{store.EnsureTag{Tag: t}})
					}
				}
			}
			return st.Apply(ctx, w, changes)
		}
	}},
	{"looks and then writes", "Capture/captures at once make one visitor", func(l *liar) {
		n := 0
		l.apply = func(ctx context.Context, w ws, changes []store.Change) ([]store.Outcome, error) {
			if capture, ok := changes[0].(store.CaptureContact); ok {
				runtime.Gosched()
				l.mu.Lock()
				n++
				capture.Contact.Account = fmt.Sprint(n)
				l.mu.Unlock()
				changes = []store.Change{capture}
			}
			return l.honest.Apply(ctx, w, changes)
		}
	}},
	{"forgets groups at a capture", "Capture/tags and groups stay as they were", func(l *liar) {
		l.onChange(func(ctx context.Context, w ws, c store.Change) []store.Change {
			capture, ok := c.(store.CaptureContact)
			if !ok {
				return []store.Change{c}
			}
			var first []store.Change
			found, _ := l.honest.FindVisitors(ctx, w, store.Select{Where: bound(filter.All()), Order: store.OldestFirst, Limit: 10})
			for _, v := range found {
				for _, g := range v.Groups {
					first = append(first, store.LeaveGroup{Group: g, ID: v.ID, At: capture.At})
				}
			}
			return append(first, c)
		})
	}},
	{"drops a tag at a merge", "Merge/a merge keeps all that both had", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if merge, ok := c.(store.MergeVisitors); ok {
				return []store.Change{store.RemoveTags{ID: merge.From, Tags: []string{"vip"}, At: merge.At}, c}
			}
			return []store.Change{c}
		})
	}},
	{"forgets the id that went", "Merge/the id that went stands for the survivor in every call", func(l *liar) {
		l.get = func(ctx context.Context, w ws, id visitor.ID) (visitor.Visitor, error) {
			v, err := l.honest.GetVisitor(ctx, w, id)
			if err == nil && v.ID != id {
				return visitor.Visitor{}, store.Missed("visitor", string(id))
			}
			return v, err
		}
	}},
	{"restores half of what was merged", "Merge/a merge can be undone", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if undo, ok := c.(store.UnmergeVisitor); ok {
				return []store.Change{store.RemoveTags{ID: undo.From, Tags: []string{"vip"}, At: undo.At}, c}
			}
			return []store.Change{c}
		})
	}},
	{"undoes what changed since too", "Merge/what changed since a merge stays on the right side", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if undo, ok := c.(store.UnmergeVisitor); ok {
				return []store.Change{store.UpdateVisitor{ID: undo.From, Patch: visitor.Patch{Unset: []string{"told"}}, At: undo.At}, c}
			}
			return []store.Change{c}
		})
	}},
	{"gives an identity away", "Merge/an identity is linked and unlinked by hand", func(l *liar) {
		l.onChange(func(_ context.Context, _ ws, c store.Change) []store.Change {
			if link, ok := c.(store.LinkIdentity); ok {
				link.Identity.Account = "another"
				return []store.Change{link}
			}
			return []store.Change{c}
		})
	}},
}
