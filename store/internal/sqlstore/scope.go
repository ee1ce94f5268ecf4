package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/store/driver"
)

// The tables. Only a database with an Index has TextTable, ScratchTable, numberTable, addressTable and
// the counters: sourceTable, tagTable.uses and groupTable.members.
const (
	workspaceTable    = "visitors_workspace"
	visitorTable      = "visitors_visitor"
	identityTable     = "visitors_by_identity"
	visitorInboxTable = "visitors_by_inbox"
	tagTable          = "visitors_tag"
	visitorTagTable   = "visitors_by_tag"
	groupTable        = "visitors_group"
	visitorGroupTable = "visitors_by_group"
	attributeTable    = "visitors_by_attribute"
	addressTable      = "visitors_by_address"
	numberTable       = "visitors_number"
	eventTable        = "visitors_event"
	capturedTable     = "visitors_captured"
	mergedTable       = "visitors_merged"
	IndexTable        = "visitors_index"
	recordTable       = "visitors_record"
	keyTable          = "visitors_key"
	sourceTable       = "visitors_source"
	TextTable         = "visitors_text"
	ScratchTable      = "visitors_scratch"
	schemaTable       = "visitors_schema"
)

// scope is one workspace in one session. Every statement on the tables starts in one of its
// methods, which bind the workspace.
type scope struct {
	*session
	d       database
	name    string // of the workspace
	ws      any    // what its rows have in the column ws; see find
	catalog int64  // of its names; 0 on a server, whose rows are read together with it
	keys    keys   // of suppression
	rules   *ruleCaches
	names   *namesCache // nil inside of a host's transaction
	// recorded says which records the workspace has or had. It is set where the workspace is locked.
	recorded recordedKinds
	moving   bool // rows are moved to the tables of schema version 6, see mover
	single   bool // there is no transaction: the call must return errSeveral before a second statement
}

// scope returns the scope of a workspace in a session.
func (e *Engine) scope(s *session, ws driver.WorkspaceID) scope {
	in := scope{session: s, d: e.d, name: string(ws), ws: string(ws), keys: e.keys, rules: e.rules, names: &e.names}
	if s.nested {
		in.names = nil
	}
	return in
}

const findWorkspace = "SELECT w.ws, w.catalog, w.has_records FROM " + workspaceTable + " w WHERE w.name = ?"

const findMovedWorkspace = "SELECT w.ws, w.catalog, 0 FROM " + workspaceTable + " w WHERE w.name = ?"

// find looks up the integer key that stands for the workspace in a database that runs in this
// process, and the number of its catalog. It does so in each transaction, since the database file
// can be replaced by another one. A workspace that does not exist gets 0, which no row has.
func (s scope) find(ctx context.Context) (scope, error) {
	if s.d.server != nil {
		return s, nil
	}
	key := int64(0)
	text := findWorkspace
	if s.moving {
		text = findMovedWorkspace
	}
	err := s.rows(ctx, text, []any{s.name}, func(r row) error { return r.Scan(&key, &s.catalog, &s.recorded) })
	s.ws = key
	return s, err
}

// from starts a SELECT of the workspace's rows of a table.
func (s scope) from(table, alias string, columns ...string) sq.SelectBuilder {
	return sq.Select(columns...).From(table+" "+alias).Where(alias+".ws = ?", s.ws)
}

// childRows starts a SELECT of rows of visitors whose ids the caller binds. SQLite must use the
// primary key, which for identities and attributes begins with the visitor: by itself it might
// read all rows with an attribute of that name, once for each visitor.
func (s scope) childRows(table, alias string, columns ...string) sq.SelectBuilder {
	return s.fromBy("sqlite_autoindex_"+table+"_1", table, alias, columns...)
}

// fromBy is from by an index that SQLite must use.
func (s scope) fromBy(index, table, alias string, columns ...string) sq.SelectBuilder {
	return sq.Select(columns...).From(s.tableBy(index, table, alias)).Where(alias+".ws = ?", s.ws)
}

