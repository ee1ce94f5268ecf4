package remote

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// changeForm is a driver.Change as JSON.
type changeForm struct {
	Kind  string          `json:"kind"`
	Value json.RawMessage `json:"value"`
}

// changeKind encodes and decodes the changes of one type.
type changeKind struct {
	name  string
	of    reflect.Type
	write func(driver.Change) (any, error)
	read  func([]byte) (driver.Change, error)
}

// changeKinds lists every type of change; others cannot be sent.
var changeKinds = []changeKind{
	formKind("create_visitor", createVisitorForm, createVisitorOf),
	plainKind[driver.UpdateVisitor]("update_visitor"),
	plainKind[driver.DeleteVisitor]("delete_visitor"),
	plainKind[driver.AddTags]("add_tags"),
	plainKind[driver.RemoveTags]("remove_tags"),
	plainKind[driver.EnsureTag]("ensure_tag"),
	plainKind[driver.CreateTag]("create_tag"),
	plainKind[driver.UpdateTag]("update_tag"),
	plainKind[driver.DeleteTag]("delete_tag"),
	formKind("create_group", createGroupForm, createGroupOf),
	formKind("update_group", updateGroupForm, updateGroupOf),
	plainKind[driver.DeleteGroup]("delete_group"),
	plainKind[driver.AddToGroup]("add_to_group"),
	plainKind[driver.RemoveFromGroup]("remove_from_group"),
	plainKind[driver.CaptureContact]("capture_contact"),
	plainKind[driver.MergeVisitors]("merge_visitors"),
	plainKind[driver.UnmergeVisitor]("unmerge_visitor"),
	plainKind[driver.LinkIdentity]("link_identity"),
	plainKind[driver.UnlinkIdentity]("unlink_identity"),
}

// plainKind is a kind whose values encoding/json can encode.
func plainKind[C driver.Change](name string) changeKind {
	return changeKind{name, reflect.TypeFor[C](),
		func(c driver.Change) (any, error) { return c, nil },
		func(b []byte) (driver.Change, error) {
			var c C
			return c, decodeStrict(b, &c)
		}}
}

// formKind is a kind whose values are converted to F for JSON.
func formKind[C driver.Change, F any](name string, write func(C) (F, error), read func(F) (C, error)) changeKind {
	return changeKind{name, reflect.TypeFor[C](),
		func(c driver.Change) (any, error) { return write(c.(C)) },
		func(b []byte) (driver.Change, error) {
			var f F
			if err := decodeStrict(b, &f); err != nil {
				return nil, err
			}
			return read(f)
		}}
}

func writeChange(c driver.Change) (changeForm, error) {
	for _, kind := range changeKinds {
		if kind.of != reflect.TypeOf(c) {
			continue
		}
		value, err := kind.write(c)
		if err != nil {
			return changeForm{}, err
		}
		text, err := json.Marshal(value)
		return changeForm{kind.name, text}, err
	}
	return changeForm{}, errors.New("unknown kind of change")
}

func readChange(f changeForm) (driver.Change, error) {
	for _, kind := range changeKinds {
		if kind.name == f.Kind {
			return kind.read(f.Value)
		}
	}
	return nil, text.Refuse("kind", "unknown")
}

type (
	createGroupValue struct {
		driver.Audit
		Group groupForm
	}
	updateGroupValue struct {
		driver.UpdateGroup
		Patch groupPatchForm
	}
	// groupForm is a group.Group as JSON.
	groupForm struct {
		group.Group
		Rule json.RawMessage
	}
	// groupPatchForm is a group.Patch as JSON.
	groupPatchForm struct {
		group.Patch
		Rule json.RawMessage
	}
)

// ruleForm encodes a rule; nil becomes null.
func ruleForm(rule filter.Expr) (json.RawMessage, error) {
	if rule == nil {
		return nil, nil
	}
	return filter.Marshal(rule)
}

func readRule(form json.RawMessage) (filter.Expr, error) {
	if len(form) == 0 || string(form) == "null" {
		return nil, nil
	}
	return filter.Unmarshal(form)
}

func formOfGroup(g group.Group) (groupForm, error) {
	rule, err := ruleForm(g.Rule)
	return groupForm{g, rule}, err
}

func (f groupForm) read() (group.Group, error) {
	var err error
	f.Group.Rule, err = readRule(f.Rule)
	return f.Group, err
}

// createVisitorForm clears the fields that driver.Apply ignores; the handler would refuse them.
func createVisitorForm(c driver.CreateVisitor) (driver.CreateVisitor, error) {
	v := &c.Visitor
	v.Tags, v.Memberships, v.Excluded, v.Revision = nil, nil, nil, 1
	return c, nil
}

func createVisitorOf(c driver.CreateVisitor) (driver.CreateVisitor, error) { return c, nil }

func createGroupForm(c driver.CreateGroup) (createGroupValue, error) {
	form, err := formOfGroup(c.Group)
	return createGroupValue{c.Audit, form}, err
}

func createGroupOf(f createGroupValue) (driver.CreateGroup, error) {
	g, err := f.Group.read()
	return driver.CreateGroup{Audit: f.Audit, Group: g}, err
}

func updateGroupForm(c driver.UpdateGroup) (updateGroupValue, error) {
	rule, err := ruleForm(c.Patch.Rule)
	return updateGroupValue{c, groupPatchForm{c.Patch, rule}}, err
}

func updateGroupOf(f updateGroupValue) (driver.UpdateGroup, error) {
	c := f.UpdateGroup
	c.Patch = f.Patch.Patch
	var err error
	c.Patch.Rule, err = readRule(f.Patch.Rule)
	return c, err
}

// outcomeForm is a driver.Outcome as JSON.
type outcomeForm struct {
	Effect  driver.Effect        `json:"effect"`
	Visitor *visitor.Visitor     `json:"visitor,omitempty"`
	Other   *visitor.Visitor     `json:"other,omitempty"`
	Tag     *tag.Tag             `json:"tag,omitempty"`
	Group   *groupForm           `json:"group,omitempty"`
	Reason  driver.CaptureReason `json:"reason,omitempty"`
}

func formOfOutcome(o driver.Outcome) (outcomeForm, error) {
	form := outcomeForm{Effect: o.Effect, Visitor: o.Visitor, Other: o.Other, Tag: o.Tag, Reason: o.Reason}
	if o.Group != nil {
		g, err := formOfGroup(*o.Group)
		if err != nil {
			return outcomeForm{}, err
		}
		form.Group = &g
	}
	return form, nil
}

func (f outcomeForm) read() (driver.Outcome, error) {
	o := driver.Outcome{Effect: f.Effect, Visitor: f.Visitor, Other: f.Other, Tag: f.Tag, Reason: f.Reason}
	if f.Group != nil {
		g, err := f.Group.read()
		if err != nil {
			return driver.Outcome{}, err
		}
		o.Group = &g
	}
	return o, nil
}
