package driver

import (
	"fmt"
	"slices"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
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
		if err := b.needAddresses(c.Visitor); err != nil {
			return err
		}
		b.tags.want(c.Tags...)
		b.groups.want(c.Groups...)
	case UpdateVisitor:
		b.needVisitor(c.ID, AllParts)
	case DeleteVisitor:
		recorded, err := b.anyAddresses()
		if err != nil {
			return err
		}
		b.visitors.want(c.ID)
		if recorded {
			b.parts |= Profile | Identities | Consents
		}
	case RecordConsent:
		b.needAddress(c.Entry.Subject)
		if c.Entry.Topic != "" {
			b.topics.want(c.Entry.Topic)
		}
		if c.Event != (DedupKey{}) {
			b.events.want(c.Event)
		}
	case ReportHealth:
		b.needAddress(c.Report.Subject)
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
	case MergeVisitors, UnmergeVisitor, EraseVisitor, ReapplyErasure:
		b.parts = AllParts
	case AdvanceWatch:
		b.visitors.want(c.Visitors...)
	case PutTopic, DeleteTopic, PutAudience, DeleteAudience, PutJob, StepJob, WatchGroup:
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

// needAddress adds an address, and the visitors that have it.
func (b *batch) needAddress(s consent.Subject) {
	b.addresses.want(addressOf(s))
	b.held.want(addressOf(s))
	b.parts |= Profile | Identities | Consents
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
func (b *batch) needMatches(c CaptureContact) error {
	found := false
	for _, i := range lookupIdentities(c.Contact) {
		if owner := b.owners.get(identityKeyOf(i)); owner != "" {
			b.visitors.want(owner)
			found = true
		}
	}
	if found {
		return nil
	}
	b.visitors.want(c.ID)
	if recorded, err := b.anyAddresses(); err != nil || !recorded {
		return err
	}
	return b.needAddresses(visitor.Visitor{Email: c.Contact.Email, Phone: c.Contact.Phone, Identities: c.Contact.Identities()})
}

// needAddresses adds the addresses of a visitor, if anything was said about any address.
func (b *batch) needAddresses(v visitor.Visitor) error {
	recorded, err := b.anyAddresses()
	if recorded {
		b.addresses.want(addressesOf(&v)...)
	}
	return err
}

// needNewAddresses adds the addresses of a visitor to whom a capture adds one.
func (b *batch) needNewAddresses(c visitor.Contact) {
	identities := c.Identities()
	for _, i := range identities {
		e := b.visitors.get(b.owners.get(identityKeyOf(i)))
		if e == nil || e.now == nil {
			continue
		}
		v := e.now
		has := func(i visitor.Identity) bool { return slices.ContainsFunc(v.Identities, i.Is) }
		more := c.Email != "" && c.Email != v.Email || c.Phone != "" && c.Phone != v.Phone ||
			slices.ContainsFunc(identities, func(i visitor.Identity) bool { return !has(i) })
		if more {
			b.addresses.want(addressesOf(v)...)
			b.addresses.want(addressesOf(&visitor.Visitor{Email: c.Email, Phone: c.Phone, Identities: identities})...)
		}
		return
	}
}