// owner returns what a column with the visitor is in rows of inboxes, identities and attributes: a
// row key in a database that runs in this process.
func (s scope) owner() string {
	if s.d.server != nil {
		return "visitor_id"
	}
	return "visitor"
}

// ownerID returns the id of the visitor of such a row, in a statement whose first placeholder is the
// workspace.
func (s scope) ownerID(alias string) string {
	if s.d.server != nil {
		return alias + ".visitor_id"
	}
	return "(SELECT v.id FROM " + visitorTable + " v WHERE v.ws = ?1 AND v.rowkey = " + alias + ".visitor)"
}

// tableBy names a table in a FROM clause, and the index by which SQLite must read it.
func (s scope) tableBy(index, table, alias string) string {
	if s.d.server != nil {
		return table + " " + alias
	}
	return table + " " + alias + " INDEXED BY " + index
}

// join joins the workspace's rows of a table for which on is true. SQLite reads it after the
// tables before it.
func (s scope) join(q sq.SelectBuilder, table, alias, on string) sq.SelectBuilder {
	return q.JoinClause("CROSS JOIN "+table+" "+alias).Where(alias+".ws = ?", s.ws).Where(on)
}

// fromQuery starts a SELECT from a query of this scope.
func (s scope) fromQuery(inner sq.Sqlizer, alias string, columns ...string) sq.SelectBuilder {
	return sq.Select(columns...).JoinClause(sq.Expr("FROM (?) "+alias, inner))
}

// fromName starts a SELECT from a named result of this scope.
func (s scope) fromName(name string, columns ...string) sq.SelectBuilder {
	return sq.Select(columns...).From(name)
}

// reach starts a SELECT of the visitors on a path. Those of a path of row keys are joined.
func (s scope) reach(a indexPath, columns ...string) sq.SelectBuilder {
	q := s.reachRows(a, columns...)
	if a.rowkey != "" {
		q = s.join(q, visitorTable, "v", "v.rowkey = "+a.rowkey)
	}
	return q
}

// reachRows is reach if the profile is not needed. A query of the search index contains the
// workspace.
func (s scope) reachRows(a indexPath, columns ...string) sq.SelectBuilder {
	if a.query != nil {
		return s.fromQuery(a.query, a.alias, columns...)
	}
	q := sq.Select(columns...).From(a.from)
	if a.alias != "" {
		q = q.Where(a.alias+".ws = ?", s.ws)
	}
	if a.where != nil {
		q = q.Where(a.where)
	}
	return q
}

// query runs a SELECT that this scope has started and calls each for every row.
func (s scope) query(ctx context.Context, q sq.Sqlizer, each func(row) error) error {
	text, args, err := q.ToSql()
	if err != nil {
		return err
	}
	return s.rows(ctx, text, s.planned(args), each)
}

// planned makes a server plan a statement for its arguments and for the rows that a table has now.
func (s scope) planned(args []any) []any {
	if server := s.d.server; server != nil {
		return append([]any{server.Planned()}, args...)
	}
	return args
}

// queryByKey is query for rows by their keys: one plan is best for all values.
func (s scope) queryByKey(ctx context.Context, q sq.Sqlizer, each func(row) error) error {
	text, args, err := q.ToSql()
	if err != nil {
		return err
	}
	return s.rows(ctx, text, args, each)
}

// list returns what scan makes of the rows of a SELECT, which is run by scope.query or
// scope.queryByKey.
func list[T any](ctx context.Context, query querying, q sq.Sqlizer, scan func(row) (T, error)) ([]T, error) {
	return listed[T](ctx, nil, query, q, scan)
}

// listed is list with a slice to append to, which saves copies of large items.
func listed[T any](ctx context.Context, all []T, query querying, q sq.Sqlizer, scan func(row) (T, error)) ([]T, error) {
	err := query(ctx, q, func(r row) error {
		item, err := scan(r)
		all = append(all, item)
		return err
	})
	return all, err
}

