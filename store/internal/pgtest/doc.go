// Package pgtest starts PostgreSQL servers for tests.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		dsn := pgtest.Database(t, nil)
//		…
//	}
//
// The first call of Database starts a server for the test binary; NewServer starts one for a
// single test. A server runs in a temporary folder, in memory if /dev/shm has 4 GB free, listens
// on a Unix socket, and runs as an ordinary user even if the tests run as root. When the binary
// ends, in whatever way, the server is stopped and its folder removed: a keeper process waits
// for the end of a pipe that only the test binary holds.
//
// A Template is filled once and copied, for tests that need existing tables.
//
// The programs initdb and postgres are searched in PATH and where Debian, Fedora and Homebrew
// install them. If they are missing, the tests are skipped with a note on standard error; with
// CI=true they fail.
//
// fsync is off: data survives a crash of the server, but not of the machine.
package pgtest
