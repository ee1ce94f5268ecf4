package sqlstore

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// visitors reads the visitors with those ids, whole, in no order.
func (s scope) visitors(ctx context.Context, ids []string) ([]record, error) {
	q := s.from(visitorTable, "v", s.visitorColumns("v")...).Where(s.d.InIDs("v.id", ids))
	var found []record
	err := s.fetch(ctx, q, func(r row) error {
		rec, err := scanVisitor(r)
		found = append(found, rec)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, s.fill(ctx, found, childKinds, nil)
}

// childKinds are the kinds of what hangs on a visitor.
var childKinds = []filter.Kind{filter.TagKind, filter.GroupKind, filter.IdentityKind, filter.AttrKind}

// fill reads what hangs on visitors and is of some kinds, in one statement for each: of
// attributes those with some names, or all where it has none.
func (s scope) fill(ctx context.Context, found []record, kinds []filter.Kind, attributes []string) error {
	if len(found) == 0 {
		return nil
	}
	ids := make([]string, len(found))
	byID := make(map[visitor.ID]*visitor.Visitor, len(found))
	for i := range found {
		v := &found[i].Visitor
		ids[i] = string(v.ID)
		byID[v.ID] = v
	}
	for i, read := range []func(context.Context, []string, map[visitor.ID]*visitor.Visitor) error{
		s.fillTags, s.fillGroups, s.fillIdentities, s.fillAttributes(attributes),
	} {
		if !slices.Contains(kinds, childKinds[i]) {
			continue
		}
		if err := read(ctx, ids, byID); err != nil {
			return err
		}
	}
	return nil
}

func (s scope) fillTags(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
	q := s.hanging(visitorTagTable, "l", "l.visitor_id", "t.id", "t.name", "t.color", "l.put_at", "l.put_by", "l.cause").
		Where(s.d.InIDs("l.visitor_id", ids))
	err := s.fetch(ctx, s.with(q, tagTable, "t", "t.id = l.tag_id"), func(r row) error {
		var id visitor.ID
		var a tag.Assignment
		if err := r.Scan(into(&id), into(&a.Tag), &a.Name, &a.Color, timeInto{&a.At}, &a.By, &a.Cause); err != nil {
			return err
		}
		v := byID[id]
		v.Tags = append(v.Tags, a)
		return nil
	})
	for _, v := range byID {
		slices.SortFunc(v.Tags, tag.Assignment.Compare)
	}
	return err
}

func (s scope) fillGroups(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
	q := s.hanging(visitorGroupTable, "m", "m.visitor_id", "m.group_id", "m.excluded").
		Where(s.d.InIDs("m.visitor_id", ids))
	err := s.fetch(ctx, q, func(r row) error {
		var id visitor.ID
		var group visitor.GroupID
		var excluded int64
		if err := r.Scan(into(&id), into(&group), &excluded); err != nil {
			return err
		}
		v := byID[id]
		if excluded == 1 {
			v.Excluded = append(v.Excluded, group)
		} else {
			v.Groups = append(v.Groups, group)
		}
		return nil
	})
	for _, v := range byID {
		slices.Sort(v.Groups)
		slices.Sort(v.Excluded)
	}
	return err
}

func (s scope) fillIdentities(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
	q := s.hanging(identityTable, "i", "i.visitor_id", "i.source", "i.account", "i.external_id", "i.username", "i.username_at", "i.first_seen", "i.last_seen").
		Where(s.d.InIDs("i.visitor_id", ids))
	err := s.fetch(ctx, q, func(r row) error {
		var id visitor.ID
		var i visitor.Identity
		err := r.Scan(into(&id), &i.Source, &i.Account, &i.ExternalID, &i.Username, timeInto{&i.UsernameAt}, timeInto{&i.FirstSeen}, timeInto{&i.LastSeen})
		if err != nil {
			return err
		}
		v := byID[id]
		v.Identities = append(v.Identities, i)
		return nil
	})
	for _, v := range byID {
		slices.SortFunc(v.Identities, visitor.Identity.Compare)
	}
	return err
}

// fewAttributes is up to how many attributes of a visitor are looked for by name.
const fewAttributes = 4

func (s scope) fillAttributes(names []string) func(context.Context, []string, map[visitor.ID]*visitor.Visitor) error {
	return func(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
		q := s.hanging(attributeTable, "a", "a.visitor_id", "a.name", "a.kind", "a.text", "a.number", "a.micros").
			Where(s.d.InIDs("a.visitor_id", ids)).OrderBy("a.visitor_id", "a.name", "a.ord")
		read := s.fetch
		if len(names) > 0 && len(names) <= fewAttributes {
			q, read = q.Where(s.d.InTexts("a.name", names)), s.query
		}
		return read(ctx, q, addAttribute(byID))
	}
}

// addAttribute reads a row into the visitor that it hangs on.
func addAttribute(byID map[visitor.ID]*visitor.Visitor) func(row) error {
	return func(r row) error {
		id, a, err := scanAttribute(r)
		if err != nil {
			return err
		}
		v := byID[id]
		if v.Attributes == nil {
			v.Attributes = visitor.Attributes{}
		}
		value := a.value()
		if before, ok := v.Attributes[a.name]; ok {
			value = visitor.List(append(before.List(), a.text)...)
		}
		v.Attributes[a.name] = value
		return nil
	}
}
