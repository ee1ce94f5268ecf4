package store

import (
	"context"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Merge merges from into into, which gets all identities, tags, groups and attributes of
// from. Afterwards, every call accepts the id of from as an alias of into. If both have a
// field, the value of into stays unless it is a placeholder or that of from was set by hand;
// see visitor.Policy.Merge, and PreviewMerge for the result. Unmerge undoes it. The error
// matches ErrNotFound, or ErrInvalid if the two together would exceed a limit.
func (w *Workspace) Merge(ctx context.Context, into, from visitor.ID) (visitor.Visitor, error) {
	const op = "merge visitors"
	into, from, err := parsed(into, from)
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	change := driver.MergeVisitors{Audit: w.audit(w.now()), Into: into, From: from, Policy: w.o.Capture}
	outcome, err := w.applyLast(ctx, op, change)
	return lo.FromPtr(outcome.Visitor), err
}

func parsed(into, from visitor.ID) (_, _ visitor.ID, err error) {
	if into, err = visitor.ParseID(string(into)); err != nil {
		return "", "", err
	}
	from, err = visitor.ParseID(string(from))
	return into, from, err
}

// MergePreview is the result that Merge would have.
type MergePreview struct {
	visitor.Merged
	// Conflicts reports that they have different ids of one form on the same account of a
	// channel, so they are probably two people.
	Conflicts bool `json:"conflicts"`
}

// PreviewMerge returns the result of Merge without merging. Choices lists the fields in which
// the two differ, and the value that stays. The error matches ErrNotFound, or ErrInvalid if
// the two together would exceed a limit or are the same visitor.
func (w *Workspace) PreviewMerge(ctx context.Context, into, from visitor.ID) (MergePreview, error) {
	const op = "preview merge"
	into, from, err := parsed(into, from)
	if err != nil {
		return MergePreview{}, fail(op, err)
	}
	var p MergePreview
	if p.Into, err = w.store.GetVisitor(ctx, w.id, into); err != nil {
		return MergePreview{}, fail(op, err)
	}
	if p.From, err = w.store.GetVisitor(ctx, w.id, from); err != nil {
		return MergePreview{}, fail(op, err)
	}
	if p.Into.ID == p.From.ID {
		return MergePreview{}, fail(op, text.Refuse("from", "the same visitor"))
	}
	p.Result, p.Conflicts = w.o.Capture.Merge(p.Into, p.From), p.Into.Conflicts(p.From)
	if err := p.Result.CheckLimits(); err != nil {
		return MergePreview{}, fail(op, err)
	}
	return p, nil
}

// Unmerge undoes a merge; from is the id that became an alias. Both visitors are restored.
// Changes made since then stay with the survivor, except those that came through an identity
// of from or concern values that only from had: these go to the restored visitor; see
// visitor.Merged.Undo. Merges can be undone in any order. The error matches ErrConflict if the
// survivor was itself merged since (undo that merge first), or ErrNotFound if from was not
// merged or the survivor was deleted.
func (w *Workspace) Unmerge(ctx context.Context, from visitor.ID) (survivor, restored visitor.Visitor, err error) {
	const op = "unmerge visitor"
	id, err := visitor.ParseID(string(from))
	if err != nil {
		return survivor, restored, fail(op, err)
	}
	outcome, err := w.applyLast(ctx, op, driver.UnmergeVisitor{Audit: w.audit(w.now()), From: id})
	return lo.FromPtr(outcome.Visitor), lo.FromPtr(outcome.Other), err
}
