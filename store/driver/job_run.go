package driver

import (
	"errors"
	"maps"
	"slices"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// undoCause is the cause of the changes that undo those of the job.
func (id JobID) undoCause() string { return "undo:" + string(id) }

// attributes returns the names of the attributes that the job sets or unsets, in order.
func (j *Job) attributes() []string {
	if j.Action.Kind == ActionSet {
		return slices.Sorted(maps.Keys(j.Action.Set))
	}
	return j.Action.Unset
}

// facts returns how many facts the job can change of a visitor.
func (j *Job) facts() int {
	switch j.Action.Kind {
	case ActionTag, ActionUntag:
		return len(j.Tags)
	case ActionSet, ActionUnset:
		return len(j.Action.Set) + len(j.Action.Unset)
	}
	return 1
}

// reads returns the parts of visitors that a job reads and writes: also of what it removes, to be
// able to give it back.
func (j *Job) reads() Parts {
	switch j.Action.Kind {
	case ActionTag:
		return Tags
	case ActionUntag:
		return Profile | Tags
	case ActionAddToGroup:
		return Groups
	case ActionRemoveFromGroup:
		return Profile | Groups
	case ActionSet, ActionUnset:
		return Profile | Identities | Attributes
	case ActionDelete:
		return 0
	}
	return AllParts
}

// WouldChange reports whether the job would change v, or for an attribute, would have to.
func (j *Job) WouldChange(v *visitor.Visitor) bool {
	switch j.Action.Kind {
	case ActionTag:
		return slices.ContainsFunc(j.Tags, func(t tag.Tag) bool { return !hasTag(v, t.ID) })
	case ActionUntag:
		return slices.ContainsFunc(j.Tags, func(t tag.Tag) bool { return hasTag(v, t.ID) })
	case ActionAddToGroup:
		return !v.MemberOf(j.Action.Group)
	case ActionRemoveFromGroup:
		return v.MemberOf(j.Action.Group) || j.Rule && !slices.Contains(v.Excluded, j.Action.Group)
	case ActionSet, ActionUnset:
		return !v.Attributes.Equal(v.Attributes.Merge(j.Action.Set, j.Action.Unset))
	}
	return true
}

// createJobTags creates the tags that a job gives to visitors, unless they exist.
func (b *batch) createJobTags(a Audit, j *Job) error {
	if j.Action.Kind != ActionTag {
		return nil
	}
	for n, t := range j.Tags {
		found, err := b.tagCatalog().find(nil, []tag.ID{t.ID})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			t.CreatedAt = a.At
			out, err := EnsureTag{Audit: a, Tag: t}.apply(b)
			if err != nil {
				return err
			}
			j.Tags[n] = *out.Tag
		}
	}
	return nil
}

// tagIDs returns the ids of the tags of the job.
func (j *Job) tagIDs() []tag.ID {
	ids := make([]tag.ID, len(j.Tags))
	for n, t := range j.Tags {
		ids[n] = t.ID
	}
	return ids
}

// jobTagKeys returns the keys that the tags of a job have now, fewer if some were deleted.
func (b *batch) jobTagKeys(j *Job) ([]string, error) {
	found, err := b.tagCatalog().find(nil, j.tagIDs())
	var keys []string
	for _, t := range found {
		keys = append(keys, keyOf(t))
	}
	return keys, err
}

// jobChanges returns the change that a job makes to each visitor or pair of a part. It sets
// Failure if the tag or group does not exist any more.
func (b *batch) jobChanges(a Audit, j *Job, ids []visitor.ID) ([]Change, error) {
	var keys []string
	var err error
	switch j.Action.Kind {
	case ActionTag, ActionUntag:
		if keys, err = b.jobTagKeys(j); err == nil && len(keys) < len(j.Tags) {
			j.Failure = "a tag was deleted"
		}
	case ActionAddToGroup, ActionRemoveFromGroup:
		if err = b.readGroups(j.Action.Group); err == nil && b.groups.get(j.Action.Group) == nil {
			j.Failure = "the group was deleted"
		}
	}
	if err != nil || j.Failure != "" {
		return nil, err
	}
	if j.Action.Kind == ActionMerge {
		var policy visitor.Policy
		if j.Policy != nil {
			policy = *j.Policy
		}
		changes := make([]Change, 0, len(ids)/2)
		for n := 0; n+1 < len(ids); n += 2 {
			changes = append(changes, MergeVisitors{Audit: a, Into: ids[n], From: ids[n+1], Policy: policy})
		}
		return changes, nil
	}
	of := map[ActionKind]func(visitor.ID) Change{
		ActionTag:             func(id visitor.ID) Change { return AddTags{a, id, keys} },
		ActionUntag:           func(id visitor.ID) Change { return RemoveTags{a, id, keys} },
		ActionAddToGroup:      func(id visitor.ID) Change { return AddToGroup{a, j.Action.Group, id} },
		ActionRemoveFromGroup: func(id visitor.ID) Change { return RemoveFromGroup{a, j.Action.Group, id} },
		ActionSet: func(id visitor.ID) Change {
			return UpdateVisitor{a, id, visitor.Patch{Set: j.Action.Set}}
		},
		ActionUnset: func(id visitor.ID) Change {
			return UpdateVisitor{a, id, visitor.Patch{Unset: j.Action.Unset}}
		},
		ActionDelete: func(id visitor.ID) Change { return DeleteVisitor{a, id} },
	}[j.Action.Kind]
	if of == nil {
		return nil, &JobError{j.ID, "unknown action"}
	}
	changes := make([]Change, len(ids))
	for n, id := range ids {
		changes[n] = of(id)
	}
	return changes, nil
}

