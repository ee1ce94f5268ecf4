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
	// CreateGroup makes a group. ErrExists: its key or its id is taken. ErrInvalid:
	// group.CheckRule refuses its rule.
	CreateGroup struct{ Group group.Group }
	// UpdateGroup changes a group. ErrNotFound: no such group. ErrExists: the new name's
	// key is another group's. ErrInvalid: as Patch.Apply says.
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
	// CaptureContact takes in what an event on a channel tells: it finds the visitor, or
	// makes one, and fills its profile as Policy.Absorb says; Keep carries it out. Nobody
	// known by the contact, and Contact.Known: Missing. An event that was taken in before,
	// even if nobody was known then: Unchanged, with the Reason SeenBefore. Only the times of
	// the last sign of life moved: Seen. A tag that it makes, and a visitor that it merges,
	// are events of their own. ErrInvalid: the visitor would pass a limit.
	CaptureContact struct {
		ID      visitor.ID // of the visitor, if one is made
		Contact visitor.Contact
		Tags    []tag.Tag // made unless one with the key is there; all are put on
		Policy  visitor.Policy
		At      time.Time
		By      string
		Cause   string
	}
	// MergeVisitors makes one visitor of two, as Policy.Merge says. From is then another
	// id of Into, for ever. One and the same: Unchanged. ErrNotFound: no such visitor.
	// ErrInvalid: the visitor would pass a limit.
	MergeVisitors struct {
		Into, From visitor.ID
		Policy     visitor.Policy
		At         time.Time
	}
	// UnmergeVisitor makes two visitors again of the one that From was merged into, as
	// visitor.Merged.Undo says. ErrNotFound: From was not merged, or the survivor was
	// deleted. ErrConflict: the survivor has itself been merged since, and that must be
	// undone first.
	UnmergeVisitor struct {
		From visitor.ID
		At   time.Time
	}
	// LinkIdentity gives a visitor one more identity. Its own already: Unchanged.
	// ErrNotFound: no such visitor. ErrExists: it is another visitor's, whose id is the
	// error's Key. ErrInvalid: more than visitor.MaxIdentities then.
	LinkIdentity struct {
		ID       visitor.ID
		Identity visitor.Identity
		At       time.Time
	}
	// UnlinkIdentity takes an identity from a visitor. Not its own: Unchanged.
	// ErrNotFound: no such visitor.
	UnlinkIdentity struct {
		ID       visitor.ID
		Identity visitor.Identity
		At       time.Time
	}
	// LeaveGroup takes a visitor out of a group; out of a group with a rule, for good: the
	// visitor is excluded. A visitor that is not there is Missing. ErrNotFound: no such group.
	LeaveGroup struct {
		Group group.ID
		ID    visitor.ID
		At    time.Time
	}
)

func (CreateVisitor) change()  {}
func (CaptureContact) change() {}
func (MergeVisitors) change()  {}
func (UnmergeVisitor) change() {}
func (LinkIdentity) change()   {}
func (UnlinkIdentity) change() {}
func (UpdateVisitor) change()  {}
func (DeleteVisitor) change()  {}
func (AddTags) change()        {}
func (RemoveTags) change()     {}
func (EnsureTag) change()      {}
func (CreateTag) change()      {}
func (UpdateTag) change()      {}
func (DeleteTag) change()      {}
func (CreateGroup) change()    {}
func (UpdateGroup) change()    {}
func (DeleteGroup) change()    {}
func (JoinGroup) change()      {}
func (LeaveGroup) change()     {}

// Effect is what a change did.
type Effect string

// The effects.
const (
	Unchanged Effect = "unchanged" // all was so already
	Created   Effect = "created"
	Updated   Effect = "updated"
	Deleted   Effect = "deleted"
	Missing   Effect = "missing" // what it was to act on is not there
	Seen      Effect = "seen"    // of a capture: the profile is as it was, the times of the last sign of life are not
)

// Outcome is the result of one change. Visitor is set by the changes that make or change
// a profile, Tag by those that make or change a tag, Group likewise.
type Outcome struct {
	Effect  Effect
	Visitor visitor.Visitor
	Other   visitor.Visitor // of UnmergeVisitor: the one that came back
	Tag     tag.Tag
	Group   group.Group
	Reason  Reason // of CaptureContact
}

// About returns the visitor that a change is about, "" for one that is about none or that
// makes it. An id that was merged into another stands for that one: whoever carries out
// a change whose visitor is not there looks whether it was merged.
func About(c Change) visitor.ID {
	switch c := c.(type) {
	case UpdateVisitor:
		return c.ID
	case DeleteVisitor:
		return c.ID
	case AddTags:
		return c.ID
	case RemoveTags:
		return c.ID
	case JoinGroup:
		return c.ID
	case LeaveGroup:
		return c.ID
	}
	return ""
}

// Redirect returns the change about another visitor.
func Redirect(c Change, id visitor.ID) Change {
	switch c := c.(type) {
	case UpdateVisitor:
		c.ID = id
		return c
	case DeleteVisitor:
		c.ID = id
		return c
	case AddTags:
		c.ID = id
		return c
	case RemoveTags:
		c.ID = id
		return c
	case JoinGroup:
		c.ID = id
		return c
	case LeaveGroup:
		c.ID = id
		return c
	}
	return c
}
