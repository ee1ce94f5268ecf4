package sqlstore

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
)

const createSchema = "CREATE TABLE IF NOT EXISTS " + schemaTable + " (version INTEGER NOT NULL PRIMARY KEY," +
	" checksum TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"

// LockVersions locks the rows of the migrations that were made. It blocks other migrations where
// Server.LockSchema has no effect, but needs the table.
const LockVersions = "SELECT version FROM " + schemaTable + " FOR UPDATE"

// batches is the line of a step between what is done at first and what is done in the end. In
// between, rows are moved in batches, each in a transaction: see mover. The first part creates
// movingTable, and the last part drops it.
const (
	batches     = "\n-- BATCHES\n"
	movingTable = "visitors_moving"
)

// migration is one numbered step.
type migration struct {
	version  int
	text     string
	last     string // after the batches; "" for a step without
	checksum string
}

// Migrate brings the tables up to date: the files NNNN_name.sql of the folder, in the
// order of their numbers, each in a transaction that holds the write lock, so that of two
// that migrate at once one waits for the other. A step that moves rows in batches has several
// transactions; if it is interrupted, the next Migrate continues it. With only, it checks and
// changes nothing. A database that is newer, or was made by other steps, is a
// *driver.SchemaError.
//
// Each statement of a file is sent alone, as Citus requires for distributed tables.
func Migrate(ctx context.Context, e *Engine, files fs.FS, only bool) error {
	steps, err := migrations(files)
	if err != nil {
		return err
	}
	return e.call(ctx, e.writers, func(s *session) error {
		in := scope{session: s, d: e.d}
		applied, err := in.migrated(ctx, steps)
		if err != nil {
			return err
		}
		for _, m := range steps[len(applied):] {
			if only {
				return &driver.SchemaError{Version: m.version, Reason: "not applied yet: migrate first"}
			}
			mv := &mover{}
			for done := false; !done; {
				err := s.write(ctx, e.d, func() (err error) {
					done, err = in.migrate(ctx, m, steps, mv)
					return err
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// migrate makes a step, or a batch of it, unless another process made it meanwhile. done reports
// whether the step is complete.
func (s scope) migrate(ctx context.Context, m migration, steps []migration, mv *mover) (done bool, err error) {
	if s.d.server != nil {
		if err := control(ctx, s.session, s.d.server.LockSchema()); err != nil {
			return false, err
		}
	}
	if _, err := s.run(ctx, createSchema, nil); err != nil {
		return false, err
	}
	if s.d.server != nil {
		if _, err := s.run(ctx, LockVersions, nil); err != nil {
			return false, err
		}
	}
	if applied, err := s.migrated(ctx, steps); err != nil || len(applied) >= m.version {
		return err == nil, err
	}
	begun := false
	if m.last != "" {
		if begun, err = s.exists(ctx, movingTable); err != nil {
			return false, err
		}
	}
	if !begun {
		if err := s.runAll(ctx, m.text); err != nil {
			return false, err
		}
	}
	if m.last != "" {
		if more, err := mv.move(context.WithoutCancel(ctx), s, m.version); err != nil || more {
			return false, cmp.Or(err, ctx.Err())
		}
		if err := s.runAll(ctx, m.last); err != nil {
			return false, err
		}
	}
	_, err = s.run(ctx, "INSERT INTO "+schemaTable+" (version, checksum) VALUES (?, ?)", []any{m.version, m.checksum})
	return true, err
}

// runAll runs the statements of a part of a migration.
func (s scope) runAll(ctx context.Context, part string) error {
	text, err := s.d.Placeholders().ReplacePlaceholders(part)
	if err != nil {
		return err
	}
	for _, statement := range statements(text) {
		if err := control(ctx, s.session, statement); err != nil {
			return err
		}
	}
	return nil
}

func (s scope) exists(ctx context.Context, table string) (found bool, err error) {
	err = controlRows(ctx, s.session, s.d.TableExists(), func(row) error { found = true; return nil }, table)
	return found, err
}

// statement is the text before a semicolon, which can also be part of a comment or in quotes.
// Migrations have no dollar quotes.
var (
	statement   = regexp.MustCompile(`(?:--[^\n]*|'[^']*'|"[^"]*"|-|[^;'"-])+`)
	onlyComment = regexp.MustCompile(`^(?:\s|--[^\n]*)*$`)
)

// statements splits a migration.
func statements(text string) []string {
	return slices.DeleteFunc(statement.FindAllString(text, -1), onlyComment.MatchString)
}

// migrated returns the checksums of the steps that were made, in order, which must be the first
// of steps.
func (s scope) migrated(ctx context.Context, steps []migration) ([]string, error) {
	exists, err := s.exists(ctx, schemaTable)
	if err != nil || !exists {
		return nil, err
	}
	var applied []string
	err = s.rows(ctx, "SELECT version, checksum FROM "+schemaTable+" ORDER BY version", nil, func(r row) error {
		var version int
		var checksum string
		if err := r.Scan(&version, &checksum); err != nil {
			return err
		}
		applied = append(applied, checksum)
		if version != len(applied) {
			return &driver.SchemaError{Version: version, Reason: "a step before it is missing"}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return applied, check(steps, applied)
}

func check(steps []migration, applied []string) error {
	for i, checksum := range applied {
		if i >= len(steps) {
			return &driver.SchemaError{Version: len(applied), Reason: fmt.Sprintf("newer than this release, which knows %d", len(steps))}
		}
		if checksum != steps[i].checksum {
			return &driver.SchemaError{Version: i + 1, Reason: "was made by another text than this release has"}
		}
	}
	return nil
}

func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var steps []migration
	for i, name := range names { // Glob sorts
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: want number %04d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		first, last, _ := strings.Cut(string(text), batches)
		steps = append(steps, migration{version, first, last, hex.EncodeToString(sum[:])})
	}
	return steps, nil
}
