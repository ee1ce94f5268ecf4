package sqlstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// column is the values of a column for many rows, bound as one array.
type column struct {
	name, kind string
	values     any
}

// col makes a column of what of tells of each row.
func col[R, V any](name, kind string, rows []R, of func(R) V) column {
	return column{name, kind, lo.Map(rows, func(r R, _ int) V { return of(r) })}
}

// ids makes a column of ids. They are bound as text, which every mode of a driver can send.
func ids[R any, V ~string](name string, rows []R, of func(R) V) column {
	texts := lo.Map(rows, func(r R, _ int) string {
		if id := of(r); id != "" {
			return string(id)
		}
		return nobody
	})
	return column{name, "uuid", "{" + strings.Join(texts, ",") + "}"}
}

// insertAll inserts rows that conflict with none.
func (s scope) insertAll(ctx context.Context, table string, columns ...column) error {
	return s.insertOr(ctx, table, "", columns...)
}

// replaceAll inserts rows, or changes those that have the key.
func (s scope) replaceAll(ctx context.Context, table, key string, columns ...column) error {
	sets := lo.Map(columns, func(c column, _ int) string { return c.name + " = excluded." + c.name })
	return s.insertOr(ctx, table, " ON CONFLICT (ws, "+key+") DO UPDATE SET "+strings.Join(sets, ", "), columns...)
}

func (s scope) insertOr(ctx context.Context, table, conflict string, columns ...column) error {
	names := lo.Map(columns, func(c column, _ int) string { return c.name })
	arrays := lo.Map(columns, func(c column, _ int) string { return "?::" + c.kind + "[]" })
	text := "INSERT INTO " + table + " (ws, " + strings.Join(names, ", ") + ") SELECT ?::text, u." + strings.Join(names, ", u.") +
		" FROM unnest(" + strings.Join(arrays, ", ") + ") AS u (" + strings.Join(names, ", ") + ")" + conflict
	_, err := s.exec(ctx, text, lo.Map(columns, func(c column, _ int) any { return c.values })...)
	return err
}

// insertCreations writes visitors and what hangs on them.
func (s scope) insertCreations(ctx context.Context, made []creation) error {
	return s.writeAll(ctx, made, func(ctx context.Context, table, _ string, columns ...column) error {
		return s.insertAll(ctx, table, columns...)
	})
}

// writing writes rows, which have a key beside the workspace.
type writing func(ctx context.Context, table, key string, columns ...column) error

// writeAll writes visitors and what hangs on them. Tags, groups and attributes are new.
func (s scope) writeAll(ctx context.Context, made []creation, write writing) error {
	origins := make([]string, len(made))
	for i, c := range made {
		var err error
		if origins[i], err = originsText(c.Origins); err != nil {
			return err
		}
	}
	err := write(ctx, visitorTable, "id",
		ids("id", made, func(c creation) visitor.ID { return c.ID }),
		col("name", "text", made, func(c creation) string { return c.Name }),
		col("name_fold", "text", made, func(c creation) string { return c.words.Name }),
		col("email", "text", made, func(c creation) string { return c.Email }),
		col("email_fold", "text", made, func(c creation) string { return c.words.Email }),
		col("phone", "text", made, func(c creation) string { return c.Phone }),
		col("source", "text", made, func(c creation) string { return string(c.Source) }),
		col("created_at", "bigint", made, func(c creation) int64 { return store.Micros(c.CreatedAt) }),
		col("updated_at", "bigint", made, func(c creation) int64 { return store.Micros(c.UpdatedAt) }),
		col("last_seen_at", "bigint", made, func(c creation) int64 { return store.Micros(c.LastSeenAt) }),
		col("revision", "bigint", made, func(c creation) int64 { return c.Revision }),
		column{"origins", "text", origins},
	)
	if err == nil {
		err = s.writeIdentities(ctx, made, write)
	}
	for _, insert := range []func(context.Context, []creation) error{s.insertTagged, s.insertMembers, s.insertAttributes} {
		if err == nil {
			err = insert(ctx, made)
		}
	}
	return err
}

// hung is a thing that hangs on a visitor.
type hung[T any] struct {
	on creation
	of T
}

// hanging lists what hangs on the visitors.
func hanging[T any](made []creation, of func(creation) []T) []hung[T] {
	var all []hung[T]
	for _, c := range made {
		for _, thing := range of(c) {
			all = append(all, hung[T]{c, thing})
		}
	}
	return all
}

func visitorIDs[T any](rows []hung[T]) column {
	return ids("visitor_id", rows, func(h hung[T]) visitor.ID { return h.on.ID })
}

