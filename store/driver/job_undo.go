package driver

import (
	"errors"
	"slices"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// undone is the result of an undo for a visitor or pair.
type undone int

const (
	restored undone = iota
	left            // a fact was left as it is
	gone
)

// undoPart undoes the changes of the part before the cursor, in reverse order: merges may depend on
// those before them.
func (b *batch) undoPart(a Audit, j *Job) error {
	ids, err := b.jobPart(j.ID, j.Cursor)
	if err != nil {
		return err
	}
	found, err := b.tx.Records(RecordQuery{Kind: JobChanges, Keys: []string{partKey(j.ID, j.Cursor)}})
	if err != nil {
		return err
	}
	j.Cursor--
	if len(found) == 0 { // nothing was changed
		return nil
	}
	bits, facts, width := factBits(found[0].Value), j.facts(), 1
	if j.Action.Kind == ActionMerge {
		width = 2
	}
	var changed []int // the visitors or pairs, last first
	var wanted []visitor.ID
	for n := len(ids)/width - 1; n >= 0; n-- {
		for f := range facts {
			if bits.has(n*facts + f) {
				changed, wanted = append(changed, n), append(wanted, ids[n*width:(n+1)*width]...)
				break
			}
		}
	}
	b.parts = j.reads() | b.watchedParts() | Profile // of an assignment, also the cause
	b.visitors.want(wanted...)
	if err := b.read(nil); err != nil {
		return err
	}
	cause := ByChange
	if j.Action.Kind == ActionMerge {
		cause = ByMerge
	}
	u := undoing{batch: b, Audit: a, Job: j, bits: bits}
	if j.keepsItems() {
		if u.items, err = b.readItems(wanted); err != nil {
			return err
		}
	}
	if err := u.readCatalog(); err != nil {
		return err
	}
	for _, n := range changed {
		logged := len(b.log)
		result, err := u.one(ids[n*width:(n+1)*width], n*facts)
		if err == nil {
			err = b.recordFlips(cause, a, logged)
		}
		if err != nil {
			return err
		}
		j.Undo.Done++
		switch result {
		case restored:
			j.Undo.Restored++
		case left:
			j.Undo.Left++
		case gone:
			j.Undo.Gone++
		}
	}
	return nil
}

// undoing undoes the changes of a part.
type undoing struct {
	*batch
	Audit
	*Job
	bits  factBits
	items map[visitor.ID]keptItems
	known []tag.Tag // of the job's, those that exist
}

// readCatalog reads the tags or the group of the job.
func (u *undoing) readCatalog() (err error) {
	switch u.Action.Kind {
	case ActionUntag:
		u.known, err = u.tagCatalog().find(nil, u.tagIDs())
	case ActionAddToGroup, ActionRemoveFromGroup:
		err = u.readGroups(u.Action.Group)
	}
	return err
}

// one undoes the change of a visitor or pair, whose facts have the bits from the given one on.
func (u *undoing) one(ids []visitor.ID, from int) (undone, error) {
	if u.Action.Kind == ActionMerge {
		return u.unmerge(ids[0], ids[1])
	}
	v, err := u.target(ids[0])
	if err != nil {
		return gone, err
	}
	if v == nil {
		return gone, nil
	}
	// What the job gave is taken from the visitor with whom this one was merged since. What it took
	// is not given to that one.
	gave := u.Action.Kind == ActionTag || u.Action.Kind == ActionAddToGroup
	if v.ID != ids[0] && !gave {
		return left, nil
	}
	var item jobItem
	if kept := u.items[ids[0]][u.ID]; kept != nil {
		if err := decode("items of jobs", string(ids[0]), kept, &item); err != nil {
			return gone, err
		}
	}
	after, result := *v, restored
	e := Event{}
	switch u.Action.Kind {
	case ActionTag:
		result = u.untag(&after, &e, from)
	case ActionUntag:
		result = u.tag(&after, &e, from, item)
	case ActionAddToGroup:
		result = u.leave(&after, &e, item)
	case ActionRemoveFromGroup:
		result = u.join(&after, &e, item)
	case ActionSet, ActionUnset:
		result = u.reset(&after, &e, from, item)
	}
	if e.Kind == "" {
		return result, nil
	}
	err = u.save(u.Audit, &after, e)
	if refused(err) {
		return left, nil
	}
	return result, err
}

// untag removes the tags that the job gave to v, if they are still those of the job.
func (u *undoing) untag(v *visitor.Visitor, e *Event, from int) undone {
	result := restored
	for n, t := range u.Tags {
		if !u.bits.has(from + n) {
			continue
		}
		given := func(a tag.Assignment) bool { return a.Tag == t.ID && a.Cause == u.ID.Cause() }
		if !slices.ContainsFunc(v.Tags, given) {
			result = left
			continue
		}
		v.Tags = slices.DeleteFunc(slices.Clone(v.Tags), given)
		e.Kind, e.Tags = VisitorUntagged, append(e.Tags, t.ID)
	}
	slices.Sort(e.Tags)
	return result
}

// tag gives v the tags again that the job removed, with the time, actor and cause from before.
func (u *undoing) tag(v *visitor.Visitor, e *Event, from int, item jobItem) undone {
	result := restored
	for n, t := range u.Tags {
		if !u.bits.has(from + n) {
			continue
		}
		kept := slices.IndexFunc(item.Tags, func(k keptTag) bool { return k.Tag == t.ID })
		now := slices.IndexFunc(u.known, func(known tag.Tag) bool { return known.ID == t.ID })
		if kept < 0 || now < 0 || hasTag(v, t.ID) {
			result = left
			continue
		}
		k := item.Tags[kept]
		v.Tags = append(slices.Clip(v.Tags), tag.Assignment{
			Tag: t.ID, Name: u.known[now].Name, Color: u.known[now].Color, At: k.At, Actor: k.Actor, Cause: k.Cause,
		})
		e.Kind, e.Tags = VisitorTagged, append(e.Tags, t.ID)
	}
	slices.Sort(e.Tags)
	return result
}

// leave ends the membership that the job gave to v, and excludes v again if it was excluded.
func (u *undoing) leave(v *visitor.Visitor, e *Event, item jobItem) undone {
	id := u.Action.Group
	given := func(m visitor.Membership) bool { return m.Group == id && m.Cause == u.ID.Cause() }
	if !slices.ContainsFunc(v.Memberships, given) {
		return left
	}
	v.Memberships = slices.DeleteFunc(slices.Clone(v.Memberships), given)
	if item.Excluded && !slices.Contains(v.Excluded, id) {
		v.Excluded = append(slices.Clip(v.Excluded), id)
	}
	e.Kind, e.Groups = VisitorLeft, []group.ID{id}
	return restored
}

// join ends the exclusion that the job made, and gives v the membership again that the job ended.
func (u *undoing) join(v *visitor.Visitor, e *Event, item jobItem) undone {
	id := u.Action.Group
	excluded := slices.Contains(v.Excluded, id)
	if u.groups.get(id) == nil || v.MemberOf(id) || excluded != (item.Excluded || item.Excludes) {
		return left
	}
	if item.Excludes {
		v.Excluded = slices.DeleteFunc(slices.Clone(v.Excluded), func(g group.ID) bool { return g == id })
	}
	if item.Membership != nil {
		v.Memberships = append(slices.Clip(v.Memberships), *item.Membership)
	}
	e.Kind, e.Groups = VisitorJoined, []group.ID{id}
	return restored
}

// reset gives v the attributes again that it had, where they are as the job has left them.
func (u *undoing) reset(v *visitor.Visitor, e *Event, from int, item jobItem) undone {
	result, before := restored, *v
	for n, name := range u.attributes() {
		if !u.bits.has(from + n) {
			continue
		}
		now, has := v.Attributes[name]
		made, makes := u.Action.Set[name]
		field := attributeField(name)
		if has != makes || !now.Equal(made) || v.Provenance[field].Source != "" { // a channel has set it again
			result = left
			continue
		}
		v.Provenance = v.Provenance.Clone()
		if old, had := item.Attributes[name]; had {
			v.Attributes = v.Attributes.Merge(visitor.Attributes{name: old}, nil)
		} else {
			v.Attributes = v.Attributes.Merge(nil, []string{name})
		}
		if p, had := item.Provenance[field]; had {
			if v.Provenance == nil {
				v.Provenance = visitor.Provenances{}
			}
			v.Provenance[field] = p
		} else if delete(v.Provenance, field); len(v.Provenance) == 0 {
			v.Provenance = nil
		}
	}
	if fields := visitor.Changed(before, *v); len(fields) > 0 {
		e.Kind, e.Fields = VisitorUpdated, fields
		v.UpdatedAt = u.Audit.At
		v.Revision++
	}
	return result
}

// unmerge undoes a merge of the job, unless from was merged into another visitor since.
func (u *undoing) unmerge(into, from visitor.ID) (undone, error) {
	survivor, err := u.target(into)
	if err != nil {
		return gone, err
	}
	if survivor == nil {
		return gone, nil
	}
	m, found, err := u.tx.Merge(from)
	switch {
	case err != nil:
		return gone, err
	case !found || m.Into.ID != survivor.ID:
		return left, nil
	}
	_, err = UnmergeVisitor{Audit: u.Audit, From: from}.apply(u.batch)
	switch {
	case errors.Is(err, ErrNotFound):
		return gone, nil
	case refused(err):
		return left, nil
	}
	return restored, err
}
