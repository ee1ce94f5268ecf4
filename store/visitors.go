package store

import (
	"context"
	"errors"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Create makes a visitor. Tags that it names and that are not there yet are made on the
// fly. The error matches ErrInvalid (a *visitor.FieldError names field and reason),
// ErrExists when an identity belongs to another visitor, ErrNotFound when a group is not
// there; nothing is made then.
func (w *Workspace) Create(ctx context.Context, d visitor.Draft) (visitor.Visitor, error) {
	const op = "create visitor"
	changes, err := w.creation(d, w.now())
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	outcomes, err := w.apply(ctx, changes...)
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	return outcomes[len(outcomes)-1].Visitor, nil
}

// Check returns d as Create would keep it, or the error that Create would return for it,
// and makes nothing. That an identity belongs to another visitor, or that a group is not
// there, only Create tells.
func (w *Workspace) Check(d visitor.Draft) (visitor.Draft, error) {
	d, err := w.rules.Draft(d, w.now())
	return d, fail("check visitor", err)
}

// creation returns the changes that make the visitor of a draft: its tags, then itself.
func (w *Workspace) creation(d visitor.Draft, now time.Time) ([]driver.Change, error) {
	d, err := w.rules.Draft(d, now)
	if err != nil {
		return nil, err
	}
	id := w.newID(d.CreatedAt)
	if minted, ok := id.Time(); !ok || !minted.Equal(d.CreatedAt) {
		return nil, text.Refuse("id", "not a UUIDv7 of the time of creation")
	}
	v := visitor.Visitor{
		ID: id, Name: d.Name, Email: d.Email, Phone: d.Phone, Source: d.Source,
		Identities: d.Identities, Attributes: d.Attributes,
		CreatedAt: d.CreatedAt, UpdatedAt: now, Revision: 1,
	}
	for _, i := range d.Identities {
		if i.LastSeen.After(v.LastSeenAt) {
			v.LastSeenAt = i.LastSeen
		}
	}
	changes, keys, err := w.ensureTags(d.Tags, now)
	if err != nil {
		return nil, err
	}
	return append(changes, driver.CreateVisitor{Audit: w.audit(now), Visitor: v, Tags: keys, Groups: d.Groups}), nil
}

// ensureTags returns the changes that make the named tags where they are not there, and
// the tags' keys.
func (w *Workspace) ensureTags(names []string, now time.Time) ([]driver.Change, []string, error) {
	var changes []driver.Change
	var keys []string
	for _, name := range names {
		d, err := tag.Draft{Name: name}.Normalize()
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, driver.EnsureTag{Audit: w.audit(now), Tag: newTag(d, now)})
		keys = append(keys, tag.Key(d.Name))
	}
	return changes, keys, nil
}

// Get returns a visitor. The error matches ErrNotFound, or ErrInvalid for what is no id.
func (w *Workspace) Get(ctx context.Context, id visitor.ID) (visitor.Visitor, error) {
	const op = "get visitor"
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	v, err := w.store.GetVisitor(ctx, w.id, id)
	return v, fail(op, err)
}

// Update patches a profile and returns it as it is then. The error matches ErrInvalid,
// ErrNotFound, or ErrConflict when the patch asks for another revision; nothing is changed
// then.
func (w *Workspace) Update(ctx context.Context, id visitor.ID, p visitor.Patch) (visitor.Visitor, error) {
	const op = "update visitor"
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	if p, err = w.rules.Patch(p); err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	for tries := 0; ; tries++ {
		outcomes, err := w.apply(ctx, driver.UpdateVisitor{Audit: w.audit(w.now()), ID: id, Patch: p})
		if err == nil {
			return outcomes[0].Visitor, nil
		}
		// Without a wanted revision a conflict is only bad luck between two writers.
		if p.IfRevision == 0 && tries < 3 && errors.Is(err, ErrConflict) {
			continue
		}
		return visitor.Visitor{}, fail(op, err)
	}
}

// Bulk is the result of a change to many visitors.
type Bulk struct {
	Changed   int          // visitors that the change had an effect on
	Unchanged int          // visitors that were so already
	Missing   []visitor.ID // ids that no visitor has, in the order they were given
}

// Delete removes visitors for good: profile, identities, tags, memberships and search
// text. It cannot be undone. What a host keeps elsewhere about the same id, such as
// conversations, is not touched. Ids that are not there are told, not an error. All are
// deleted or, with an error, none.
func (w *Workspace) Delete(ctx context.Context, ids ...visitor.ID) (Bulk, error) {
	now := w.now()
	return w.bulk(ctx, "delete visitors", nil, ids, func(id visitor.ID) driver.Change {
		return driver.DeleteVisitor{Audit: w.audit(now), ID: id}
	})
}

// Tag puts the named tags on visitors, making tags that are not there yet.
func (w *Workspace) Tag(ctx context.Context, names []string, ids ...visitor.ID) (Bulk, error) {
	const op = "tag visitors"
	if len(names) == 0 {
		return Bulk{}, fail(op, text.Refuse("tag", "none named"))
	}
	now := w.now()
	first, keys, err := w.ensureTags(names, now)
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	return w.bulk(ctx, op, first, ids, func(id visitor.ID) driver.Change {
		return driver.AddTags{Audit: w.audit(now), ID: id, Tags: keys}
	})
}

// Untag takes the named tags off visitors. A tag that does not exist is on nobody.
func (w *Workspace) Untag(ctx context.Context, names []string, ids ...visitor.ID) (Bulk, error) {
	const op = "untag visitors"
	if len(names) == 0 {
		return Bulk{}, fail(op, text.Refuse("tag", "none named"))
	}
	now := w.now()
	_, keys, err := w.ensureTags(names, now)
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	return w.bulk(ctx, op, nil, ids, func(id visitor.ID) driver.Change {
		return driver.RemoveTags{Audit: w.audit(now), ID: id, Tags: keys}
	})
}

// bulk applies first, then the change of each id, in one go.
func (w *Workspace) bulk(ctx context.Context, op string, first []driver.Change, ids []visitor.ID, change func(visitor.ID) driver.Change) (Bulk, error) {
	changes := first
	seen := make(map[visitor.ID]bool, len(ids))
	var order []visitor.ID
	for _, id := range ids {
		id, err := visitor.ParseID(string(id))
		if err != nil {
			return Bulk{}, fail(op, err)
		}
		if !seen[id] {
			seen[id] = true
			order = append(order, id)
			changes = append(changes, change(id))
		}
	}
	if len(order) == 0 {
		return Bulk{}, ctx.Err()
	}
	outcomes, err := w.apply(ctx, changes...)
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	var result Bulk
	for i, o := range outcomes[len(first):] {
		switch o.Effect {
		case driver.Missing:
			result.Missing = append(result.Missing, order[i])
		case driver.Unchanged:
			result.Unchanged++
		default:
			result.Changed++
		}
	}
	return result, nil
}
