package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// oldLists are the tables of the lists of visitors in version 5.
type oldLists struct{ identity, tag, group, attribute string }

// fillLists reads the lists of visitors from tables of version 5.
func (s scope) fillLists(ctx context.Context, rows []record, of oldLists) error {
	ids := make([]string, len(rows))
	byID := make(map[visitor.ID]*visitor.Visitor, len(rows))
	for i := range rows {
		v := &rows[i].Visitor
		ids[i] = string(v.ID)
		byID[v.ID] = v
	}
	for _, l := range []struct {
		table   string
		columns []string
		add     func(row, map[visitor.ID]*visitor.Visitor) error
	}{
		{of.tag, []string{"c.visitor_id", "c.tag_id", "c.put_at", "c.put_by", "c.cause"}, addTag},
		{of.group, []string{"c.visitor_id", "c.group_id", "c.excluded", "c.at", "c.actor", "c.cause"}, addGroup},
		{of.identity, []string{"c.visitor_id", "c.source", "c.account", "c.external_id", "c.username", "c.username_at",
			"c.first_seen", "c.last_seen", "c.inboxes"}, addIdentity},
		{of.attribute, []string{"c.visitor_id", "c.name", "c.kind", "c.text", "c.number", "c.micros"}, addAttribute},
	} {
		q := s.from(l.table, "c", l.columns...).Where(s.d.InIDs("c.visitor_id", ids))
		if l.table == of.attribute {
			q = q.OrderBy("c.visitor_id", "c.name", "c.ord")
		}
		if err := s.queryByKey(ctx, q, func(r row) error { return l.add(r, byID) }); err != nil {
			return err
		}
	}
	for _, v := range byID {
		*v = v.Sorted()
	}
	return nil
}

func addTag(r row, byID map[visitor.ID]*visitor.Visitor) error {
	var id visitor.ID
	var a tag.Assignment
	if err := r.Scan(into(&id), into(&a.Tag), timeInto{&a.At}, &a.Actor, &a.Cause); err != nil {
		return err
	}
	v := byID[id]
	v.Tags = append(v.Tags, a)
	return nil
}

func addGroup(r row, byID map[visitor.ID]*visitor.Visitor) error {
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
}

func addIdentity(r row, byID map[visitor.ID]*visitor.Visitor) error {
	var id visitor.ID
	var i visitor.Identity
	err := r.Scan(into(&id), &i.Source, &i.Account, &i.ExternalID, &i.Username, timeInto{&i.UsernameAt}, timeInto{&i.FirstSeen},
		timeInto{&i.LastSeen}, inboxesInto{&i})
	if err != nil {
		return err
	}
	v := byID[id]
	v.Identities = append(v.Identities, i)
	return nil
}

func addAttribute(r row, byID map[visitor.ID]*visitor.Visitor) error {
	var id visitor.ID
	var a attributeRow
	if err := r.Scan(into(&id), &a.name, &a.kind, &a.text, &a.number, &a.micros); err != nil {
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

// inboxes are the inboxes of an identity as they are stored.
type inboxes struct {
	Names []string `json:"names"`
	At    []int64  `json:"at"` // microseconds since 1970
}

// inboxesInto scans the inboxes of an identity.
type inboxesInto struct{ to *visitor.Identity }

func (i inboxesInto) Scan(src any) error {
	text, ok := src.(string)
	switch {
	case !ok:
		return fmt.Errorf("scan inboxes: a %T", src)
	case text == "":
		return nil
	}
	var in inboxes
	err := json.Unmarshal([]byte(text), &in)
	i.to.Inboxes = in.Names
	i.to.InboxTimes = lo.Map(in.At, func(us int64, _ int) time.Time { return driver.FromMicros(us) })
	return err
}

func (a attributeRow) value() visitor.Value {
	switch a.kind {
	case numberRow:
		return visitor.Number(a.number)
	case boolRow:
		return visitor.Bool(a.number == 1)
	case timeRow:
		return visitor.Time(time.UnixMicro(a.micros))
	case listRow:
		return visitor.List(a.text)
	}
	return visitor.Text(a.text)
}
