package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Keeper is what a back end lends to the changes that must look before they write: the
// rows of one workspace, inside the transaction of an Apply. Keep carries the changes out.
type Keeper interface {
	// Visitor returns the visitor with that very id, or false.
	Visitor(id visitor.ID) (visitor.Visitor, bool, error)
	// Owner returns the visitor that has the identity, or false.
	Owner(i visitor.Identity) (visitor.ID, bool, error)
	// Reachable returns the visitors that have that e-mail, folded, or that phone, the
	// oldest first, at most limit. One of the two is "".
	Reachable(email, phone string, limit int) ([]visitor.ID, error)
	// Put writes v in place of before, or adds it where before is nil. Tags and groups
	// of v that are not there any more are left out. Identities are free by then.
	Put(before *visitor.Visitor, v visitor.Visitor) error
	// Remove takes a visitor out with all that belongs to it, but for what Merged keeps.
	Remove(v visitor.Visitor) error
	// EnsureTag makes the tag, with its event, unless one with its key is there, and
	// returns the one that is.
	EnsureTag(t tag.Tag) (tag.Tag, error)
	// Remember notes an event for RememberFor and reports whether it was noted before.
	Remember(e EventKey, at time.Time) (before bool, err error)
	// Merged returns what is kept of a visitor that was merged into another, or false.
	// PutMerged keeps it, until the visitor it leads to is deleted; DropMerged forgets it.
	Merged(id visitor.ID) (visitor.Merged, bool, error)
	PutMerged(m visitor.Merged) error
	DropMerged(id visitor.ID) error
	// Emit appends an event.
	Emit(e Event) error
}

// RememberFor is how long a workspace remembers at least which events it has taken in.
// Channels try for up to seven days.
const RememberFor = 30 * 24 * time.Hour

// EventKey stands for an event of a channel. It tells nothing of what is in it.
type EventKey [16]byte

// KeyOf returns the key of the event that a contact is of.
func KeyOf(c visitor.Contact) EventKey {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(c.Source), c.Account, c.EventID}, "\n")))
	return EventKey(sum[:16])
}

// Reason says how a capture found its visitor, or why it was ignored.
type Reason string

// The reasons.
const (
	NewPerson    Reason = "nobody was known by these ids"
	SameIdentity Reason = "known by this id"
	OtherID      Reason = "known by another id of the same person"
	OtherForm    Reason = "known by another spelling of the number"
	SameEmail    Reason = "known by the e-mail"
	SamePhone    Reason = "known by the phone"
	SeenBefore   Reason = "the event was taken in before"
	Unknown      Reason = "nobody is known by these ids, and the event is not one that makes a visitor"
)

// Keep carries out a change that has to look before it writes, by what k lends. All back
// ends call it, so that such changes mean the same everywhere. The errors are k's, and those
// that the change names.
func Keep(k Keeper, c Change) (Outcome, error) {
	switch c := c.(type) {
	case CaptureContact:
		return capture(k, c)
	case MergeVisitors:
		return merge(k, c)
	case UnmergeVisitor:
		return unmerge(k, c)
	case LinkIdentity:
		return link(k, c)
	case UnlinkIdentity:
		return unlink(k, c)
	}
	return Outcome{}, fmt.Errorf("unknown change %T", c)
}

// Follow returns the id of the visitor that an id stands for: its own, or that of the one
// it was merged into. False: there is no such visitor.
func Follow(k Keeper, id visitor.ID) (v visitor.Visitor, found bool, err error) {
	for {
		v, found, err = k.Visitor(id)
		if err != nil || found {
			return v, found, err
		}
		m, merged, err := k.Merged(id)
		if err != nil || !merged {
			return v, false, err
		}
		id = m.Into.ID
	}
}

// Rerouted returns the change to make in place of one that led to out or err: the same
// about the visitor that its own was merged into. False: there is nothing else to make.
func Rerouted(k Keeper, c Change, out Outcome, err error) (next Change, ok bool, _ error) {
	id := About(c)
	var missed *Error
	gone := out.Effect == Missing || errors.As(err, &missed) && missed.Kind == "visitor" && errors.Is(err, ErrNotFound)
	if id == "" || !gone {
		return nil, false, nil
	}
	v, found, err := Follow(k, id)
	if err != nil || !found || v.ID == id {
		return nil, false, err
	}
	return Redirect(c, v.ID), true, nil
}