// runPart changes the next part of a job, and writes down what is needed to undo it.
func (b *batch) runPart(a Audit, j *Job) error {
	ids, err := b.jobPart(j.ID, j.Cursor+1)
	if err != nil {
		return err
	}
	b.parts = j.reads() | b.watchedParts()
	changes, err := b.jobChanges(a, j, ids)
	if err != nil || j.Failure != "" {
		return err
	}
	if j.Action.Kind == ActionDelete { // it also reads what is recorded about addresses
		for _, c := range changes {
			if err := b.need(c); err != nil {
				return err
			}
		}
	}
	b.visitors.want(ids...)
	if err := b.read(changes); err != nil {
		return err
	}
	width := len(ids) / max(len(changes), 1) // ids of a change
	bits, items, any := newFactBits(len(changes)*j.facts()), map[visitor.ID]jobItem{}, false
	for n, c := range changes {
		id := ids[n*width]
		j.Progress.Done++
		e := b.visitors.get(id)
		if e.now == nil && j.Action.Kind != ActionMerge { // the survivor of a merge was not chosen
			j.Progress.Missing++
			continue
		}
		var before visitor.Visitor
		if e.now != nil {
			before = *e.now
		}
		out, err := b.make(c)
		switch {
		case errors.Is(err, ErrNotFound), err == nil && out.Effect == Missing:
			j.Progress.Missing++
		case refused(err):
			j.Progress.Refused++
		case err != nil:
			return err
		case out.Effect == Unchanged:
			j.Progress.Unchanged++
		default:
			j.Progress.Changed++
			any = true
			if item, kept := j.note(bits, n*j.facts(), &before, e.now); kept {
				items[id] = item
			}
		}
	}
	j.Cursor++
	if any {
		if err := b.tx.PutRecords([]Record{{JobChanges, partKey(j.ID, j.Cursor), bits}}); err != nil {
			return err
		}
	}
	return b.putItems(j.ID, items)
}

// refused reports whether a change failed because of its visitor.
func refused(err error) bool {
	return slices.ContainsFunc([]error{ErrInvalid, ErrConflict, ErrExists, ErrInUse, ErrSuppressed}, func(target error) bool {
		return errors.Is(err, target)
	})
}

// note sets the bits of the facts that differ, from the given one on, and returns the values from
// before. kept is false if there were none.
func (j *Job) note(bits factBits, from int, before, after *visitor.Visitor) (item jobItem, kept bool) {
	switch j.Action.Kind {
	case ActionTag:
		for n, t := range j.Tags {
			if !hasTag(before, t.ID) {
				bits.set(from + n)
			}
		}
		return item, false
	case ActionUntag:
		for n, t := range j.Tags {
			if at := slices.IndexFunc(before.Tags, func(a tag.Assignment) bool { return a.Tag == t.ID }); at >= 0 {
				bits.set(from + n)
				a := before.Tags[at]
				item.Tags = append(item.Tags, keptTag{a.Tag, a.At, a.Actor, a.Cause})
			}
		}
		return item, true
	case ActionSet, ActionUnset:
		for n, name := range j.attributes() {
			old, had := before.Attributes[name]
			now, has := after.Attributes[name]
			if had == has && old.Equal(now) {
				continue
			}
			bits.set(from + n)
			item.keepAttribute(before, name)
		}
		return item, item.Attributes != nil || item.Provenance != nil
	}
	bits.set(from)
	group := j.Action.Group
	switch j.Action.Kind {
	case ActionAddToGroup:
		item.Excluded = slices.Contains(before.Excluded, group)
		return item, item.Excluded
	case ActionRemoveFromGroup:
		item.Excluded = slices.Contains(before.Excluded, group)
		item.Excludes = slices.Contains(after.Excluded, group) && !item.Excluded
		for _, m := range before.Memberships {
			if m.Group == group {
				item.Membership = &m
			}
		}
		return item, true
	}
	return item, false
}
