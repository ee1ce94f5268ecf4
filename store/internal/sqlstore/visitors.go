package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// visitors reads parts of the visitors with those ids, in no order.
func (s scope) visitors(ctx context.Context, ids []string, parts driver.Parts) ([]record, error) {
	columns, scan := s.visitorColumns("v"), scanVisitor
	q := s.from(visitorTable, "v", columns...)
	if !parts.Has(driver.Profile) {
		columns, scan = []string{"v.id"}, scanVisitorID
		q = s.from(visitorTable, "v", columns...)
		if parts.Has(driver.Tags) {
			columns, scan = append(columns, "v.tags"), scanTagIDs
			tags := s.childRows(visitorTagTable, "l", "coalesce("+s.d.JoinIDs("l.tag_id")+", '')").Where("l.visitor_id = v.id")
			q = q.Column(sq.Expr("(?) AS tags", tags))
			parts &^= driver.Tags
		}
	}
	found, err := list(ctx, s.queryByKey, s.byIDs(q, "v.id", ids, columns...), scan)
	if err != nil {
		return nil, err
	}
	return found, s.fill(ctx, found, parts, nil)
}

// fill reads the parts that have tables of their own, each in one statement. It reads the
// attributes with the given names, or all attributes if no name is given.
func (s scope) fill(ctx context.Context, found []record, parts driver.Parts, attributes []string) error {
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
	for part, read := range map[driver.Parts]func(context.Context, []string, map[visitor.ID]*visitor.Visitor) error{
		driver.Tags: s.fillTags, driver.Groups: s.fillGroups,
		driver.Identities: s.fillIdentities, driver.Attributes: s.fillAttributes(attributes),
	} {
		if !parts.Has(part) {
			continue
		}
		if err := read(ctx, ids, byID); err != nil {
			return err
		}
	}
	for _, v := range byID {
		*v = v.Sorted()
	}
	return nil
}

func (s scope) fillTags(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
	q := s.childRows(visitorTagTable, "l", "l.visitor_id", "t.id", "t.name", "t.color", "l.put_at", "l.put_by", "l.cause").
		Where(s.d.InIDs("l.visitor_id", ids))
	return s.queryByKey(ctx, s.join(q, tagTable, "t", "t.id = l.tag_id"), func(r row) error {
		var id visitor.ID
		var a tag.Assignment
		if err := r.Scan(into(&id), into(&a.Tag), &a.Name, &a.Color, timeInto{&a.At}, &a.Actor, &a.Cause); err != nil {
			return err
		}
		v := byID[id]
		v.Tags = append(v.Tags, a)
		return nil
	})
}

func (s scope) fillGroups(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
	q := s.childRows(visitorGroupTable, "m", "m.visitor_id", "m.group_id", "m.excluded", "m.at", "m.actor", "m.cause").
		Where(s.d.InIDs("m.visitor_id", ids))
	return s.queryByKey(ctx, q, func(r row) error {
		var id visitor.ID
		var m visitor.Membership
		var excluded int64
		if err := r.Scan(into(&id), into(&m.Group), &excluded, timeInto{&m.At}, &m.Actor, &m.Cause); err != nil {
			return err
		}
		v := byID[id]
		if excluded == 1 {
			v.Excluded = append(v.Excluded, m.Group)
		} else {
			v.Memberships = append(v.Memberships, m)
		}
		return nil
	})
}

func (s scope) fillIdentities(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
	q := s.childRows(identityTable, "i", "i.visitor_id", "i.source", "i.account", "i.external_id", "i.username", "i.username_at", "i.first_seen", "i.last_seen", "i.inboxes").
		Where(s.d.InIDs("i.visitor_id", ids))
	return s.queryByKey(ctx, q, func(r row) error {
		var id visitor.ID
		var i visitor.Identity
		err := r.Scan(into(&id), &i.Source, &i.Account, &i.ExternalID, &i.Username, timeInto{&i.UsernameAt}, timeInto{&i.FirstSeen}, timeInto{&i.LastSeen}, inboxesInto{&i})
		if err != nil {
			return err
		}
		v := byID[id]
		v.Identities = append(v.Identities, i)
		return nil
	})
}

// maxNamed is the maximum of attributes that are read by name.
const maxNamed = 4

func (s scope) fillAttributes(names []string) func(context.Context, []string, map[visitor.ID]*visitor.Visitor) error {
	return func(ctx context.Context, ids []string, byID map[visitor.ID]*visitor.Visitor) error {
		q := s.childRows(attributeTable, "a", "a.visitor_id", "a.name", "a.kind", "a.text", "a.number", "a.micros").
			Where(s.d.InIDs("a.visitor_id", ids)).OrderBy("a.visitor_id", "a.name", "a.ord")
		read := s.queryByKey
		if len(names) > 0 && len(names) <= maxNamed {
			q, read = q.Where(s.d.InTexts("a.name", names)), s.query
		}
		return read(ctx, q, addAttribute(byID))
	}
}

// addAttribute adds a row to its visitor.
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