func merge(k Keeper, c MergeVisitors) (Outcome, error) {
	into, found, err := Follow(k, c.Into)
	if err != nil || !found {
		return Outcome{}, orMissed(err, c.Into)
	}
	from, found, err := Follow(k, c.From)
	if err != nil || !found {
		return Outcome{}, orMissed(err, c.From)
	}
	if into.ID == from.ID {
		return Outcome{Effect: Unchanged, Visitor: into}, nil
	}
	result, err := unite(k, c.Policy, into, from, c.At)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Updated, Visitor: result}, nil
}

func orMissed(err error, id visitor.ID) error {
	if err != nil {
		return err
	}
	return Missed("visitor", string(id))
}

// unite makes one visitor of two that are there, and tells of it.
func unite(k Keeper, p visitor.Policy, into, from visitor.Visitor, at time.Time) (visitor.Visitor, error) {
	result := p.Merge(into, from)
	result.UpdatedAt, result.Revision = at, into.Revision+1
	if err := result.CheckLimits(); err != nil {
		return result, err
	}
	if err := k.Remove(from); err != nil {
		return result, err
	}
	if err := k.Put(&into, result); err != nil {
		return result, err
	}
	if err := k.PutMerged(visitor.Merged{Into: into, From: from, Result: result}); err != nil {
		return result, err
	}
	return result, k.Emit(Event{
		Kind: VisitorMerged, At: at, Visitor: into.ID, Other: from.ID, Fields: visitor.Changed(into, result),
	})
}

func unmerge(k Keeper, c UnmergeVisitor) (Outcome, error) {
	m, found, err := k.Merged(c.From)
	if err != nil || !found {
		return Outcome{}, orMissed(err, c.From)
	}
	now, found, err := k.Visitor(m.Into.ID)
	switch {
	case err != nil:
		return Outcome{}, err
	case !found:
		return Outcome{}, &Error{Kind: "visitor", Key: string(m.Into.ID), Err: ErrConflict}
	}
	into, from := m.Undo(now)
	into.UpdatedAt, into.Revision = c.At, now.Revision+1
	from.UpdatedAt, from.Revision = c.At, m.From.Revision+1
	if err := k.DropMerged(c.From); err != nil {
		return Outcome{}, err
	}
	if err := k.Put(&now, into); err != nil {
		return Outcome{}, err
	}
	if err := k.Put(nil, from); err != nil {
		return Outcome{}, err
	}
	// What was put may have lost tags and groups that are not there any more.
	if into, _, err = k.Visitor(into.ID); err != nil {
		return Outcome{}, err
	}
	if from, _, err = k.Visitor(from.ID); err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Updated, Visitor: into, Other: from}, k.Emit(Event{
		Kind: VisitorUnmerged, At: c.At, Visitor: into.ID, Other: from.ID, Fields: visitor.Changed(now, into),
	})
}

func link(k Keeper, c LinkIdentity) (Outcome, error) {
	return identify(k, c.ID, c.At, func(v *visitor.Visitor) error {
		owner, taken, err := k.Owner(c.Identity)
		switch {
		case err != nil:
			return err
		case taken && owner != v.ID:
			return Taken("identity", string(owner))
		case !taken:
			v.Identities = append(v.Identities, c.Identity)
			slices.SortFunc(v.Identities, visitor.Identity.Compare)
		}
		return v.CheckLimits()
	})
}

func unlink(k Keeper, c UnlinkIdentity) (Outcome, error) {
	return identify(k, c.ID, c.At, func(v *visitor.Visitor) error {
		v.Identities = slices.DeleteFunc(v.Identities, c.Identity.Is)
		if len(v.Identities) == 0 {
			v.Identities = nil
		}
		return nil
	})
}

// identify changes the identities of a visitor.
func identify(k Keeper, id visitor.ID, at time.Time, change func(*visitor.Visitor) error) (Outcome, error) {
	before, found, err := Follow(k, id)
	if err != nil || !found {
		return Outcome{}, orMissed(err, id)
	}
	v := before.Clone()
	if err := change(&v); err != nil {
		return Outcome{}, err
	}
	fields := visitor.Changed(before, v)
	if len(fields) == 0 {
		return Outcome{Effect: Unchanged, Visitor: before}, nil
	}
	v.UpdatedAt, v.Revision = at, before.Revision+1
	if err := k.Put(&before, v); err != nil {
		return Outcome{}, err
	}
	return Outcome{Effect: Updated, Visitor: v}, k.Emit(Event{Kind: VisitorUpdated, At: at, Visitor: v.ID, Fields: fields})
}
