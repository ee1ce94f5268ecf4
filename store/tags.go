package store

import (
	"context"
	"iter"
	"time"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
)

func newTag(d tag.Draft, now time.Time) tag.Tag {
	return tag.Tag{ID: tag.NewID(now), Name: d.Name, Color: d.Color, Description: d.Description, CreatedAt: now}
}

// CreateTag creates a tag. The error matches ErrInvalid, or ErrExists if a tag has that name,
// ignoring case and accents.
func (w *Workspace) CreateTag(ctx context.Context, d tag.Draft) (tag.Tag, error) {
	const op = "create tag"
	d, err := d.Normalize()
	if err != nil {
		return tag.Tag{}, fail(op, err)
	}
	now := w.now()
	outcome, err := w.applyLast(ctx, op, driver.CreateTag{Audit: w.audit(now), Tag: newTag(d, now)})
	return lo.FromPtr(outcome.Tag), err
}

// UpdateTag changes the name, color or description of a tag. Visitors keep it, and so do the
// rules of groups that mention it. The error matches ErrInvalid, ErrNotFound, or ErrExists if
// another tag has the new name.
func (w *Workspace) UpdateTag(ctx context.Context, id tag.ID, p tag.Patch) (tag.Tag, error) {
	const op = "update tag"
	id, err := tag.ParseID(string(id))
	if err != nil {
		return tag.Tag{}, fail(op, err)
	}
	outcome, err := w.applyLast(ctx, op, driver.UpdateTag{Audit: w.audit(w.now()), ID: id, Patch: p})
	return lo.FromPtr(outcome.Tag), err
}

// DeleteTag deletes a tag and removes it from every visitor. The error matches ErrNotFound,
// or ErrInUse (an *InUseError that lists the groups) if a group's rule mentions the tag: a
// group "not customer" would otherwise contain every visitor.
func (w *Workspace) DeleteTag(ctx context.Context, id tag.ID) error {
	const op = "delete tag"
	id, err := tag.ParseID(string(id))
	if err != nil {
		return fail(op, err)
	}
	outcome, err := w.applyLast(ctx, op, driver.DeleteTag{Audit: w.audit(w.now()), ID: id})
	if outcome.Effect == driver.Missing {
		err = fail(op, driver.NotFound("tag", string(id)))
	}
	return err
}

// Tags iterates over all tags, ordered by folded name. Facets counts the visitors of each.
// An error ends the iteration.
func (w *Workspace) Tags(ctx context.Context) iter.Seq2[tag.Tag, error] {
	return pages("list tags", func(after string, limit int) ([]tag.Tag, error) {
		return w.store.ListTags(ctx, w.id, driver.List{After: after, Limit: limit})
	}, func(t tag.Tag) string { return tag.Key(t.Name) })
}

// pages iterates over the pages that list returns; each starts after the key of the last
// item of the page before. Nothing stays open between pages.
func pages[T, K any](op string, list func(after K, limit int) ([]T, error), key func(T) K) iter.Seq2[T, error] {
	const size = 500
	return func(yield func(T, error) bool) {
		var after K
		for {
			page, err := list(after, size)
			if err != nil {
				var none T
				yield(none, fail(op, err))
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if len(page) < size {
				return
			}
			after = key(page[len(page)-1])
		}
	}
}
