package remote

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// changeForm is a store.Change as JSON.
type changeForm struct {
	Kind  string          `json:"kind"`
	Value json.RawMessage `json:"value"`
}

// changeKind writes and reads the changes of one kind.
type changeKind struct {
	name  string
	of    reflect.Type
	write func(store.Change) (any, error)
	read  func([]byte) (store.Change, error)
}

// changeKinds is the closed set of changes: one that is not here cannot be sent.
var changeKinds = []changeKind{
	plain[store.CreateVisitor]("create_visitor"),
	plain[store.UpdateVisitor]("update_visitor"),
	plain[store.DeleteVisitor]("delete_visitor"),
	plain[store.AddTags]("add_tags"),
	plain[store.RemoveTags]("remove_tags"),
	plain[store.EnsureTag]("ensure_tag"),
	plain[store.CreateTag]("create_tag"),
	plain[store.UpdateTag]("update_tag"),
	plain[store.DeleteTag]("delete_tag"),
	formed("create_group", createGroupForm, createGroupOf),
	formed("update_group", updateGroupForm, updateGroupOf),
	plain[store.DeleteGroup]("delete_group"),
	plain[store.JoinGroup]("join_group"),
	plain[store.LeaveGroup]("leave_group"),
	plain[store.CaptureContact]("capture_contact"),
	plain[store.MergeVisitors]("merge_visitors"),
	plain[store.UnmergeVisitor]("unmerge_visitor"),
	plain[store.LinkIdentity]("link_identity"),
	plain[store.UnlinkIdentity]("unlink_identity"),
}

// plain is a kind whose values JSON can write.
func plain[C store.Change](name string) changeKind {
	return changeKind{name, reflect.TypeFor[C](),
		func(c store.Change) (any, error) { return c, nil },
		func(b []byte) (store.Change, error) {
			var c C
			return c, strict(b, &c)
		}}
}

// formed is a kind whose values JSON writes in the form F.
func formed[C store.Change, F any](name string, write func(C) (F, error), read func(F) (C, error)) changeKind {
	return changeKind{name, reflect.TypeFor[C](),
		func(c store.Change) (any, error) { return write(c.(C)) },
		func(b []byte) (store.Change, error) {
			var f F
			if err := strict(b, &f); err != nil {
				return nil, err
			}
			return read(f)
		}}
}

func writeChange(c store.Change) (changeForm, error) {
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
	return changeForm{}, errors.New("a change of an unknown kind")
}

func readChange(f changeForm) (store.Change, error) {
	for _, kind := range changeKinds {
		if kind.name == f.Kind {
			return kind.read(f.Value)
		}
	}
	return nil, text.Refuse("kind", "unknown")
}

type (
	createGroupValue struct{ Group groupForm }
	updateGroupValue struct {
		store.UpdateGroup
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

// ruleForm writes a rule, none as null.
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

func createGroupForm(c store.CreateGroup) (createGroupValue, error) {
	form, err := formOfGroup(c.Group)
	return createGroupValue{form}, err
}

func createGroupOf(f createGroupValue) (store.CreateGroup, error) {
	g, err := f.Group.read()
	return store.CreateGroup{Group: g}, err
}

func updateGroupForm(c store.UpdateGroup) (updateGroupValue, error) {
	rule, err := ruleForm(c.Patch.Rule)
	return updateGroupValue{c, groupPatchForm{c.Patch, rule}}, err
}

func updateGroupOf(f updateGroupValue) (store.UpdateGroup, error) {
	c := f.UpdateGroup
	c.Patch = f.Patch.Patch
	var err error
	c.Patch.Rule, err = readRule(f.Patch.Rule)
	return c, err
}

// outcomeForm is a store.Outcome as JSON.
type outcomeForm struct {
	Effect  store.Effect     `json:"effect"`
	Visitor *visitor.Visitor `json:"visitor,omitempty"`
	Other   *visitor.Visitor `json:"other,omitempty"`
	Tag     *tag.Tag         `json:"tag,omitempty"`
	Group   *groupForm       `json:"group,omitempty"`
	Reason  store.Reason     `json:"reason,omitempty"`
}

func formOfOutcome(o store.Outcome) (outcomeForm, error) {
	form := outcomeForm{Effect: o.Effect, Reason: o.Reason}
	if o.Visitor.ID != "" {
		form.Visitor = &o.Visitor
	}
	if o.Other.ID != "" {
		form.Other = &o.Other
	}
	if o.Tag.ID != "" {
		form.Tag = &o.Tag
	}
	if o.Group.ID != "" {
		g, err := formOfGroup(o.Group)
		if err != nil {
			return outcomeForm{}, err
		}
		form.Group = &g
	}
	return form, nil
}

func (f outcomeForm) read() (o store.Outcome, err error) {
	o.Effect, o.Reason = f.Effect, f.Reason
	if f.Visitor != nil {
		o.Visitor = *f.Visitor
	}
	if f.Other != nil {
		o.Other = *f.Other
	}
	if f.Tag != nil {
		o.Tag = *f.Tag
	}
	if f.Group != nil {
		o.Group, err = f.Group.read()
	}
	return o, err
}
