package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/contactpipeline/visitors/store"
)

const (
	takeNumbers = "INSERT INTO " + workspaceTable + " (ws, seq) VALUES (?, ?)" +
		" ON CONFLICT (ws) DO UPDATE SET seq = " + workspaceTable + ".seq + excluded.seq RETURNING seq"
	insertEvent = "INSERT INTO " + eventTable + " (ws, seq, kind, at, visitor_id, other_id, tag_ids, group_ids, fields)" +
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

// writeEvents numbers the events and writes them. The numbers are taken last, since
// whoever takes some holds back the workspace's other writers until the commit.
func (s scope) writeEvents(ctx context.Context, events []store.Event) error {
	if len(events) == 0 {
		return nil
	}
	var last int64
	err := s.find(ctx, takeNumbers, func(r row) error { return r.Scan(&last) }, len(events))
	if err != nil {
		return err
	}
	first := last - int64(len(events)) + 1
	if _, ok := s.d.(Server); ok {
		return s.insertEvents(ctx, first, events)
	}
	for i, e := range events {
		tags, err := packIDs(e.Tags)
		if err != nil {
			return err
		}
		groups, err := packIDs(e.Groups)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, insertEvent, first+int64(i), string(e.Kind), store.Micros(e.At), s.d.ID(string(e.Visitor)),
			s.d.ID(string(e.Other)), tags, groups, strings.Join(e.Fields, " "))
		if err != nil {
			return err
		}
	}
	return nil
}

// packIDs writes ids of 16 bytes each.
func packIDs[T ~string](ids []T) ([]byte, error) {
	packed := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		u, err := uuid.Parse(string(id))
		if err != nil {
			return nil, fmt.Errorf("write event: %w", err)
		}
		packed = append(packed, u[:]...)
	}
	return packed, nil
}
