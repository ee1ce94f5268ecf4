package driver

import (
	"fmt"

	"github.com/contactpipeline/visitors/visitor"
)

// need adds the rows that a change is known to read or write to those that read reads. It
// refuses nil and pointers to changes.
func (b *batch) need(c Change) error {
	switch c := c.(type) {
	case CreateVisitor:
		b.visitors.want(c.Visitor.ID)
		if len(c.Visitor.Identities) > 0 { // a visitor that is deleted in the same batch may have them
			b.parts |= Identities
		}
		b.needOwners(c.Visitor.Identities...)
		b.tags.want(c.Tags...)
		b.groups.want(c.Groups...)
	case UpdateVisitor:
		b.needVisitor(c.ID, AllParts)
	case DeleteVisitor:
		b.visitors.want(c.ID)
	case AddTags:
		b.needVisitor(c.ID, Tags)
		b.tags.want(c.Tags...)
	case RemoveTags:
		b.needVisitor(c.ID, Tags)
		b.tags.want(c.Tags...)
	case AddToGroup:
		b.needVisitor(c.ID, Groups)
		b.groups.want(c.Group)
	case RemoveFromGroup:
		b.needVisitor(c.ID, Groups)
		b.groups.want(c.Group)
	case EnsureTag:
		b.tags.want(keyOf(c.Tag))
	case CreateTag:
		b.tags.want(keyOf(c.Tag))
	case CaptureContact:
		b.parts = AllParts
		b.needOwners(lookupIdentities(c.Contact)...)
		for _, t := range c.Tags {
			b.tags.want(keyOf(t))
		}
		if c.Contact.EventID != "" {
			b.events.want(DedupKeyOf(c.Contact))
		}
	case MergeVisitors, UnmergeVisitor:
		b.parts = AllParts
	case UpdateTag, DeleteTag, CreateGroup, UpdateGroup, DeleteGroup:
	case LinkIdentity:
		b.needVisitor(c.ID, AllParts)
		b.needOwners(c.Identity)
	case UnlinkIdentity:
		b.needVisitor(c.ID, AllParts)
	default:
		return fmt.Errorf("unknown change %T", c)
	}
	return nil
}

func (b *batch) needVisitor(id visitor.ID, parts Parts) {
	b.visitors.want(id)
	b.parts |= parts
}

func (b *batch) needOwners(identities ...visitor.Identity) {
	for _, i := range identities {
		b.owners.want(identityKeyOf(i))
	}
}

// needMatches adds the visitors that a capture finds: the owners of its identities, or else
// the id that it gives to a new visitor.
func (b *batch) needMatches(c CaptureContact) {
	found := false
	for _, i := range lookupIdentities(c.Contact) {
		if owner := b.owners.get(identityKeyOf(i)); owner != "" {
			b.visitors.want(owner)
			found = true
		}
	}
	if !found {
		b.visitors.want(c.ID)
	}
}
