package sqlstore

import (
	"context"
	"fmt"
	"strings"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
)

// ListTags is store.Store's.
func (e *Engine) ListTags(ctx context.Context, ws store.WorkspaceID, l store.List) (tags []tag.Tag, err error) {
	err = e.readOnce(ctx, ws, func(s scope) error {
		tags, err = s.tags(ctx, l)
		return err
	})
	return tags, err
}

// ListGroups is store.Store's.
func (e *Engine) ListGroups(ctx context.Context, ws store.WorkspaceID, l store.List) (groups []group.Group, err error) {
	err = e.readOnce(ctx, ws, func(s scope) error {
		groups, err = s.groups(ctx, l)
		return err
	})
	return groups, err
}

func (s scope) tags(ctx context.Context, l store.List) ([]tag.Tag, error) {
	var tags []tag.Tag
	err := s.fetch(ctx, s.listed(s.from(tagTable, "t", tagColumns...), "t", l), func(r row) error {
		t, err := scanTag(r)
		tags = append(tags, t)
		return err
	})
	return tags, err
}

func (s scope) groups(ctx context.Context, l store.List) ([]group.Group, error) {
	var groups []group.Group
	err := s.fetch(ctx, s.listed(s.from(groupTable, "g", groupColumns...), "g", l), func(r row) error {
		g, err := scanGroup(r)
		groups = append(groups, g)
		return err
	})
	return groups, err
}

// listed narrows a SELECT of tags or groups.
func (s scope) listed(q sq.SelectBuilder, alias string, l store.List) sq.SelectBuilder {
	q = q.OrderBy(alias + ".key")
	switch {
	case len(l.Keys) > 0 && len(l.IDs) > 0:
		return q.Where(anyOf(s.d.InTexts(alias+".key", l.Keys), s.d.InIDs(alias+".id", l.IDs)))
	case len(l.Keys) > 0:
		return q.Where(s.d.InTexts(alias+".key", l.Keys))
	case len(l.IDs) > 0:
		return q.Where(s.d.InIDs(alias+".id", l.IDs))
	}
	if l.After != "" {
		q = q.Where(alias+".key > ?", l.After)
	}
	if l.Limit > 0 {
		q = q.Limit(uint64(l.Limit))
	}
	return q
}

// Events is store.Store's.
func (e *Engine) Events(ctx context.Context, ws store.WorkspaceID, after store.Seq, limit int) (events []store.Event, err error) {
	err = e.readOnce(ctx, ws, func(s scope) error {
		events = nil
		q := s.from(eventTable, "e", "e.seq", "e.kind", "e.at", "e.visitor_id", "e.other_id", "e.tag_ids", "e.group_ids", "e.fields").
			Where("e.seq > ?", int64(after)).OrderBy("e.seq").Limit(uint64(max(limit, 0)))
		return s.fetch(ctx, q, func(r row) error {
			event, err := scanEvent(r)
			events = append(events, event)
			return err
		})
	})
	return events, err
}

func scanEvent(r row) (e store.Event, err error) {
	var tags, groups []byte
	var fields string
	if err := r.Scan(&e.Seq, &e.Kind, timeInto{&e.At}, into(&e.Visitor), into(&e.Other), &tags, &groups, &fields); err != nil {
		return e, err
	}
	if e.Tags, err = unpackIDs[tag.ID](tags); err != nil {
		return e, err
	}
	if e.Groups, err = unpackIDs[group.ID](groups); err != nil {
		return e, err
	}
	if fields != "" {
		e.Fields = strings.Split(fields, " ")
	}
	return e, nil
}

// unpackIDs reads ids of 16 bytes each.
func unpackIDs[T ~string](b []byte) ([]T, error) {
	if len(b)%16 != 0 {
		return nil, fmt.Errorf("scan ids: %d bytes", len(b))
	}
	var ids []T
	for ; len(b) > 0; b = b[16:] {
		ids = append(ids, T(formatID([16]byte(b[:16]))))
	}
	return ids, nil
}
