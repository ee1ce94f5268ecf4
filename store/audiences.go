package store

import (
	"context"
	"crypto/sha256"
	"iter"
	"slices"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Audience is the receipt of who could be written to at a time, and why the others could not.
type Audience = driver.Audience

// Recipient is a visitor of an audience who may be written to.
type Recipient struct {
	Visitor visitor.Visitor
	// Decision is made when the recipient is read: Address is where to send to, Sender from where.
	Decision consent.Decision
}

// CreateAudience decides for each visitor that matches a filter whether a message may be sent now,
// keeps the ids of those to whom it may, and returns the receipt. It reads pages, so a visitor that
// changes meanwhile counts as it is read. An audience that was not completed, since the context
// ended or the program stopped, is listed with Complete false; delete it.
//
// The error matches ErrInvalid for a filter, a request or a name (at most 200 characters) that is
// not valid.
func (w *Workspace) CreateAudience(ctx context.Context, name string, e filter.Expr, r consent.Request) (Audience, error) {
	const op = "create audience"
	now := w.now()
	r, err := r.Normalize()
	if err != nil {
		return Audience{}, fail(op, err)
	}
	if name, err = text.Line("name", name, 200); err != nil {
		return Audience{}, fail(op, err)
	}
	where, err := w.bind(ctx, e, now)
	if err != nil {
		return Audience{}, fail(op, err)
	}
	written, err := filter.Format(e)
	if err != nil {
		return Audience{}, fail(op, err)
	}
	decider, err := w.decider(ctx, r)
	if err != nil {
		return Audience{}, fail(op, err)
	}
	a := Audience{
		ID: id.New(now), Name: name, At: now, Actor: w.actor, Cause: w.cause, Filter: written, Request: r,
		Reasons: map[consent.Reason]int64{},
	}
	sum, part := sha256.New(), 0
	q := driver.Select{Where: where, Order: driver.OldestFirst, Limit: driver.MaxAudienceBatch}
	for found, err := range w.batches(ctx, q) {
		if err != nil {
			return Audience{}, fail(op, err)
		}
		var may []visitor.ID
		for i := range found {
			d := decider.decide(r, &found[i])
			a.Matching++
			a.Reasons[d.Reason]++
			if d.Allowed {
				a.Count++
				may = append(may, found[i].ID)
				parsed, err := uuid.Parse(string(found[i].ID))
				if err != nil {
					return Audience{}, fail(op, err)
				}
				sum.Write(parsed[:])
			}
		}
		if a.Complete = len(found) < q.Limit; a.Complete {
			a.Hash = sum.Sum(nil)
		}
		if len(may) > 0 {
			part++
		}
		if len(may) > 0 || a.Complete {
			change := driver.PutAudience{Audit: w.audit(now), Audience: a, Part: part, Visitors: may}
			if _, err := w.apply(ctx, op, change); err != nil {
				return Audience{}, err
			}
		}
	}
	return a, nil
}

// Audience returns the receipt of an audience. The error matches ErrNotFound, or ErrInvalid for a
// malformed id.
func (w *Workspace) Audience(ctx context.Context, audience string) (Audience, error) {
	const op = "get audience"
	key, err := id.Parse("audience id", audience)
	if err != nil {
		return Audience{}, fail(op, err)
	}
	a, err := oneRecord(ctx, w, "audience", driver.AudienceRecords, key, driver.AudienceOf)
	return a, fail(op, err)
}

// Audiences iterates over the receipts of all audiences, oldest first. An error ends the iteration.
func (w *Workspace) Audiences(ctx context.Context) iter.Seq2[Audience, error] {
	return recordsOf(ctx, w, "list audiences", driver.AudienceRecords, driver.AudienceOf)
}

// members iterates over the ids of an audience, as many at a time as are stored together.
func (w *Workspace) members(ctx context.Context, audience string) iter.Seq2[[]visitor.ID, error] {
	return w.parts(ctx, driver.AudienceMembers, audience, driver.MembersOf)
}

// parts iterates over the parts in which the ids of an audience or a job are stored.
func (w *Workspace) parts(
	ctx context.Context, kind driver.RecordKind, of string, ids func(driver.Record) ([]visitor.ID, error),
) iter.Seq2[[]visitor.ID, error] {
	return func(yield func([]visitor.ID, error) bool) {
		for after := ""; ; {
			found, err := w.store.Records(ctx, w.id, driver.RecordQuery{Kind: kind, Prefix: of + "/", After: after, Limit: 1})
			if err != nil {
				yield(nil, err)
				return
			}
			if len(found) == 0 {
				return
			}
			part, err := ids(found[0])
			if !yield(part, err) || err != nil {
				return
			}
			after = found[0].Key
		}
	}
}

// Recipients streams those visitors of an audience who may be written to now, in the order of their
// ids. Left out are those who denied messages since the audience was created, or were deleted or
// merged into another visitor. A denial that comes meanwhile counts for all batches, of at most
// 1,000, that are read after it. An error ends the iteration; it matches ErrNotFound, or ErrConflict
// if the audience is not complete.
func (w *Workspace) Recipients(ctx context.Context, audience string) iter.Seq2[Recipient, error] {
	const op = "read recipients"
	return func(yield func(Recipient, error) bool) {
		a, err := w.Audience(ctx, audience)
		if err == nil && !a.Complete {
			err = &driver.Error{Kind: "audience", Key: audience, Err: ErrConflict}
		}
		if err != nil {
			yield(Recipient{}, fail(op, err))
			return
		}
		for ids, err := range w.members(ctx, a.ID) {
			var batch []Recipient
			if err == nil {
				batch, err = w.recipients(ctx, a, ids)
			}
			if err != nil {
				yield(Recipient{}, fail(op, err))
				return
			}
			for _, r := range batch {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// recipients returns those of some visitors who may be written to.
func (w *Workspace) recipients(ctx context.Context, a Audience, ids []visitor.ID) ([]Recipient, error) {
	decider, err := w.decider(ctx, a.Request)
	if err != nil {
		return nil, err
	}
	where, err := w.bind(ctx, filter.ID.In(ids...), w.now())
	if err != nil {
		return nil, err
	}
	found, err := w.store.FindVisitors(ctx, w.id, driver.Select{Where: where, Order: driver.OldestFirst, Limit: len(ids)})
	batch := make([]Recipient, 0, len(found))
	for i := range found {
		if d := decider.decide(a.Request, &found[i]); d.Allowed {
			batch = append(batch, Recipient{found[i], d})
		}
	}
	return batch, err
}

// VerifyAudience checks a receipt against what is stored: the receipt itself, and the number and
// the hash of the visitors. The error matches ErrConflict if they differ, ErrNotFound if there is no
// such audience.
func (w *Workspace) VerifyAudience(ctx context.Context, receipt Audience) error {
	const op = "verify audience"
	stored, err := w.Audience(ctx, receipt.ID)
	if err != nil {
		return fail(op, err)
	}
	count, sum := int64(0), sha256.New()
	for ids, err := range w.members(ctx, stored.ID) {
		if err != nil {
			return fail(op, err)
		}
		count += int64(len(ids))
		for _, id := range ids {
			parsed, err := uuid.Parse(string(id))
			if err != nil {
				return fail(op, err)
			}
			sum.Write(parsed[:])
		}
	}
	if !stored.Complete || !stored.Equal(receipt) || count != receipt.Count || !slices.Equal(sum.Sum(nil), receipt.Hash) {
		return fail(op, &driver.Error{Kind: "audience", Key: receipt.ID, Err: ErrConflict})
	}
	return nil
}

// DeleteAudience deletes an audience, and reports whether it existed. The error matches ErrInvalid
// for a malformed id.
func (w *Workspace) DeleteAudience(ctx context.Context, audience string) (bool, error) {
	const op = "delete audience"
	key, err := id.Parse("audience id", audience)
	if err != nil {
		return false, fail(op, err)
	}
	out, err := w.applyLast(ctx, op, driver.DeleteAudience{Audit: w.audit(w.now()), ID: key})
	return out.Effect == driver.Deleted, err
}
