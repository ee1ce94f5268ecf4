package driver

import (
	"context"
	"database/sql"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Store is a back end. A store.Workspace passes it only checked and normalised values:
// valid ids, bound filters, limits in range.
//
// Every method is safe for concurrent use, returns values that the caller may modify,
// returns the context's error when the context ends first, and ErrClosed after Close. What
// Apply has acknowledged is visible to every later call.
type Store interface {
	// GetVisitor returns the visitor with that id or, if the id was merged into another
	// visitor, that visitor. The error matches ErrNotFound.
	GetVisitor(ctx context.Context, ws WorkspaceID, id visitor.ID) (visitor.Visitor, error)

	// FindVisitors returns at most s.Limit matching visitors after s.After, in s.Order.
	FindVisitors(ctx context.Context, ws WorkspaceID, s Select) ([]visitor.Visitor, error)

	// CountVisitors counts the matching visitors. With a limit above 0 it may stop there.
	CountVisitors(ctx context.Context, ws WorkspaceID, where filter.Bound, limit int64) (int64, error)

	// ListTags returns tags ordered by key.
	ListTags(ctx context.Context, ws WorkspaceID, l List) ([]tag.Tag, error)

	// ListGroups returns groups ordered by key.
	ListGroups(ctx context.Context, ws WorkspaceID, l List) ([]group.Group, error)

	// Apply makes all of the changes in order, or none of them, and returns one Outcome
	// for each. If one fails, the error is a *ChangeError. Every change that has an effect
	// appends an Event in the same transaction. The package function Apply defines what
	// each change does.
	Apply(ctx context.Context, ws WorkspaceID, changes []Change) ([]Outcome, error)

	// Events returns events in the order of their numbers.
	Events(ctx context.Context, ws WorkspaceID, q EventQuery) ([]Event, error)

	// Records returns records; see RecordQuery.
	Records(ctx context.Context, ws WorkspaceID, q RecordQuery) ([]Record, error)

	// Keys returns the suppression keys of a workspace, derived from those of the store by
	// consent.WorkspaceKey.
	Keys(ctx context.Context, ws WorkspaceID) (consent.Keys, error)

	// Close waits for running calls and releases the store's resources. Closing a closed
	// store is not an error.
	Close() error
}

// Faceter is an optional interface of a Store that counts by source, tag and group in one
// pass. Without it a store.Workspace reads every match.
type Faceter interface {
	Facets(ctx context.Context, ws WorkspaceID, where filter.Bound) (Facets, error)
}

// Transactor is an optional interface of a Store on a SQL database that can make changes in
// one transaction with statements of the application. Without it, store.Workspace.CaptureInTx
// makes no transaction.
type Transactor interface {
	// Transact begins a transaction and calls f with it and with a Store that works inside of
	// it. If f returns nil, the transaction is committed, as durably as by Apply. If f returns
	// an error or panics, it is rolled back; the error is returned as it is. After a deadlock
	// or a serialization failure, f may be called again with a new transaction.
	//
	// f must not end the transaction, keep it or the Store, or call methods of the Transactor
	// itself, which can wait for the transaction to end.
	Transact(ctx context.Context, f func(tx *sql.Tx, inside Store) error) error
}

// WorkspaceID names a workspace, the unit of isolation between a host's customers: 1 to
// 64 ASCII letters, digits, '.', '_' and '-', case-sensitive.
type WorkspaceID string

// Select asks for one page of visitors.
type Select struct {
	Where filter.Bound
	Order Order
	After *Position // nil: from the start
	Limit int       // at least 1
}

// List asks for tags or groups. With Keys or IDs it asks for those, at most 1,000, and
// After and Limit are zero; keys and ids that do not exist are skipped. Otherwise it asks
// for a page of all.
type List struct {
	Keys  []string // tag.Key or group.Key of names
	IDs   []string
	After string // return keys after this one; "" for the first page
	Limit int    // 0 for no limit
}

// EventQuery asks for events.
type EventQuery struct {
	After   Seq        // return events after this number; 0 for the first page
	Visitor visitor.ID // only events about this visitor; "" for all
	Limit   int        // at least 1
}
