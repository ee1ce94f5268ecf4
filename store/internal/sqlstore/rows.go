package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
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

// col makes a column from rows.
func col[R, V any](name, kind string, rows []R, of func(R) V) column {
	return column{
		name, kind, len(rows),
		func(row int) any { return of(rows[row]) },
		func() any { return lo.Map(rows, func(r R, _ int) V { return of(r) }) },
	}
}

// idCol makes a column of ids. An array of them is bound as text, which every mode of a
// driver can send.
func idCol[R any, V ~string](s scope, name string, rows []R, of func(R) V) column {
	return column{
		name, "uuid", len(rows),
		func(row int) any { return s.d.ID(string(of(rows[row]))) },
		func() any {
			texts := lo.Map(rows, func(r R, _ int) string {
				if id := of(r); id != "" {
					return string(id)
				}
				return nobody
			})
			return "{" + strings.Join(texts, ",") + "}"
		},
	}
}

// insertRows inserts rows whose keys are free. After each row, a database that inserts
// them one by one calls inserted, unless that is nil.
func (s scope) insertRows(ctx context.Context, table string, inserted func(row int, r sql.Result) error, columns ...column) (err error) {
	names := lo.Map(columns, func(c column, _ int) string { return c.name })
	list := strings.Join(names, ", ")
	if s.oneByOne() {
		into, row := "INSERT INTO "+table+" (ws, "+list+") VALUES ", "(?1"+strings.Repeat(", ?", len(columns))+")"
		first := 0
		if inserted == nil {
			if first, err = s.execGroups(ctx, into, row, "", columns); err != nil {
				return err
			}
		}
		return s.execEach(ctx, into+row, inserted, columns, first)
	}
	text := "INSERT INTO " + table + " (ws, " + list + ") SELECT $1, u." + strings.Join(names, ", u.") + " FROM " + unnest(columns)
	return s.execAll(ctx, text, columns)
}

// updateRows sets columns of the rows that have the keys.
func (s scope) updateRows(ctx context.Context, table string, keys, sets []column) error {
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
		return s.execEach(ctx, "UPDATE "+table+" SET "+strings.Join(assign, ", ")+" WHERE ws = ?1"+where, nil, columns, 0)
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
	names := lo.Map(keys, func(c column, _ int) string { return c.name })
	if s.oneByOne() {
		from, row := "DELETE FROM "+table+" WHERE ws = ?1 AND ("+strings.Join(names, ", ")+") IN (VALUES ", "("+strings.Repeat("?, ", len(keys)-1)+"?)"
		first, err := s.execGroups(ctx, from, row, ")", keys)
		if err != nil {
			return err
		}
		return s.execEach(ctx, from+row+")", nil, keys, first)
	}
	text := "DELETE FROM " + table + " WHERE ws = $1 AND (" + strings.Join(names, ", ") + ") IN (SELECT u." + strings.Join(names, ", u.") + " FROM " + unnest(keys) + ")"
	return s.execAll(ctx, text, keys)
}

// oneByOne reports whether a statement for each row is faster than one for many, as it is
// where the database runs in the process.
func (s scope) oneByOne() bool { return s.d.server == nil }

// groupSize is how many rows are inserted or deleted by one statement, which halves the cost
// of a row.
const groupSize = 16

// execGroups runs a statement for each group of rows, which spells row for each of them,
// and returns how many it has done, up to groupSize-1 being left.
func (s scope) execGroups(ctx context.Context, before, row, after string, columns []column) (int, error) {
	rows := columns[0].rows - columns[0].rows%groupSize
	if rows == 0 {
		return 0, nil
	}
	text := before + row + strings.Repeat(", "+row, groupSize-1) + after
	args := make([]any, groupSize*len(columns))
	for first := 0; first < rows; first += groupSize {
		for n := range args {
			args[n] = columns[n%len(columns)].value(first + n/len(columns))
		}
		if _, err := s.exec(ctx, text, args...); err != nil {
			return first, err
		}
	}
	return rows, nil
}

// execEach runs a statement for each row from first on.
func (s scope) execEach(ctx context.Context, text string, done func(row int, r sql.Result) error, columns []column, first int) error {
	args := make([]any, len(columns))
	for row := first; row < columns[0].rows; row++ {
		for n, c := range columns {
			args[n] = c.value(row)
		}
		result, err := s.exec(ctx, text, args...)
		if err == nil && done != nil {
			err = done(row, result)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s scope) execAll(ctx context.Context, text string, columns []column) error {
	if columns[0].rows == 0 {
		return nil
	}
	_, err := s.exec(ctx, text, lo.Map(columns, func(c column, _ int) any { return c.array() })...)
	return err
}

// unnest spells a table u of the columns, whose arrays are bound from $2 on.
func unnest(columns []column) string {
	arrays := lo.Map(columns, func(c column, n int) string { return fmt.Sprintf("$%d::%s[]", n+2, c.kind) })
	names := lo.Map(columns, func(c column, _ int) string { return c.name })
	return "unnest(" + strings.Join(arrays, ", ") + ") AS u (" + strings.Join(names, ", ") + ")"
}
