package driver

import (
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Change is one change of an Apply: one of the types below. Apply refuses nil and pointers.
type Change interface {
	audit() Audit
	apply(b *batch) (Outcome, error)
}

// Audit says when a change was made, by whom and why. Every change has one, and its event
// records it.
type Audit struct {
	At    time.Time
	Actor string // the host's name for the user or program that acts; "" if unknown
	Cause string // a rule, a campaign, an import; "" if unknown
	Bulk  bool   `json:",omitzero"` // part of an import: the events of groups that are entered or left say so
}

func (a Audit) audit() Audit { return a }

// AuditOf returns when a change was made, by whom and why.
func AuditOf(c Change) Audit { return c.audit() }

// The changes. A change about a visitor whose id was merged into another visitor applies
// to that visitor. A change that makes a visitor exceed a limit of visitor.CheckLimits
// fails with ErrInvalid.
type (
	// CreateVisitor creates a visitor with its identities and attributes, gives it the tags
	// and adds it to Groups. ErrExists: the id is taken, or an identity belongs to another
	// visitor (the error's Key is that visitor's id). ErrNotFound: no such tag or group.
	CreateVisitor struct {
		Audit
		Visitor visitor.Visitor // without Tags and Memberships
		Tags    []string        // keys
		Groups  []group.ID
	}
	// UpdateVisitor patches a profile. ErrNotFound: no such visitor. ErrConflict: the
	// revision is not Patch.IfRevision. A patch that changes nothing is Unchanged and keeps
	// the revision.
	UpdateVisitor struct {
		Audit
		ID    visitor.ID
		Patch visitor.Patch
	}
	// DeleteVisitor deletes a visitor with everything that belongs to it. No such visitor:
	// Missing.
	DeleteVisitor struct {
		Audit
		ID visitor.ID
	}
	// AddTags gives a visitor tags; those it has keep their first assignment. ErrNotFound:
	// no such tag. No such visitor: Missing.
	AddTags struct {
		Audit
		ID   visitor.ID
		Tags []string // keys
	}
	// RemoveTags removes tags from a visitor; tags that it does not have or that do not exist
	// are ignored. No such visitor: Missing.
	RemoveTags struct {
		Audit
		ID   visitor.ID
		Tags []string // keys
	}
	// EnsureTag creates the tag unless one with its key exists. The outcome has the tag that
	// exists afterwards.
	EnsureTag struct {
		Audit
		Tag tag.Tag
	}
	// CreateTag creates a tag. ErrExists: its key or id is taken.
	CreateTag struct {
		Audit
		Tag tag.Tag
	}
	// UpdateTag patches a tag. ErrNotFound: no such tag. ErrExists: another tag has the new
	// name's key.
	UpdateTag struct {
		Audit
		ID    tag.ID
		Patch tag.Patch
	}
	// DeleteTag deletes a tag and removes it from every visitor. ErrInUse (an *InUseError):
	// a group's rule mentions it. No such tag: Missing.
	DeleteTag struct {
		Audit
		ID tag.ID
	}
	// CreateGroup creates a group. ErrExists: its key or id is taken. ErrInvalid: the rule
	// names a tag or group that does not exist, or a group that has a rule.
	CreateGroup struct {
		Audit
		Group group.Group
	}
	// UpdateGroup patches a group. ErrNotFound: no such group. ErrExists: another group has
	// the new name's key. ErrInvalid: as for CreateGroup and, if the group is watched, as for
	// WatchGroup. ErrInUse (an *InUseError): the group would get a rule, and another group's rule
	// mentions it.
	UpdateGroup struct {
		Audit
		ID    group.ID
		Patch group.Patch
	}
	// DeleteGroup deletes a group; its members stay visitors. ErrInUse (an *InUseError): a
	// group's rule mentions it. No such group: Missing.
	DeleteGroup struct {
		Audit
		ID group.ID
	}
	// AddToGroup makes a visitor a member of a group and ends its exclusion. ErrNotFound: no
	// such group. No such visitor: Missing.
	AddToGroup struct {
		Audit
		Group group.ID
		ID    visitor.ID
	}
	// RemoveFromGroup ends a membership. If the group has a rule, the visitor is excluded
	// from it until it is added again. ErrNotFound: no such group. No such visitor: Missing.
	RemoveFromGroup struct {
		Audit
		Group group.ID
		ID    visitor.ID
	}
	// CaptureContact records what an event on a channel says about a person: it finds the
	// visitor or creates one, and fills the profile as Policy says. Nobody found and
	// Contact.UpdateOnly: Missing. An event that was processed before: Unchanged, with the
	// reason AlreadyProcessed. If only the times of last contact changed: Touched. A tag that
	// it creates and a visitor that it merges have events of their own.
	CaptureContact struct {
		Audit
		ID      visitor.ID // of the visitor, if one is created
		Contact visitor.Contact
		Tags    []tag.Tag // created unless the key exists; all are given to the visitor
		Policy  visitor.Policy
	}
	// MergeVisitors merges From into Into as Policy.Merge does. From becomes an alias of
	// Into. Both ids are the same visitor: Unchanged. ErrNotFound: no such visitor.
	MergeVisitors struct {
		Audit
		Into, From visitor.ID
		Policy     visitor.Policy
	}
	// UnmergeVisitor restores the visitor that From was before it was merged, as
	// visitor.Merged.Undo does. ErrNotFound: From was not merged, or the surviving visitor was
	// deleted. ErrConflict: the surviving visitor was itself merged since; undo that merge
	// first. ErrExists: a visitor has the id From.
	UnmergeVisitor struct {
		Audit
		From visitor.ID
	}
	// LinkIdentity gives a visitor one more identity. The visitor has it: Unchanged.
	// ErrNotFound: no such visitor. ErrExists: another visitor has it (the error's Key is that
	// visitor's id).
	LinkIdentity struct {
		Audit
		ID       visitor.ID
		Identity visitor.Identity
	}
	// UnlinkIdentity removes an identity from a visitor. The visitor does not have it:
	// Unchanged. ErrNotFound: no such visitor.
	UnlinkIdentity struct {
		Audit
		ID       visitor.ID
		Identity visitor.Identity
	}
)

// Effect is what a change did.
type Effect string

// The effects.
const (
	Unchanged Effect = "unchanged"
	Created   Effect = "created"
	Updated   Effect = "updated"
	Deleted   Effect = "deleted"
	Missing   Effect = "missing" // the visitor, tag or group does not exist
	Touched   Effect = "touched" // a capture: only the times of last contact changed
)

// Outcome is the result of one change. Visitor is the visitor after a change that creates
// or changes a profile, Tag and Group what exists after one that creates or changes it;
// otherwise they are nil.
type Outcome struct {
	Effect  Effect
	Visitor *visitor.Visitor
	Other   *visitor.Visitor // UnmergeVisitor: the restored visitor
	Tag     *tag.Tag
	Group   *group.Group
	Reason  CaptureReason // CaptureContact only
	// RecordConsent, ReportHealth, PutTopic and EraseVisitor: what stands afterwards.
	Consent *consent.Status
	Health  *consent.Health
	Topic   *consent.Topic
	Erasure *Erasure
	Job     *Job // StepJob: as it is afterwards
	// AdvanceWatch: how many events of visitors that entered or left groups it recorded.
	Entered, Left int
}

// CaptureReason says how a capture found its visitor, or why it was ignored. See
// store.CaptureReason, which has the same values.
type CaptureReason string

// The reasons.
const (
	NewPerson        CaptureReason = "new_person"
	SameIdentity     CaptureReason = "same_identity"
	AlternateID      CaptureReason = "alternate_id"
	OtherSpelling    CaptureReason = "other_spelling"
	SameEmail        CaptureReason = "same_email"
	SamePhone        CaptureReason = "same_phone"
	AlreadyProcessed CaptureReason = "already_processed"
	UnknownPerson    CaptureReason = "unknown_person"
)
