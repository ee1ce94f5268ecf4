package store

import (
	"context"
	"errors"
	"time"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Create creates a visitor, and the tags in d that do not exist yet. The error matches
// ErrInvalid (a *visitor.FieldError with field and reason), ErrExists if an identity belongs
// to another visitor, ErrNotFound if a group does not exist, or ErrSuppressed if an address is
// that of a person whose data was erased; nothing is created then.
func (w *Workspace) Create(ctx context.Context, d visitor.Draft) (visitor.Visitor, error) {
	const op = "create visitor"
	changes, err := w.creation(d, w.now())
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	outcome, err := w.applyLast(ctx, op, changes...)
	return lo.FromPtr(outcome.Visitor), err
}

// Check returns d normalized as Create would store it, or the error that Create would
// return for it. It does not read the store, so only Create notices that an identity belongs
// to another visitor or that a group does not exist.
func (w *Workspace) Check(d visitor.Draft) (visitor.Draft, error) {
	d, err := w.rules.Draft(d, w.now())
	return d, fail("check visitor", err)
}

// creation returns the changes for a draft: first those that create its tags, then the one
// that creates the visitor.
func (w *Workspace) creation(d visitor.Draft, now time.Time) ([]driver.Change, error) {
	d, err := w.rules.Draft(d, now)
	if err != nil {
		return nil, err
	}
	id := w.o.NewID(d.CreatedAt)
	if t, ok := id.Time(); !ok || !t.Equal(d.CreatedAt) {
		return nil, text.Refuse("id", "not a UUIDv7 of the time of creation")
	}
	changes, keys, err := w.ensureTags(d.Tags, now)
	if err != nil {
		return nil, err
	}
	return append(changes, driver.CreateVisitor{
		Audit: w.audit(now), Visitor: d.Visitor(id, now), Tags: keys, Groups: d.Groups,
	}), nil
}

// ensureTags returns the changes that create the named tags unless they exist, and the tags'
// keys.
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

// Get returns a visitor; for an id that was merged into another visitor, that one. The error
// matches ErrNotFound, or ErrInvalid for a malformed id.
func (w *Workspace) Get(ctx context.Context, id visitor.ID) (visitor.Visitor, error) {
	const op = "get visitor"
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	v, err := w.store.GetVisitor(ctx, w.id, id)
	return v, fail(op, err)
}

// Update changes the fields in p and returns the visitor after the change. The error matches
// ErrInvalid, ErrNotFound, ErrConflict if the visitor no longer has p.IfRevision, or
// ErrSuppressed as for Create; nothing is changed then.
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
		outcome, err := w.applyLast(ctx, op, driver.UpdateVisitor{Audit: w.audit(w.now()), ID: id, Patch: p})
		// Without IfRevision, a conflict only means that two writers met.
		if p.IfRevision != 0 || tries == 3 || !errors.Is(err, ErrConflict) {
			return lo.FromPtr(outcome.Visitor), err
		}
	}
}

// Bulk is the result of a change to many visitors.
type Bulk struct {
	Changed   int          // visitors that the change had an effect on
	Unchanged int          // visitors that already were as requested
	Missing   []visitor.ID // ids that do not exist, in the order of the call
}

// Delete deletes visitors: profile, identities, tags, memberships and search text. It cannot
// be undone. Of what was said about their addresses the denials stay; see Erase for more. Data that the
// application keeps elsewhere under the same id is not touched. Ids that do not exist are listed in the
// result. With an error, none are deleted.
func (w *Workspace) Delete(ctx context.Context, ids ...visitor.ID) (Bulk, error) {
	return w.bulk(ctx, "delete visitors", nil, ids, func(a driver.Audit, id visitor.ID) driver.Change {
		return driver.DeleteVisitor{Audit: a, ID: id}
	})
}

// Tag adds the named tags to visitors, and creates tags that do not exist yet. Ids that do
// not exist are listed in the result. The error matches ErrInvalid; no visitor is changed
// then.
func (w *Workspace) Tag(ctx context.Context, names []string, ids ...visitor.ID) (Bulk, error) {
	const op = "tag visitors"
	first, keys, err := w.namedTags(names)
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	return w.bulk(ctx, op, first, ids, func(a driver.Audit, id visitor.ID) driver.Change {
		return driver.AddTags{Audit: a, ID: id, Tags: keys}
	})
}

// Untag removes the named tags from visitors. A tag that does not exist is no error. Ids
// that do not exist are listed in the result. The error matches ErrInvalid; no visitor is
// changed then.
func (w *Workspace) Untag(ctx context.Context, names []string, ids ...visitor.ID) (Bulk, error) {
	const op = "untag visitors"
	_, keys, err := w.namedTags(names)
	if err != nil {
		return Bulk{}, fail(op, err)
	}
	return w.bulk(ctx, op, nil, ids, func(a driver.Audit, id visitor.ID) driver.Change {
		return driver.RemoveTags{Audit: a, ID: id, Tags: keys}
	})
}

// namedTags is ensureTags for at least one name.
func (w *Workspace) namedTags(names []string) ([]driver.Change, []string, error) {
	if len(names) == 0 {
		return nil, nil, text.Refuse("tag", "none named")
	}
	return w.ensureTags(names, w.now())
}

// bulk applies first and then the change for each id, in one transaction.
func (w *Workspace) bulk(
	ctx context.Context, op string, first []driver.Change, ids []visitor.ID,
	change func(driver.Audit, visitor.ID) driver.Change,
) (Bulk, error) {
	changes, audit := first, w.audit(w.now())
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
			changes = append(changes, change(audit, id))
		}
	}
	if len(order) == 0 {
		return Bulk{}, ctx.Err()
	}
	outcomes, err := w.apply(ctx, op, changes...)
	if err != nil {
		return Bulk{}, err
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
