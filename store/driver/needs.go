package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

// needs lists the rows that changes are known to read or write, with repetitions.
type needs struct {
	parts      Parts
	visitors   []visitor.ID // visitors and aliases, also those that may be created
	contacts   []contact
	identities []visitor.Identity
	tags       []string // keys
	lastTags   []string // of the last change
	groups     []group.ID
	events     []DedupKey
}

// contact is what a capture looks for: the owners of the identities, or else the id that it
// gives to a new visitor.
type contact struct {
	identities []visitor.Identity
	id         visitor.ID
}

func (n *needs) add(c Change) {
	switch c := c.(type) {
	case CreateVisitor:
		n.visitor(c.Visitor.ID, 0)
		if len(c.Visitor.Identities) > 0 { // a visitor that is deleted in the same batch may have them
			n.parts |= Identities
		}
		n.identities = append(n.identities, c.Visitor.Identities...)
		n.addTags(c.Tags)
		n.groups = append(n.groups, c.Groups...)
	case UpdateVisitor:
		n.visitor(c.ID, AllParts)
	case DeleteVisitor:
		n.visitor(c.ID, 0)
	case AddTags:
		n.visitor(c.ID, Tags)
		n.addTags(c.Tags)
	case RemoveTags:
		n.visitor(c.ID, Tags)
		n.addTags(c.Tags)
	case AddToGroup:
		n.visitor(c.ID, Groups)
		n.groups = append(n.groups, c.Group)
	case RemoveFromGroup:
		n.visitor(c.ID, Groups)
		n.groups = append(n.groups, c.Group)
	case EnsureTag:
		n.tags = append(n.tags, keyOf(c.Tag))
	case CreateTag:
		n.tags = append(n.tags, keyOf(c.Tag))
	case CaptureContact:
		n.parts = AllParts
		looked := contact{lookupIdentities(c.Contact), c.ID}
		n.contacts, n.identities = append(n.contacts, looked), append(n.identities, looked.identities...)
		for _, t := range c.Tags {
			n.tags = append(n.tags, keyOf(t))
		}
		if c.Contact.EventID != "" {
			n.events = append(n.events, DedupKeyOf(c.Contact))
		}
	case MergeVisitors, UnmergeVisitor:
		n.parts = AllParts
	case LinkIdentity:
		n.visitor(c.ID, AllParts)
		n.identities = append(n.identities, c.Identity)
	case UnlinkIdentity:
		n.visitor(c.ID, AllParts)
	}
}

func (n *needs) visitor(id visitor.ID, parts Parts) {
	n.visitors, n.parts = append(n.visitors, id), n.parts|parts
}

// addTags adds keys of tags, unless they are those of the change before, as in a change to
// many visitors.
func (n *needs) addTags(keys []string) {
	if !slices.Equal(keys, n.lastTags) {
		n.tags, n.lastTags = append(n.tags, keys...), keys
	}
}
