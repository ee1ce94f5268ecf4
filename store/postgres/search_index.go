package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const searchIndex = "visitors_visitor_search"

// ErrNoTrigrams means that the extension pg_trgm is not installed and the role cannot create
// it. Searches have the same results without it, but read every visitor of the workspace.
var ErrNoTrigrams = errors.New("extension pg_trgm is not available")

// SearchIndexed reports whether the search index exists and is complete.
func (s *Store) SearchIndexed(ctx context.Context) (bool, error) {
	_, valid, err := s.indexState(ctx)
	return valid, s.d.Error(err)
}

// IndexSearch creates the search index unless it exists, without blocking writers: call it
// after a first import with Options.NoSearchIndex, or once pg_trgm is available. It takes about
// 10 s for a million visitors. The error matches ErrNoTrigrams.
func (s *Store) IndexSearch(ctx context.Context) error {
	return s.d.Error(s.index(ctx, "CONCURRENTLY"))
}

// indexNew creates the search index if the table of visitors is empty.
func (s *Store) indexNew(ctx context.Context) error {
	var empty bool
	err := s.db.QueryRowContext(ctx, s.d.qualify("SELECT NOT EXISTS (SELECT 1 FROM visitors_visitor)")).Scan(&empty)
	if err != nil || !empty {
		return err
	}
	if err := s.index(ctx, ""); err != nil && !errors.Is(err, ErrNoTrigrams) {
		return err
	}
	return nil
}

func (s *Store) index(ctx context.Context, how string) error {
	exists, valid, err := s.indexState(ctx)
	if err != nil || valid {
		return err
	}
	trigrams, err := s.extension(ctx, "pg_trgm")
	if err != nil {
		return err
	}
	if trigrams == "" {
		return ErrNoTrigrams
	}
	columns := "search " + pgx.Identifier{trigrams, "gin_trgm_ops"}.Sanitize()
	if scoped, err := s.extension(ctx, "btree_gin"); err != nil {
		return err
	} else if scoped != "" {
		columns = "ws " + pgx.Identifier{scoped, "text_ops"}.Sanitize() + ", " + columns
	}
	if exists && how != "" {
		if _, err := s.db.ExecContext(ctx, "DROP INDEX CONCURRENTLY IF EXISTS "+pgx.Identifier{s.d.schema, searchIndex}.Sanitize()); err != nil {
			return err
		}
	}
	_, err = s.db.ExecContext(ctx, s.d.qualify("CREATE INDEX "+how+" IF NOT EXISTS "+searchIndex+
		" ON visitors_visitor USING gin ("+columns+")"))
	if isCode(err, "23505", "42P07") { // created concurrently
		return nil
	}
	return err
}

// indexState reports whether the search index exists, and whether it is complete: it is not
// while it is being created, or if that failed.
func (s *Store) indexState(ctx context.Context) (exists, valid bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT i.indisvalid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"+
		" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2", s.d.schema, searchIndex).Scan(&valid)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, valid, err
}

// extension returns the schema of an extension. If the extension does not exist, it is created
// in the connection's default schema or else in that of the tables. It returns "" if that
// fails.
func (s *Store) extension(ctx context.Context, name string) (string, error) {
	for _, create := range []string{
		"CREATE EXTENSION IF NOT EXISTS " + name,
		"CREATE EXTENSION IF NOT EXISTS " + name + " WITH SCHEMA " + pgx.Identifier{s.d.schema}.Sanitize(),
		"",
	} {
		var schema string
		err := s.db.QueryRowContext(ctx, "SELECT n.nspname FROM pg_catalog.pg_extension e"+
			" JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1", name).Scan(&schema)
		if !errors.Is(err, sql.ErrNoRows) {
			return schema, err
		}
		if create == "" {
			break
		}
		var refused *pgconn.PgError
		if _, err := s.db.ExecContext(ctx, create); err != nil && !errors.As(err, &refused) {
			return "", err
		}
	}
	return "", nil
}
