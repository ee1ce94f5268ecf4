package store

import (
	"context"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// Link adds an identity to a visitor. The error matches ErrInvalid, ErrNotFound, ErrExists if
// another visitor has it (the *Error's Key is the id of that visitor), or ErrSuppressed if it is
// that of a person whose data was erased.
func (w *Workspace) Link(ctx context.Context, id visitor.ID, i visitor.Identity) (visitor.Visitor, error) {
	return w.identify(ctx, "link identity", id, i, func(a driver.Audit, id visitor.ID, i visitor.Identity) driver.Change {
		return driver.LinkIdentity{Audit: a, ID: id, Identity: i}
	})
}

// Unlink removes an identity from a visitor: the next event with it creates another visitor.
// An identity that the visitor does not have is no error. The error matches ErrInvalid or
// ErrNotFound.
func (w *Workspace) Unlink(ctx context.Context, id visitor.ID, i visitor.Identity) (visitor.Visitor, error) {
	return w.identify(ctx, "unlink identity", id, i, func(a driver.Audit, id visitor.ID, i visitor.Identity) driver.Change {
		return driver.UnlinkIdentity{Audit: a, ID: id, Identity: i}
	})
}

func (w *Workspace) identify(
	ctx context.Context, op string, id visitor.ID, i visitor.Identity,
	change func(driver.Audit, visitor.ID, visitor.Identity) driver.Change,
) (visitor.Visitor, error) {
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	if i, err = w.rules.Identity(i); err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	outcome, err := w.applyLast(ctx, op, change(w.audit(w.now()), id, i))
	return lo.FromPtr(outcome.Visitor), err
}

// Lookup returns the visitor with the identity of that source, account and external id. The
// error matches ErrNotFound or ErrInvalid.
func (w *Workspace) Lookup(ctx context.Context, source visitor.Source, account, externalID string) (visitor.Visitor, error) {
	const op = "look up identity"
	i, err := w.rules.Identity(visitor.Identity{Source: source, Account: account, ExternalID: externalID})
	if err != nil {
		return visitor.Visitor{}, fail(op, err)
	}
	// In a filter, an empty account matches any account, so it can find several visitors.
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
