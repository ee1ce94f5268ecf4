package store

import (
	"context"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Store is what a back end implements. Applications use a Workspace, which gives a Store
// nothing but checked and normalised values: valid ids, bound filters, limits in range.
//
// Every method is safe for concurrent use, returns values that the caller may change,
// returns the context's error when the context ends first, and ErrClosed after Close. What
// Apply has acknowledged, every later call sees.
type Store interface {
	// GetVisitor returns a visitor, or ErrNotFound.
	GetVisitor(ctx context.Context, ws WorkspaceID, id visitor.ID) (visitor.Visitor, error)

	// FindVisitors returns the first Limit visitors that match, in the given order, that
	// come after the position.
	FindVisitors(ctx context.Context, ws WorkspaceID, s Select) ([]visitor.Visitor, error)

	// CountVisitors counts the visitors that match; it may stop at limit, if that is
	// above 0.
	CountVisitors(ctx context.Context, ws WorkspaceID, where filter.Bound, limit int64) (int64, error)

	// ListTags returns tags in the order of their keys.
	ListTags(ctx context.Context, ws WorkspaceID, l List) ([]tag.Tag, error)

	// ListGroups returns groups in the order of their keys.
	ListGroups(ctx context.Context, ws WorkspaceID, l List) ([]group.Group, error)

	// Apply makes the changes in turn, all or none, and returns an Outcome for each. If one
	// fails, the error is a *ChangeError that says which. A change that has an effect
	// appends one Event, in the same transaction.
	Apply(ctx context.Context, ws WorkspaceID, changes []Change) ([]Outcome, error)

	// Events returns the first limit events after the one with that number, in order.
	Events(ctx context.Context, ws WorkspaceID, after Seq, limit int) ([]Event, error)

	// Close waits for calls under way and frees what the store holds. Closing twice is no
	// error.
	Close() error
}

// Faceter is a Store that can count by source, tag and group in one pass; a Workspace
// reads all matches of one that cannot.
type Faceter interface {
	Facets(ctx context.Context, ws WorkspaceID, where filter.Bound) (Facets, error)
}

// WorkspaceID names a workspace: the walls between a host's customers. It has 1 to 64
// ASCII letters, digits, '.', '_' and '-'; case matters.
type WorkspaceID string

// ParseWorkspaceID checks s, or returns a *visitor.FieldError.
func ParseWorkspaceID(s string) (WorkspaceID, error) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if s == "" || len(s) > 64 || strings.Trim(s, allowed) != "" {
		return "", text.Refuse("workspace", "want 1 to 64 letters, digits, '.', '_' and '-'")
	}
	return WorkspaceID(s), nil
}

// Select is a page of visitors, as a back end is asked for it.
type Select struct {
	Where filter.Bound
	Order Order
	After *Position // nil: from the start
	Limit int       // at least 1
}

// List asks for tags or groups. With Keys or IDs it names the wanted ones, at most
// 1,000, and After and Limit are zero; what is not there is left out.
type List struct {
	Keys  []string // tag.Key or group.Key of names
	IDs   []string
	After string // the key after which to start; "" from the first
	Limit int
}
