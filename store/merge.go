package store

import (
	"context"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Merge makes one visitor of two: into stays, and gets every identity, tag, group and
// attribute of from, whose id then stands for it, for ever and in every call. Of a field
// that both have, into's stays unless it is made up or from's was given by hand; see
// visitor.Policy.Merge, and PreviewMerge for what comes out. Unmerge undoes it. The error
// matches ErrNotFound, or ErrInvalid when the two together would pass a limit.
func (w *Workspace) Merge(ctx context.Context, into, from visitor.ID) (visitor.Visitor, error) {
	const op = "merge visitors"
	into, from, err := parsed(into, from)
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	outcomes, err := w.apply(ctx, driver.MergeVisitors{Audit: w.audit(w.now()), Into: into, From: from, Policy: w.policy})
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	return outcomes[0].Visitor, nil
}

func parsed(into, from visitor.ID) (_, _ visitor.ID, err error) {
	if into, err = visitor.ParseID(string(into)); err != nil {
		return "", "", err
	}
	from, err = visitor.ParseID(string(from))
	return into, from, err
}

// MergePreview is what Merge would make of two visitors.
type MergePreview struct {
	visitor.Merged
	// Rivals says that they have different ids of one form on the same account of a
	// channel, which one person does not have at a time.
	Conflicts bool `json:"conflicts"`
}

// PreviewMerge tells what Merge would do, and does nothing. Choices lists the fields in
// which the two differ, and what comes out. The error matches ErrNotFound, ErrInvalid when
// the two together would pass a limit, or when they are one and the same.
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
	p.Result, p.Conflicts = w.policy.Merge(p.Into, p.From), p.Into.Conflicts(p.From)
	if err := p.Result.CheckLimits(); err != nil {
		return MergePreview{}, fail(op, err)
	}
	return p, nil
}

// Unmerge undoes a merge: from is the id that went. Both visitors are as they were; what
// has changed since stays with the survivor, but what a channel told through an identity of
// from's goes back with it, and what came from from alone goes back as it is now; see
// visitor.Merged.Undo. Merges can be undone in any order, but one whose survivor was itself
// merged since must wait for that to be undone: ErrConflict. ErrNotFound: from was not
// merged, or the survivor was deleted.
func (w *Workspace) Unmerge(ctx context.Context, from visitor.ID) (survivor, restored visitor.Visitor, err error) {
	const op = "unmerge visitor"
	id, err := visitor.ParseID(string(from))
	if err != nil {
		return survivor, restored, fail(op, err)
	}
	outcomes, err := w.apply(ctx, driver.UnmergeVisitor{Audit: w.audit(w.now()), From: id})
	if err != nil {
		return survivor, restored, fail(op, err)
	}
	return outcomes[0].Visitor, outcomes[0].Other, nil
}

// Link gives a visitor one more identity by hand. The error matches ErrInvalid,
// ErrNotFound, or ErrExists when another visitor has it, whose id is the *Error's Key.
func (w *Workspace) Link(ctx context.Context, id visitor.ID, i visitor.Identity) (visitor.Visitor, error) {
	return w.identify(ctx, "link identity", id, i, func(id visitor.ID, i visitor.Identity) driver.Change {
		return driver.LinkIdentity{Audit: w.audit(w.now()), ID: id, Identity: i}
	})
}

// Unlink takes an identity from a visitor: the next event under it makes another one. The
// error matches ErrInvalid or ErrNotFound; an identity that is not the visitor's is no error.
func (w *Workspace) Unlink(ctx context.Context, id visitor.ID, i visitor.Identity) (visitor.Visitor, error) {
	return w.identify(ctx, "unlink identity", id, i, func(id visitor.ID, i visitor.Identity) driver.Change {
		return driver.UnlinkIdentity{Audit: w.audit(w.now()), ID: id, Identity: i}
	})
}

func (w *Workspace) identify(ctx context.Context, op string, id visitor.ID, i visitor.Identity, change func(visitor.ID, visitor.Identity) driver.Change) (visitor.Visitor, error) {
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	if i, err = w.rules.Identity(i); err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	outcomes, err := w.apply(ctx, change(id, i))
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	return outcomes[0].Visitor, nil
}

// Lookup returns the visitor that has an identity: that source, account and external id.
// The error matches ErrNotFound, or ErrInvalid.
func (w *Workspace) Lookup(ctx context.Context, source visitor.Source, account, externalID string) (visitor.Visitor, error) {
	const op = "look up identity"
	i, err := w.rules.Identity(visitor.Identity{Source: source, Account: account, ExternalID: externalID})
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	// In a filter no account means any account: there may be as many as people with that id.
	for v, err := range w.All(ctx, Query{Where: filter.Identity.Is(i.Source, i.Account, i.ExternalID)}) {
		if err != nil {
			return visitor.Visitor{}, fail(op, err)
		}
		if v.Identified(i) >= 0 {
			return v, nil
		}
	}
	return visitor.Visitor{}, fail(op, driver.NotFound("identity", ""))
}
