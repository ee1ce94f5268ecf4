// Package pgtest gives tests a PostgreSQL server of their own.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		dsn := pgtest.Database(t, nil)
//		…
//	}
//
// The server starts with the first call of Database, one for the test binary (Apart starts
// one for a test alone): in a temporary folder, which is in memory where /dev/shm has 4 GB to
// spare, on a Unix socket, as an ordinary user also where the tests run as root. It is stopped
// and its folder removed when the binary ends, however it ends: a keeper process waits for the
// end of a pipe that only the test binary holds.
//
// A Template is filled once and copied, for tests that need tables but not to make them.
//
// The programs initdb and postgres are looked for in PATH and where Debian, Fedora and
// Homebrew put them. Where they are not installed the tests are skipped, with a note on
// standard error; with CI=true they fail.
//
// fsync is off: no data survives the machine's end, but all of it survives the server's.
package pgtest
