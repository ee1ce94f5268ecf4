package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"
)

// The tables. TextTable and ScratchTable are there only where the dialect has an Index,
// and so are the counters: sourceTable, tagTable.uses and groupTable.members.
const (
	workspaceTable    = "visitors_workspace"
	visitorTable      = "visitors_visitor"
	identityTable     = "visitors_identity"
	tagTable          = "visitors_tag"
	visitorTagTable   = "visitors_visitor_tag"
	groupTable        = "visitors_group"
	visitorGroupTable = "visitors_visitor_group"
	attributeTable    = "visitors_attribute"
	eventTable        = "visitors_event"
	capturedTable     = "visitors_captured"
	mergedTable       = "visitors_merged"
	sourceTable       = "visitors_source"
	TextTable         = "visitors_text"
	ScratchTable      = "visitors_scratch"
	schemaTable       = "visitors_schema"
)

// scope is one workspace in one session. Every statement on the tables starts in one of
// its methods, which bind the workspace.
type scope struct {
	*session
	d  database
	ws string
}

// from starts a SELECT of the workspace's rows of a table.
func (s scope) from(table, alias string, columns ...string) sq.SelectBuilder {
	return sq.Select(columns...).From(table+" "+alias).Where(alias+".ws = ?", s.ws)
}

// hanging starts a SELECT of rows that hang on visitors whom the caller names. Where the
// engine plans they are reached by the primary key, which begins with the visitor: left to
// itself, SQLite may go through all who have an attribute of that name, once for each visitor.
func (s scope) hanging(table, alias string, columns ...string) sq.SelectBuilder {
	from := table + " " + alias
	if s.d.Index() != nil {
		from += " INDEXED BY sqlite_autoindex_" + table + "_1"
	}
	return sq.Select(columns...).From(from).Where(alias+".ws = ?", s.ws)
}

// with joins the workspace's rows of a table for which on holds. Where the engine plans,
// the table comes after those before it.
func (s scope) with(q sq.SelectBuilder, table, alias, on string) sq.SelectBuilder {
	return q.JoinClause("CROSS JOIN "+table+" "+alias).Where(alias+".ws = ?", s.ws).Where(on)
}

// over starts a SELECT of what a query of this scope gives.
func (s scope) over(inner sq.Sqlizer, alias string, columns ...string) sq.SelectBuilder {
	return sq.Select(columns...).JoinClause(sq.Expr("FROM (?) "+alias, inner))
}

// of starts a SELECT of a named result of this scope.
func (s scope) of(name string, columns ...string) sq.SelectBuilder {
	return sq.Select(columns...).From(name)
}

// reach starts a SELECT of what an access reaches. A query of the search index spells the
// workspace; what it finds is looked at in the workspace all the same.
func (s scope) reach(a access, columns ...string) sq.SelectBuilder {
	q := sq.Select(columns...).From(a.from)
	if a.alias == "" {
		q = q.Where(a.where).JoinClause("CROSS JOIN "+visitorTable+" v").Where("v.ws = ? AND v.rowkey = f.docid", s.ws)
		return q
	}
	q = q.Where(a.alias+".ws = ?", s.ws)
	if a.where != nil {
		q = q.Where(a.where)
	}
	return q
}

// hits starts a SELECT of what an access reaches where the profile does not matter.
func (s scope) hits(a access, columns ...string) sq.SelectBuilder {
	if a.alias == "" {
		return sq.Select(columns...).From(a.from).Where(a.where)
	}
	return s.reach(a, columns...)
}

// query runs a SELECT that this scope has started and calls each for every row.
func (s scope) query(ctx context.Context, q sq.Sqlizer, each func(row) error) error {
	text, args, err := q.ToSql()
	if err != nil {
		return err
	}
	if server := s.d.server; server != nil {
		args = append([]any{server.Planned()}, args...)
	}
	return s.rows(ctx, text, args, each)
}

// fetch is query for rows that are named by their keys: whatever the values, one plan
// is best.
func (s scope) fetch(ctx context.Context, q sq.Sqlizer, each func(row) error) error {
	text, args, err := q.ToSql()
	if err != nil {
		return err
	}
	return s.rows(ctx, text, args, each)
}

// find runs a SELECT whose first placeholder is the workspace.
func (s scope) find(ctx context.Context, text string, each func(row) error, args ...any) error {
	return s.rows(ctx, text, append([]any{s.ws}, args...), each)
}

// exec runs a statement whose first placeholder is the workspace.
func (s scope) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return s.run(ctx, text, append([]any{s.ws}, args...))
}

// text runs a statement on the search index, where documents and queries spell the
// workspace.
func (s scope) text(ctx context.Context, text string, args ...any) error {
	_, err := s.run(ctx, text, args)
	return err
}

func (s scope) run(ctx context.Context, text string, args []any) (sql.Result, error) {
	if s.d.server != nil {
		spelled, err := s.d.Placeholders().ReplacePlaceholders(text)
		if err != nil {
			return nil, err
		}
		result, err := s.conn.ExecContext(ctx, spelled, args...)
		return result, s.failed(err)
	}
	stmt, err := s.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	return result, s.failed(err)
}

// delete starts a DELETE of the workspace's rows of a table.
func (s scope) delete(table string) sq.DeleteBuilder { return sq.Delete(table).Where("ws = ?", s.ws) }

// do runs a statement that this scope has started and returns how many rows it affected.
func (s scope) do(ctx context.Context, q sq.Sqlizer) (int64, error) {
	text, args, err := q.ToSql()
	if err != nil {
		return 0, err
	}
	result, err := s.run(ctx, text, args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row is what can be scanned.
type row interface{ Scan(into ...any) error }

func (s scope) rows(ctx context.Context, text string, args []any, each func(row) error) error {
	rows, err := s.start(ctx, text, args)
	if err != nil {
		return s.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return s.failed(rows.Err())
}

func (s scope) start(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if s.d.server != nil {
		spelled, err := s.d.Placeholders().ReplacePlaceholders(text)
		if err != nil {
			return nil, err
		}
		return s.conn.QueryContext(ctx, spelled, args...)
	}
	stmt, err := s.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (s scope) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := s.statements[text]; stmt != nil {
		return stmt, nil
	}
	spelled, err := s.d.Placeholders().ReplacePlaceholders(text)
	if err != nil {
		return nil, err
	}
	stmt, err := s.conn.PrepareContext(ctx, spelled)
	if err != nil {
		return nil, s.failed(err)
	}
	if s.statements == nil {
		s.statements = map[string]*sql.Stmt{}
	}
	if len(s.statements) >= maxStatements {
		s.forget()
	}
	s.statements[text] = stmt
	return stmt, nil
}

// control runs a statement about the transaction or the schema, which belongs to no
// workspace.
func control(ctx context.Context, s *session, text string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, text, args...)
	return s.failed(err)
}

// over reports whether the transaction that c is has ended.
func over(c Conn) bool {
	_, err := c.ExecContext(context.Background(), "SELECT 1")
	return errors.Is(err, sql.ErrTxDone)
}

// controlRows is control for a query.
func controlRows(ctx context.Context, s *session, text string, each func(row) error, args ...any) error {
	rows, err := s.conn.QueryContext(ctx, text, args...)
	if err != nil {
		return s.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return s.failed(rows.Err())
}
