// Package faulty wraps a database/sql driver for tests. A Connector counts the calls to the
// driver, and a Plan decides for each whether it is made, fails, fails after it was made, or
// closes the connection.
//
//	c := faulty.Wrap(&sqlite3.SQLiteDriver{}, "file:visitors.db")
//	db := sql.OpenDB(c)
//	c.Set(faulty.Nth(3, faulty.Fault{Err: errors.New("no")}))
//	… // the third call to the driver fails
//	c.Calls()   // number of calls
//	c.Failed()  // number of calls that failed
//	c.Open()    // connections, statements, rows and transactions that are not closed
//
// Transactions by statements (BEGIN, COMMIT, ROLLBACK) count like those of database/sql. Calls
// that close something are not counted and do not fail.
package faulty
