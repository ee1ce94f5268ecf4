package driver

import (
	"slices"

	"github.com/contactpipeline/visitors/visitor"
)

func (c LinkIdentity) apply(b *batch) (Outcome, error) {
	owner, err := b.owner(c.Identity)
	if err != nil {
		return Outcome{}, err
	}
	return b.changeIdentities(c.Audit, c.ID, func(v *visitor.Visitor) error {
		switch owner {
		case "":
			v.Identities = append(v.Identities, c.Identity)
		case v.ID:
		default:
			return AlreadyExists("identity", string(owner))
		}
		return nil
	})
}

func (c UnlinkIdentity) apply(b *batch) (Outcome, error) {
	return b.changeIdentities(c.Audit, c.ID, func(v *visitor.Visitor) error {
		v.Identities = slices.DeleteFunc(v.Identities, c.Identity.Is)
		return nil
	})
}

// changeIdentities updates a visitor after change, unless that changes nothing.
func (b *batch) changeIdentities(a Audit, id visitor.ID, change func(*visitor.Visitor) error) (Outcome, error) {
	before, err := b.existing(id)
	if err != nil {
		return Outcome{}, err
	}
	after := before.Clone()
	if err := change(&after); err != nil {
		return Outcome{}, err
	}
	normalize(&after)
	if err := b.checkSuppressed(&after, before); err != nil {
		return Outcome{}, err
	}
	return b.update(a, &after, visitor.Changed(*before, after))
}
