package driver

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Tx is the rows of one workspace inside a transaction: what an engine implements so that
// Apply can make changes. A Tx is used by one goroutine. Reads see what was written through
// the same Tx before. An error of any method ends the Apply, and the engine rolls back.
//
// Lists of ids have at most 1,000 entries, without repetition; what does not exist is left
// out of results. A slice or map that a method returns may be modified by the caller. A
// method does not keep slices and pointers that it is given.
type Tx interface {
	// Visitors returns the visitors with those ids, in any order. Only ID and the given
	// parts need to be filled in; without Profile, assignments and memberships need no more
	// than the ids of tags and groups.
	Visitors(ids []visitor.ID, parts Parts) ([]visitor.Visitor, error)
	// WriteVisitors writes the difference between each Before and After. An identity may
	// move from one visitor to another within a call.
	WriteVisitors(edits []VisitorEdit, parts Parts) error
	// Owners returns the id of the visitor that has each identity, "" for none.
	Owners(identities []visitor.Identity) ([]visitor.ID, error)
	// ByAddress returns the first limit visitors with that e-mail (compared folded) or that
	// phone, oldest first. One of the two is "".
	ByAddress(email, phone string, limit int) ([]visitor.ID, error)

	// Tags and Groups return what the list asks for, ordered by key.
	Tags(l List) ([]tag.Tag, error)
	Groups(l List) ([]group.Group, error)
	// PutTag and PutGroup insert after if before is nil, and replace before otherwise. Key
	// and id are known to be free.
	PutTag(before *tag.Tag, after tag.Tag) error
	PutGroup(before *group.Group, after group.Group) error
	// Tagged returns the first limit visitors with a tag whose ids come after one, in order. InGroup
	// does the same for those that were added to a group or removed from it by hand.
	Tagged(id tag.ID, after visitor.ID, limit int) ([]visitor.ID, error)
	InGroup(id group.ID, after visitor.ID, limit int) ([]visitor.ID, error)
	// DeleteTag and DeleteGroup also delete the assignments and memberships.
	DeleteTag(id tag.ID) error
	DeleteGroup(id group.ID) error

	// Processed returns which events of channels were processed before. PutProcessed
	// records more; the engine may forget those older than DedupWindow.
	Processed(keys []DedupKey) (map[DedupKey]bool, error)
	PutProcessed(keys []DedupKey, at time.Time) error

	// Aliases returns the visitor that each id was merged into. That may be an alias again.
	Aliases(ids []visitor.ID) (map[visitor.ID]visitor.ID, error)
	// MergedInto returns the ids that were merged into one of the visitors directly.
	MergedInto(ids []visitor.ID) ([]visitor.ID, error)
	// Merge returns the stored state of a merge by the id that was merged away. PutMerge
	// stores one, DeleteMerges deletes them.
	Merge(from visitor.ID) (m visitor.Merged, found bool, err error)
	PutMerge(m visitor.Merged) error
	DeleteMerges(from []visitor.ID) error

	// Records returns what the query asks for. PutRecords stores records in place of those with
	// the same kind and key; DeleteRecords deletes.
	Records(q RecordQuery) ([]Record, error)
	PutRecords(records []Record) error
	DeleteRecords(kind RecordKind, keys []string) error
	// Keys returns the suppression keys of the workspace.
	Keys() (consent.Keys, error)
	// WithAddresses returns visitors that have the address of one of the subjects, whose sender
	// does not matter, in any order. An address is in the form of consent.Subject.Normalize. All
	// visitors are returned that have it among their visitor.Visitor.Routes, and others can be.
	WithAddresses(subjects []consent.Subject) ([]visitor.ID, error)
	// ForgetCopies is called when a visitor is erased, after WriteVisitors: the engine deletes
	// all copies of the person's data that it keeps besides its tables, such as stored indexes.
	ForgetCopies() error

	// AppendEvents numbers and appends events. Their Seq is 0.
	AppendEvents(events []Event) error
}

// VisitorEdit is a visitor before and after changes.
type VisitorEdit struct {
	Before *visitor.Visitor // as Tx.Visitors returned it; nil: the visitor is new
	After  *visitor.Visitor // complete if the visitor is new, else as Before; nil: delete it
}

// Parts says which parts of visitors are read and written.
type Parts uint8

// The parts.
const (
	Profile Parts = 1 << iota // all fields that are not named below
	Identities
	Tags
	Groups // Memberships and Excluded
	Attributes
	Consents // Consents and Health

	AllParts = Profile | Identities | Tags | Groups | Attributes | Consents
)

// Has reports whether p includes all parts of q.
func (p Parts) Has(q Parts) bool { return p&q == q }

// DedupWindow is the minimum time for which a store remembers processed events. Channels
// retry for up to seven days.
const DedupWindow = 30 * 24 * time.Hour

// DedupKey identifies an event of a channel: a hash that reveals nothing about the event.
type DedupKey [16]byte

// DedupKeyOf returns the key of the event that a contact comes from. Sources, accounts and ids
// have no line breaks, so different events have different keys.
func DedupKeyOf(c visitor.Contact) DedupKey {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(c.Source), c.Account, c.EventID}, "\n")))
	return DedupKey(sum[:16])
}
