// Package faulty wraps a database/sql driver, for tests. A Connector counts the calls that
// reach the driver, and a Plan decides what becomes of each: it goes through, fails, fails
// after it was done, or takes the connection with it.
//
//	c := faulty.Wrap(&sqlite3.SQLiteDriver{}, "file:visitors.db")
//	db := sql.OpenDB(c)
//	c.Set(faulty.Nth(3, faulty.Fault{Err: errors.New("no")}))
//	… // the third call to the driver from here on fails
//	c.Calls()   // how many calls there were
//	c.Failed()  // how many of them failed
//	c.Open()    // connections, statements, rows and transactions that are not closed
//
// A transaction that is spelled as statements (BEGIN, COMMIT, ROLLBACK) counts like one
// that database/sql begins. Closing is not counted and does not fail.
package faulty
