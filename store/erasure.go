package store

import (
	"context"
	"iter"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Erasure is the receipt of Workspace.Erase. It holds no address and no name, so it can be kept
// as a proof, and outside of the database for Reapply.
type Erasure = driver.Erasure

// MaxReason is the maximum length of the reason of an erasure in characters.
const MaxReason = 200

// Erase deletes a visitor with all data about the person, as article 17 of the GDPR asks for: the
// profile, the stored states of merges, what jobs keep to undo their changes of the visitor, copies
// of the index, and what was recorded about the addresses, also about those that the visitor gave up
// earlier and nobody has now. What stays is a keyed hash of each address with a denial of messages,
// the ids of the visitor in events, audiences and jobs, and the receipt. A job also keeps its filter
// and the attributes that it sets: do not name a person there, or call DeleteJob.
//
// Create, Update, Link and imports with one of these addresses fail with ErrSuppressed, until the
// person agrees to messages on that channel again in a way that takes the address, as a message or the
// link of a confirmation does; anybody can type an address into a form. Capture records a person who
// writes again, to whom only answers may be sent. Other visitors that have one of the addresses are
// not deleted; the receipt names them.
//
// The reason must not name the person. In SQLite, call Store.Compact after it: until then, parts of
// the search index can be found in the file. In Postgres, old versions of rows and the statistics of
// the planner stay until VACUUM (FULL, ANALYZE): see package postgres.
// The error matches ErrNotFound if there is no such visitor.
func (w *Workspace) Erase(ctx context.Context, id visitor.ID, reason string) (Erasure, error) {
	const op = "erase visitor"
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return Erasure{}, fail(op, err)
	}
	if reason, err = text.Line("reason", reason, MaxReason); err != nil {
		return Erasure{}, fail(op, err)
	}
	out, err := w.applyLast(ctx, op, driver.EraseVisitor{Audit: w.audit(w.now()), ID: id, Reason: reason})
	if err == nil && out.Erasure == nil {
		err = fail(op, driver.NotFound("visitor", string(id)))
	}
	if err != nil {
		return Erasure{}, err
	}
	return *out.Erasure, nil
}

// Erasure returns the receipt of the erasure of a visitor. The error matches ErrNotFound, or
// ErrInvalid for a malformed id. The id of a visitor that was merged into the erased one is among
// Aliases of the receipt, and is not found here.
func (w *Workspace) Erasure(ctx context.Context, id visitor.ID) (Erasure, error) {
	const op = "get erasure"
	id, err := visitor.ParseID(string(id))
	if err != nil {
		return Erasure{}, fail(op, err)
	}
	e, err := oneRecord(ctx, w, "erasure", driver.ErasureRecords, string(id), driver.ErasureOf)
	return e, fail(op, err)
}

// Erasures iterates over the receipts of all erasures, in the order of the visitors' ids. An error
// ends the iteration.
func (w *Workspace) Erasures(ctx context.Context) iter.Seq2[Erasure, error] {
	return recordsOf(ctx, w, "list erasures", driver.ErasureRecords, driver.ErasureOf)
}

// Reapply makes erasures again in a database that was restored from a backup from before them, and
// returns how many had an effect. Keep the receipts of Erase apart from the database for that. The
// error matches ErrInvalid for a receipt that was changed, or signed with a key that the store does
// not have; those before it are in effect then.
func (w *Workspace) Reapply(ctx context.Context, receipts ...Erasure) (int, error) {
	done := 0
	for _, e := range receipts {
		out, err := w.applyLast(ctx, "reapply erasure", driver.ReapplyErasure{Audit: w.audit(w.now()), Erasure: e})
		if err != nil {
			return done, err
		}
		if out.Effect != driver.Unchanged {
			done++
		}
	}
	return done, nil
}
