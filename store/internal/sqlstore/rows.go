package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/samber/lo"
)

// column is one column of many rows: bound value by value, or as one array.
type column struct {
	name, kind string // kind is the type in Postgres
	rows       int
	value      func(row int) any
	array      func() any
}

// col returns a column of rows.
func col[R, V any](name, kind string, rows []R, of func(R) V) column {
	return column{
		name, kind, len(rows),
		func(row int) any { return of(rows[row]) },
		func() any { return lo.Map(rows, func(r R, _ int) V { return of(r) }) },
	}
}

// idCol returns a column of ids. An array of them is bound as text, which the driver can send in
// every mode.
func idCol[R any, V ~string](s scope, name string, rows []R, of func(R) V) column {
	return column{
		name, "uuid", len(rows),
		func(row int) any { return s.d.ID(string(of(rows[row]))) },
		func() any {
			texts := lo.Map(rows, func(r R, _ int) string {
				if id := of(r); id != "" {
					return string(id)
				}
				return noID
			})
			return "{" + strings.Join(texts, ",") + "}"
		},
	}
}

// insertRows inserts rows whose keys are free.
func (s scope) insertRows(ctx context.Context, table string, columns ...column) error {
	_, err := s.insertNumbered(ctx, table, columns...)
	return err
}

// insertNumbered is insertRows for rows with row keys, which SQLite counts up. It returns the
// last key.
func (s scope) insertNumbered(ctx context.Context, table string, columns ...column) (last int64, err error) {
	if columns[0].rows == 0 {
		return 0, nil
	}
	names := lo.Map(columns, func(c column, _ int) string { return c.name })
	into := "INSERT INTO " + table + " (ws, " + strings.Join(names, ", ") + ")"
	if server := s.d.server; server != nil {
		few := fewRows
		if server.Cluster() {
			few = fewOnCluster
		}
		if columns[0].rows <= few {
			return 0, s.insertValues(ctx, into, columns)
		}
		return 0, s.execAll(ctx, into+" SELECT $1, u."+strings.Join(names, ", u.")+" FROM "+unnest(columns), columns)
	}
	row := "(?1" + strings.Repeat(", ?", len(columns)) + ")"
	args := make([]any, 0, groupSize*len(columns))
	for first, size := 0, groupSize; first < columns[0].rows; first += size {
		if columns[0].rows-first < groupSize {
			size = 1
		}
		args = args[:0]
		for n := range size {
			for _, c := range columns {
				args = append(args, c.value(first+n))
			}
		}
		result, err := s.exec(ctx, into+" VALUES "+row+strings.Repeat(", "+row, size-1), args...)
		if err != nil {
			return 0, err
		}
		if last, err = result.LastInsertId(); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// Servers insert up to fewRows as plain VALUES, which is faster than arrays. Citus commits plain
// VALUES on one server, arrays in two phases, which is faster only for more than fewOnCluster.
const (
	fewRows      = 16
	fewOnCluster = 64
)

// insertValues inserts rows as plain VALUES.
func (s scope) insertValues(ctx context.Context, into string, columns []column) error {
	text := strings.Builder{}
	text.WriteString(into + " VALUES ")
	args := []any{s.ws}
	for row := range columns[0].rows {
		if row > 0 {
			text.WriteString(", ")
		}
		text.WriteString("($1")
		for _, c := range columns {
			args = append(args, c.value(row))
			text.WriteString(", $" + strconv.Itoa(len(args)))
		}
		text.WriteByte(')')
	}
	if columns[0].rows > fewRows {
		args = append([]any{s.d.server.Unprepared()}, args...)
	}
	_, err := s.run(ctx, text.String(), args)
	return err
}

// groupSize is how many rows SQLite inserts in one statement, which halves the cost of a row.
const groupSize = 16

// updateRows sets columns of the rows that have the keys.
func (s scope) updateRows(ctx context.Context, table string, keys, sets []column) error {
	if keys[0].rows == 0 {
		return nil
	}
	columns := slices.Concat(sets, keys)
	assign, where := make([]string, len(sets)), ""
	if s.oneByOne() {
		for n, c := range columns {
			if equal := fmt.Sprintf("%s = ?%d", c.name, n+2); n < len(sets) {
				assign[n] = equal
			} else {
				where += " AND " + equal
			}
		}
		return s.execEach(ctx, "UPDATE "+table+" SET "+strings.Join(assign, ", ")+" WHERE ws = ?1"+where, columns)
	}
	for n, c := range sets {
		assign[n] = c.name + " = u." + c.name
	}
	for _, c := range keys {
		where += " AND t." + c.name + " = u." + c.name
	}
	return s.execAll(ctx, "UPDATE "+table+" t SET "+strings.Join(assign, ", ")+" FROM "+unnest(columns)+" WHERE t.ws = $1"+where, columns)
}

// deleteRows deletes the rows that have the keys.
func (s scope) deleteRows(ctx context.Context, table string, keys ...column) error {
	if keys[0].rows == 0 {
		return nil
	}
	names := lo.Map(keys, func(c column, _ int) string { return c.name })
	if s.oneByOne() {
		return s.execEach(ctx, "DELETE FROM "+table+" WHERE ws = ? AND "+strings.Join(names, " = ? AND ")+" = ?", keys)
	}
	text := "DELETE FROM " + table + " WHERE ws = $1 AND (" + strings.Join(names, ", ") + ") IN (SELECT u." + strings.Join(names, ", u.") + " FROM " + unnest(keys) + ")"
	return s.execAll(ctx, text, keys)
}

// oneByOne reports whether a statement for each row is faster than one for many: it is if the
// database runs in this process.
func (s scope) oneByOne() bool { return s.d.server == nil }

// execEach runs a statement for each row.
func (s scope) execEach(ctx context.Context, text string, columns []column) error {
	args := make([]any, len(columns))
	for row := range columns[0].rows {
		for n, c := range columns {
			args[n] = c.value(row)
		}
		if _, err := s.exec(ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}

func (s scope) execAll(ctx context.Context, text string, columns []column) error {
	_, err := s.exec(ctx, text, lo.Map(columns, func(c column, _ int) any { return c.array() })...)
	return err
}

// unnest returns a FROM item u of the columns, whose arrays are bound from $2 on.
func unnest(columns []column) string {
	arrays := lo.Map(columns, func(c column, n int) string { return fmt.Sprintf("$%d::%s[]", n+2, c.kind) })
	names := lo.Map(columns, func(c column, _ int) string { return c.name })
	return "unnest(" + strings.Join(arrays, ", ") + ") AS u (" + strings.Join(names, ", ") + ")"
}
