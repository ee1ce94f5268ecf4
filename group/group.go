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

// ID is the permanent id of a group: a UUIDv7 in the 36-character form.
type ID = visitor.GroupID

// NewID generates an id for a group created at t.
func NewID(t time.Time) ID { return visitor.NewGroupID(t) }

// ParseID parses an id in the 36-character form, or returns a *visitor.FieldError.
func ParseID(s string) (ID, error) { return visitor.ParseGroupID(s) }

// Group is a named set of visitors.
type Group struct {
	ID          ID
	Name        string // its Key is unique in the workspace
	Description string
	Rule        filter.Expr // nil: members are only added by hand
	CreatedAt   time.Time
}

// Draft is the data to create a group from. Only the name is required.
type Draft struct {
	Name        string
	Description string
	Rule        filter.Expr
}

// Patch changes a group. A nil field is not changed.
type Patch struct {
	Name        *string
	Description *string
	Rule        filter.Expr // replaces the rule
	ClearRule   bool        // removes the rule; members added by hand stay
}

// Key returns a form of a name that is equal for different spellings of the same name.
func Key(name string) string { return tag.Key(name) }

// Normalize returns d in normalized form, or a *visitor.FieldError or a *filter.Error. The name
// has 1 to MaxName code points, the description at most MaxDescription bytes; for the rule see
// CheckRule. The store checks that the tags and groups in the rule exist.
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

// Apply returns g changed by p and normalized, or an error as of Normalize.
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

// CheckRule returns a *filter.Error if a rule is not valid or is a filter.Bound, which has no
// JSON form to be stored in. A nil rule is valid.
func CheckRule(rule filter.Expr) error {
	if rule == nil {
		return nil
	}
	if len(filter.References(rule).Jobs) > 0 { // these are deleted some time after their end
		return &filter.Error{Path: "rule", Reason: "mentions a job"}
	}
	_, err := filter.Marshal(rule)
	return err
}
