package group

import (
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Limits of a group's text.
const (
	MaxName        = 100   // code points of a name
	MaxDescription = 1_000 // bytes of a description
)

// ID identifies a group for ever. It is a UUIDv7 in the 36-character form.
type ID = visitor.GroupID

// NewID mints an id for a group made at t.
func NewID(t time.Time) ID { return visitor.NewGroupID(t) }

// ParseID reads an id in the 36-character form, or returns a *visitor.FieldError.
func ParseID(s string) (ID, error) { return visitor.ParseGroupID(s) }

// Group is a named set of visitors.
type Group struct {
	ID          ID
	Name        string // unique in the workspace by Key
	Description string
	Rule        filter.Expr // nil: members are only added by hand; it may mention groups without a rule
	CreatedAt   time.Time
}

// Draft is what a caller gives to make a group. Only the name is required.
type Draft struct {
	Name        string
	Description string
	Rule        filter.Expr
}

// Patch is a change to a group; nil leaves a field as it is.
type Patch struct {
	Name        *string
	Description *string
	Rule        filter.Expr // replaces the rule
	ClearRule   bool        // removes the rule; members put in by hand stay
}

// Key is the form of a name in which two spellings of one group are equal.
func Key(name string) string { return tag.Key(name) }

// Normalize returns d as a store keeps it, or a *visitor.FieldError or a *filter.Error: the
// name has 1 to MaxName code points, the description at most MaxDescription bytes, and
// CheckRule accepts the rule. What the rule mentions is checked by the store.
func (d Draft) Normalize() (Draft, error) {
	name, err := text.Line("group", d.Name, MaxName)
	if err != nil {
		return Draft{}, err
	}
	if Key(name) == "" {
		return Draft{}, text.Refuse("group", "empty name")
	}
	description, err := text.Clean("group description", d.Description, MaxDescription)
	if err != nil {
		return Draft{}, err
	}
	if err := CheckRule(d.Rule); err != nil {
		return Draft{}, err
	}
	return Draft{Name: name, Description: description, Rule: d.Rule}, nil
}

// Apply returns g changed by p, or the error of Normalize.
func (p Patch) Apply(g Group) (Group, error) {
	d := Draft{Name: g.Name, Description: g.Description, Rule: g.Rule}
	if p.Name != nil {
		d.Name = *p.Name
	}
	if p.Description != nil {
		d.Description = *p.Description
	}
	if p.ClearRule {
		d.Rule = nil
	}
	if p.Rule != nil {
		d.Rule = p.Rule
	}
	d, err := d.Normalize()
	if err != nil {
		return Group{}, err
	}
	g.Name, g.Description, g.Rule = d.Name, d.Description, d.Rule
	return g, nil
}

// CheckRule returns nil for a rule that a group can keep, and for none. It refuses with a
// *filter.Error a rule that is not valid, and a filter.Bound: a rule is stored in its JSON
// form, which a Bound does not have.
func CheckRule(rule filter.Expr) error {
	if rule == nil {
		return nil
	}
	_, err := filter.Marshal(rule)
	return err
}