type querying func(ctx context.Context, q sq.Sqlizer, each func(row) error) error

// queryText runs a SELECT whose first placeholder is the workspace.
func (s scope) queryText(ctx context.Context, text string, each func(row) error, args ...any) error {
	return s.rows(ctx, text, append([]any{s.ws}, args...), each)
}

// exec runs a statement whose first placeholder is the workspace.
func (s scope) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return s.run(ctx, text, append([]any{s.ws}, args...))
}

// execIndex runs a statement on the search index, whose documents and queries contain the
// workspace.
func (s scope) execIndex(ctx context.Context, text string, args ...any) error {
	_, err := s.run(ctx, text, args)
	return err
}

func (s scope) run(ctx context.Context, text string, args []any) (result sql.Result, err error) {
	if s.d.server != nil {
		if text, err = s.d.Placeholders().ReplacePlaceholders(text); err == nil {
			result, err = s.conn.ExecContext(ctx, text, args...)
		}
		return result, s.failed(err)
	}
	stmt, err := s.prepare(ctx, text)
	if err == nil {
		result, err = stmt.ExecContext(ctx, args...)
	}
	return result, s.failed(err)
}

// byIDs starts a SELECT of columns of the visitors v with some ids. A server looks up one id
// after the other: left to itself, it may read all rows of the workspace, of which it assumes
// few while a table is new, for each thousand that are written.
func (s scope) byIDs(ids []string, columns ...string) sq.SelectBuilder {
	if s.d.server == nil || len(ids) == 1 {
		return s.from(visitorTable, "v", columns...).Where(s.d.InIDs("v.id", ids))
	}
	list := idCol(s, "id", ids, func(id string) string { return id }).array()
	row := s.from(visitorTable, "v", columns...).Where("v.id = u.id").Suffix("OFFSET 0")
	return sq.Select(columns...).JoinClause(sq.Expr("FROM unnest(?::uuid[]) AS u (id) CROSS JOIN LATERAL (?) v", list, row))
}

// ref tests whether a column of a table of tags or groups is one of some ids.
func (s scope) ref(column string, ids []string) sq.Sqlizer {
	if s.d.server != nil {
		return s.d.InIDs(column, ids)
	}
	numbers := s.from(numberTable, "k", "k.number").Where(s.d.InIDs("k.id", ids))
	if len(ids) == 1 {
		return sq.Expr(column+" = (?)", numbers)
	}
	return sq.Expr(column+" IN (?)", numbers)
}

// delete starts a DELETE of the workspace's rows of a table.
func (s scope) delete(table string) sq.DeleteBuilder { return sq.Delete(table).Where("ws = ?", s.ws) }

// do runs a statement that this scope has started, and returns the number of rows affected.
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
	return s.each(rows, err, each)
}

func (s scope) start(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if s.d.server != nil {
		sent, err := s.d.Placeholders().ReplacePlaceholders(text)
		if err != nil {
			return nil, err
		}
		return s.conn.QueryContext(ctx, sent, args...)
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
	sent, err := s.d.Placeholders().ReplacePlaceholders(text)
	if err != nil {
		return nil, err
	}
	stmt, err := s.conn.PrepareContext(ctx, sent)
	if err != nil {
		return nil, err
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

// ended reports whether the transaction c has ended.
func ended(c Conn) bool {
	_, err := c.ExecContext(context.Background(), "SELECT 1")
	return errors.Is(err, sql.ErrTxDone)
}

// controlRows is control for a query.
func controlRows(ctx context.Context, s *session, text string, each func(row) error, args ...any) error {
	rows, err := s.conn.QueryContext(ctx, text, args...)
	return s.each(rows, err, each)
}

// each calls f for every row of a query that was started, and closes it.
func (s *session) each(rows *sql.Rows, err error, f func(row) error) error {
	if err != nil {
		return s.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return s.failed(rows.Err())
}
