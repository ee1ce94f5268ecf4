package store

import (
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Change is one change of Apply. The set is closed.
type Change interface{ change() }

type (
	// CreateVisitor adds a visitor, with its identities and attributes, puts the named
	// tags on it and makes it a member of Visitor.Groups. ErrExists: the id is taken, or an
	// identity belongs to another visitor (whose id is the error's Key). ErrNotFound: no such
	// tag or group. Its tags and its event have Visitor.UpdatedAt as their time, since
	// CreatedAt may be long ago.
	CreateVisitor struct {
		Visitor visitor.Visitor // Tags is empty
		Tags    []string        // keys of tags, which exist by then
		By      string
		Cause   string
	}
	// UpdateVisitor patches a profile. ErrNotFound: no such visitor. ErrConflict:
	// IfRevision is another one. ErrInvalid: the visitor would pass a limit of
	// visitor.CheckLimits. A patch that changes nothing leaves the revision too.
	UpdateVisitor struct {
		ID    visitor.ID
		Patch visitor.Patch
		At    time.Time
	}
	// DeleteVisitor removes a visitor and all that belongs to it. One that is not there
	// is Missing.
	DeleteVisitor struct {
		ID visitor.ID
		At time.Time
	}
	// AddTags puts tags on a visitor; a tag that it carries stays as it was put. A visitor
	// that is not there is Missing. ErrNotFound: no such tag. ErrInvalid: more than
	// visitor.MaxTags then.
	AddTags struct {
		ID    visitor.ID
		Tags  []string // keys
		At    time.Time
		By    string
		Cause string
	}
	// RemoveTags takes tags off a visitor; those it does not carry, or that do not
	// exist, do not matter. A visitor that is not there is Missing.
	RemoveTags struct {
		ID   visitor.ID
		Tags []string // keys
		At   time.Time
	}
	// EnsureTag makes the tag unless one with its key is there already; the outcome holds
	// the one that is.
	EnsureTag struct{ Tag tag.Tag }
	// CreateTag makes a tag. ErrExists: its key or its id is taken.
	CreateTag struct{ Tag tag.Tag }
	// UpdateTag changes a tag. ErrNotFound: no such tag. ErrExists: the new name's key is
	// another tag's.
	UpdateTag struct {
		ID    tag.ID
		Patch tag.Patch
		At    time.Time
	}
	// DeleteTag removes a tag from the workspace and from every visitor. One that is not
	// there is Missing.
	DeleteTag struct {
		ID tag.ID
		At time.Time
	}
	// CreateGroup makes a group. ErrExists: its key or its id is taken.
	CreateGroup struct{ Group group.Group }
	// UpdateGroup changes a group. ErrNotFound: no such group. ErrExists: the new name's
	// key is another group's.
	UpdateGroup struct {
		ID    group.ID
		Patch group.Patch
		At    time.Time
	}
	// DeleteGroup removes a group; its members stay visitors. One that is not there is
	// Missing.
	DeleteGroup struct {
		ID group.ID
		At time.Time
	}
	// JoinGroup puts a visitor into a group by hand, and ends its exclusion from it. A
	// visitor that is not there is Missing. ErrNotFound: no such group. ErrInvalid: more than
	// visitor.MaxGroups then.
	JoinGroup struct {
		Group group.ID
		ID    visitor.ID
		At    time.Time
	}
	// LeaveGroup takes a visitor out of a group; out of a group with a rule, for good: the
	// visitor is excluded. A visitor that is not there is Missing. ErrNotFound: no such group.
	LeaveGroup struct {
		Group group.ID
		ID    visitor.ID
		At    time.Time
	}
)

func (CreateVisitor) change() {}
func (UpdateVisitor) change() {}
func (DeleteVisitor) change() {}
func (AddTags) change()       {}
func (RemoveTags) change()    {}
func (EnsureTag) change()     {}
func (CreateTag) change()     {}
func (UpdateTag) change()     {}
func (DeleteTag) change()     {}
func (CreateGroup) change()   {}
func (UpdateGroup) change()   {}
func (DeleteGroup) change()   {}
func (JoinGroup) change()     {}
func (LeaveGroup) change()    {}

// Effect is what a change did.
type Effect string

// The effects.
const (
	Unchanged Effect = "unchanged" // all was so already
	Created   Effect = "created"
	Updated   Effect = "updated"
	Deleted   Effect = "deleted"
	Missing   Effect = "missing" // what it was to act on is not there
)

// Outcome is the result of one change. Visitor is set by CreateVisitor and
// UpdateVisitor, Tag by the changes that make or change a tag, Group likewise.
type Outcome struct {
	Effect  Effect
	Visitor visitor.Visitor
	Tag     tag.Tag
	Group   group.Group
}