func (s scope) writeIdentities(ctx context.Context, made []creation, write writing) error {
	rows := hanging(made, func(c creation) []visitor.Identity { return c.Identities })
	if len(rows) == 0 {
		return nil
	}
	type identity = hung[visitor.Identity]
	return write(ctx, identityTable, "source, external_id, account",
		col("source", "text", rows, func(i identity) string { return string(i.of.Source) }),
		col("account", "text", rows, func(i identity) string { return i.of.Account }),
		col("external_id", "text", rows, func(i identity) string { return i.of.ExternalID }),
		visitorIDs(rows),
		col("username", "text", rows, func(i identity) string { return i.of.Username }),
		col("username_at", "bigint", rows, func(i identity) int64 { return store.Micros(i.of.UsernameAt) }),
		col("first_seen", "bigint", rows, func(i identity) int64 { return store.Micros(i.of.FirstSeen) }),
		col("last_seen", "bigint", rows, func(i identity) int64 { return store.Micros(i.of.LastSeen) }),
	)
}

func (s scope) insertTagged(ctx context.Context, made []creation) error {
	rows := hanging(made, func(c creation) []tag.Assignment { return c.Tags })
	if len(rows) == 0 {
		return nil
	}
	type tagged = hung[tag.Assignment]
	return s.insertAll(ctx, visitorTagTable,
		visitorIDs(rows),
		ids("tag_id", rows, func(t tagged) tag.ID { return t.of.Tag }),
		col("put_at", "bigint", rows, func(t tagged) int64 { return store.Micros(t.of.At) }),
		col("put_by", "text", rows, func(t tagged) string { return t.of.By }),
		col("cause", "text", rows, func(t tagged) string { return t.of.Cause }),
	)
}

func (s scope) insertMembers(ctx context.Context, made []creation) error {
	type membership struct {
		group    visitor.GroupID
		excluded int16
	}
	rows := hanging(made, func(c creation) (all []membership) {
		for _, g := range c.Groups {
			all = append(all, membership{g, 0})
		}
		for _, g := range c.Excluded {
			all = append(all, membership{g, 1})
		}
		return all
	})
	if len(rows) == 0 {
		return nil
	}
	type member = hung[membership]
	return s.insertAll(ctx, visitorGroupTable,
		visitorIDs(rows),
		ids("group_id", rows, func(m member) visitor.GroupID { return m.of.group }),
		col("excluded", "smallint", rows, func(m member) int16 { return m.of.excluded }),
	)
}

func (s scope) insertAttributes(ctx context.Context, made []creation) error {
	type placed struct {
		attributeRow
		ord int32
	}
	rows := hanging(made, func(c creation) (all []placed) {
		for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
			for ord, r := range attributeRows(name, c.Attributes[name]) {
				all = append(all, placed{r, int32(ord)})
			}
		}
		return all
	})
	if len(rows) == 0 {
		return nil
	}
	type attribute = hung[placed]
	return s.insertAll(ctx, attributeTable,
		visitorIDs(rows),
		col("name", "text", rows, func(a attribute) string { return a.of.name }),
		col("ord", "integer", rows, func(a attribute) int32 { return a.of.ord }),
		col("kind", "smallint", rows, func(a attribute) int16 { return int16(a.of.kind) }),
		col("text", "text", rows, func(a attribute) string { return a.of.text }),
		col("text_fold", "text", rows, func(a attribute) string { return fold(a.of.text) }),
		col("number", "double precision", rows, func(a attribute) float64 { return a.of.number }),
		col("micros", "bigint", rows, func(a attribute) int64 { return a.of.micros }),
	)
}

// numbered is an event as it is written.
type numbered struct {
	store.Event
	tags, groups []byte
}

// insertEvents writes events, the first of which has the number first.
func (s scope) insertEvents(ctx context.Context, first int64, events []store.Event) error {
	rows := make([]numbered, len(events))
	for i, e := range events {
		e.Seq = store.Seq(first) + store.Seq(i)
		tags, err := packIDs(e.Tags)
		if err != nil {
			return err
		}
		groups, err := packIDs(e.Groups)
		if err != nil {
			return err
		}
		rows[i] = numbered{e, tags, groups}
	}
	for rows := range slices.Chunk(rows, mostTogether) {
		err := s.insertAll(ctx, eventTable,
			col("seq", "bigint", rows, func(e numbered) int64 { return int64(e.Seq) }),
			col("kind", "text", rows, func(e numbered) string { return string(e.Kind) }),
			col("at", "bigint", rows, func(e numbered) int64 { return store.Micros(e.At) }),
			ids("visitor_id", rows, func(e numbered) visitor.ID { return e.Visitor }),
			ids("other_id", rows, func(e numbered) visitor.ID { return e.Other }),
			col("tag_ids", "bytea", rows, func(e numbered) []byte { return e.tags }),
			col("group_ids", "bytea", rows, func(e numbered) []byte { return e.groups }),
			col("fields", "text", rows, func(e numbered) string { return strings.Join(e.Fields, " ") }),
		)
		if err != nil {
			return err
		}
	}
	return nil
}
