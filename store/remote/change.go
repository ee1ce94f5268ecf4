package remote

import (
	"cmp"
	"encoding/json"
	"errors"
	"reflect"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// changeForm is a driver.Change as JSON.
type changeForm struct {
	Kind  string          `json:"kind"`
	Value json.RawMessage `json:"value"`
}

// changeKind encodes, decodes and checks the changes of one type.
type changeKind struct {
	name  string
	of    reflect.Type
	write func(driver.Change) any
	read  func([]byte, checker) (driver.Change, error)
}

// changeKinds lists every type of change; others cannot be sent.
var changeKinds = []changeKind{
	formKind("create_visitor", newVisitor, same, checker.createVisitor),
	plainKind("update_visitor", checker.updateVisitor),
	plainKind("delete_visitor", func(_ checker, c *driver.DeleteVisitor) error { return checkID(c.ID) }),
	plainKind("add_tags", func(_ checker, c *driver.AddTags) error { return cmp.Or(checkID(c.ID), checkKeys(c.Tags)) }),
	plainKind("remove_tags", func(_ checker, c *driver.RemoveTags) error { return cmp.Or(checkID(c.ID), checkKeys(c.Tags)) }),
	plainKind("ensure_tag", func(_ checker, c *driver.EnsureTag) error { return checkTag(&c.Tag) }),
	plainKind("create_tag", func(_ checker, c *driver.CreateTag) error { return checkTag(&c.Tag) }),
	plainKind("update_tag", func(_ checker, c *driver.UpdateTag) error { return checkID(c.ID) }),
	plainKind("delete_tag", func(_ checker, c *driver.DeleteTag) error { return checkID(c.ID) }),
	formKind("create_group", createGroupFormOf, createGroupForm.change, checker.createGroup),
	formKind("update_group", updateGroupFormOf, updateGroupForm.change,
		func(_ checker, c *driver.UpdateGroup) error { return checkID(c.ID) }),
	plainKind("delete_group", func(_ checker, c *driver.DeleteGroup) error { return checkID(c.ID) }),
	plainKind("add_to_group", func(_ checker, c *driver.AddToGroup) error { return cmp.Or(checkID(c.ID), checkID(c.Group)) }),
	plainKind("remove_from_group",
		func(_ checker, c *driver.RemoveFromGroup) error { return cmp.Or(checkID(c.ID), checkID(c.Group)) }),
	plainKind("capture_contact", checker.capture),
	plainKind("merge_visitors", func(_ checker, c *driver.MergeVisitors) error {
		return cmp.Or(checkID(c.Into), checkID(c.From), c.Policy.Validate())
	}),
	plainKind("unmerge_visitor", func(_ checker, c *driver.UnmergeVisitor) error { return checkID(c.From) }),
	plainKind("link_identity",
		func(k checker, c *driver.LinkIdentity) error { return cmp.Or(k.identity(&c.Identity), checkID(c.ID)) }),
	plainKind("unlink_identity",
		func(k checker, c *driver.UnlinkIdentity) error { return cmp.Or(k.identity(&c.Identity), checkID(c.ID)) }),
	plainKind("put_topic", func(_ checker, c *driver.PutTopic) (err error) {
		c.Topic, err = c.Topic.Normalize()
		return err
	}),
	plainKind("delete_topic", func(checker, *driver.DeleteTopic) error { return nil }),
	plainKind("record_consent", func(_ checker, c *driver.RecordConsent) (err error) {
		c.Entry, err = c.Entry.Normalize(c.At)
		return err
	}),
	plainKind("report_health", func(_ checker, c *driver.ReportHealth) (err error) {
		c.Report, err = c.Report.Normalize(c.At)
		return err
	}),
	plainKind("erase_visitor", func(_ checker, c *driver.EraseVisitor) error {
		return cmp.Or(checkID(c.ID), checkNote("reason", c.Reason))
	}),
	plainKind("reapply_erasure", func(_ checker, c *driver.ReapplyErasure) error { return checkID(c.Erasure.Visitor) }),
	plainKind("put_audience", checkAudience),
	plainKind("put_job", checkJob),
	plainKind("step_job", func(_ checker, c *driver.StepJob) error { return checkID(c.ID) }),
	plainKind("watch_group", func(_ checker, c *driver.WatchGroup) error {
		return cmp.Or(checkID(c.Group), checkKeyText("zone", c.Zone))
	}),
	plainKind("advance_watch", checkAdvance),
	plainKind("delete_audience", func(_ checker, c *driver.DeleteAudience) error { return checkKeyText("audience", c.ID) }),
}

func same[C any](c C) C { return c }

// plainKind is a kind whose values encoding/json can encode.
func plainKind[C driver.Change](name string, check func(checker, *C) error) changeKind {
	return formKind(name, same[C], same[C], check)
}

// formKind is a kind whose values are converted to F for JSON. The check also normalises a
// change, in place.
func formKind[C driver.Change, F any](name string, form func(C) F, change func(F) C, check func(checker, *C) error) changeKind {
	return changeKind{name, reflect.TypeFor[C](),
		func(c driver.Change) any { return form(c.(C)) },
		func(b []byte, k checker) (driver.Change, error) {
			var f F
			if err := decodeStrict(b, &f); err != nil {
				return nil, err
			}
			c := change(f)
			err := cmp.Or(checkAudit(c), check(k, &c))
			return c, err
		}}
}

func writeChange(c driver.Change) (changeForm, error) {
	at := slices.IndexFunc(changeKinds, func(k changeKind) bool { return k.of == reflect.TypeOf(c) })
	if at < 0 {
		return changeForm{}, errors.New("unknown kind of change")
	}
	value, err := json.Marshal(changeKinds[at].write(c))
	return changeForm{changeKinds[at].name, value}, err
}

// readChange decodes a change, checks it as a Workspace does, and normalises it.
func readChange(f changeForm, k checker) (driver.Change, error) {
	at := slices.IndexFunc(changeKinds, func(k changeKind) bool { return k.name == f.Kind })
	if at < 0 {
		return nil, text.Refuse("kind", "unknown")
	}
	return changeKinds[at].read(f.Value, k)
}

type (
	createGroupForm struct {
		driver.Audit
		Group groupForm
	}
	updateGroupForm struct {
		driver.UpdateGroup
		Patch groupPatchForm
	}
	// groupForm is a group.Group as JSON.
	groupForm struct {
		group.Group
		Rule ruleForm
	}
	// groupPatchForm is a group.Patch as JSON.
	groupPatchForm struct {
		group.Patch
		Rule ruleForm
	}
	// ruleForm is a rule as JSON; nil is null.
	ruleForm struct{ rule filter.Expr }
)

// MarshalJSON encodes the rule.
func (f ruleForm) MarshalJSON() ([]byte, error) {
	if f.rule == nil {
		return []byte("null"), nil
	}
	return filter.Marshal(f.rule)
}

// UnmarshalJSON decodes the form that MarshalJSON writes.
func (f *ruleForm) UnmarshalJSON(b []byte) (err error) {
	if string(b) != "null" {
		f.rule, err = filter.Unmarshal(b)
	}
	return err
}

func groupFormOf(g group.Group) groupForm { return groupForm{g, ruleForm{g.Rule}} }

func (f groupForm) group() group.Group {
	f.Group.Rule = f.Rule.rule
	return f.Group
}

// newVisitor clears the fields that driver.Apply ignores; the handler would refuse them.
func newVisitor(c driver.CreateVisitor) driver.CreateVisitor {
	v := &c.Visitor
	v.Tags, v.Memberships, v.Excluded, v.Revision = nil, nil, nil, 1
	return c
}

func createGroupFormOf(c driver.CreateGroup) createGroupForm {
	return createGroupForm{c.Audit, groupFormOf(c.Group)}
}

func (f createGroupForm) change() driver.CreateGroup {
	return driver.CreateGroup{Audit: f.Audit, Group: f.Group.group()}
}

func updateGroupFormOf(c driver.UpdateGroup) updateGroupForm {
	return updateGroupForm{c, groupPatchForm{c.Patch, ruleForm{c.Patch.Rule}}}
}

func (f updateGroupForm) change() driver.UpdateGroup {
	f.UpdateGroup.Patch = f.Patch.Patch
	f.UpdateGroup.Patch.Rule = f.Patch.Rule.rule
	return f.UpdateGroup
}

// outcomeForm is a driver.Outcome as JSON.
type outcomeForm struct {
	Effect  driver.Effect        `json:"effect"`
	Visitor *visitor.Visitor     `json:"visitor,omitempty"`
	Other   *visitor.Visitor     `json:"other,omitempty"`
	Tag     *tag.Tag             `json:"tag,omitempty"`
	Group   *groupForm           `json:"group,omitempty"`
	Reason  driver.CaptureReason `json:"reason,omitempty"`
	Consent *consent.Status      `json:"consent,omitempty"`
	Health  *consent.Health      `json:"health,omitempty"`
	Topic   *consent.Topic       `json:"topic,omitempty"`
	Erasure *driver.Erasure      `json:"erasure,omitempty"`
	Job     *driver.Job          `json:"job,omitempty"`
	Entered int                  `json:"entered,omitempty"`
	Left    int                  `json:"left,omitempty"`
}

func outcomeFormOf(o driver.Outcome) outcomeForm {
	form := outcomeForm{
		Effect: o.Effect, Visitor: o.Visitor, Other: o.Other, Tag: o.Tag, Reason: o.Reason,
		Consent: o.Consent, Health: o.Health, Topic: o.Topic, Erasure: o.Erasure, Job: o.Job, Entered: o.Entered, Left: o.Left,
	}
	if o.Group != nil {
		g := groupFormOf(*o.Group)
		form.Group = &g
	}
	return form
}

func (f outcomeForm) outcome() driver.Outcome {
	o := driver.Outcome{
		Effect: f.Effect, Visitor: f.Visitor, Other: f.Other, Tag: f.Tag, Reason: f.Reason,
		Consent: f.Consent, Health: f.Health, Topic: f.Topic, Erasure: f.Erasure, Job: f.Job, Entered: f.Entered, Left: f.Left,
	}
	if f.Group != nil {
		g := f.Group.group()
		o.Group = &g
	}
	return o
}
