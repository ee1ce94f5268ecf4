package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Options configure a database. Nil means the defaults.
type Options struct {
	// Ctype is the LC_CTYPE, which defines the letters. Default: C.UTF-8, or C if the machine
	// does not have it.
	Ctype string
	// Encoding is the character encoding. Default: UTF8.
	Encoding string
	// Template is copied to make the database. It requires the defaults of the other options.
	// Default: none, an empty database.
	Template *Template
}

// Template is a database that is filled once in a test binary, and copied.
type Template struct {
	// Fill fills the database, and closes its connections to it.
	Fill func(dsn string) error

	name string // "" until it is filled
}

var (
	lock    sync.Mutex // protects the variables below
	running *server
	failed  error // of launching running
	shared  []*server
	apart   = map[string]*server{}
)

// Main runs the tests, stops the server and exits.
func Main(m *testing.M) {
	code := m.Run()
	lock.Lock()
	defer lock.Unlock()
	for _, s := range shared {
		s.stop()
	}
	if running != nil {
		running.stop()
	}
	if errors.Is(failed, errNotInstalled) {
		fmt.Fprintf(os.Stderr, "\n*** TESTS ON POSTGRESQL WERE SKIPPED: %v ***\n\n", failed)
	}
	os.Exit(code)
}

// Database creates a database and returns its DSN for a superuser. The database is dropped when
// the test ends.
func Database(tb testing.TB, o *Options) string {
	tb.Helper()
	s := sharedServer(tb)
	if o == nil {
		o = &Options{}
	}
	lock.Lock()
	defer lock.Unlock()
	name, err := s.create(context.Background(), o)
	if err != nil {
		tb.Fatalf("create a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.drop(context.Background(), name); err != nil {
			tb.Errorf("drop the database: %v", err)
		}
	})
	return s.dsn(name)
}

// SharedServer is NewServer for a server that runs until the binary ends.
func SharedServer(tb testing.TB, settings ...string) string {
	tb.Helper()
	sharedServer(tb) // skips the test if PostgreSQL is missing
	s, err := launch(os.TempDir(), settings...)
	if err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
	lock.Lock()
	defer lock.Unlock()
	shared = append(shared, s)
	return s.dsn("postgres")
}

// NewServer starts a server for one test, which can damage it or needs other settings
// ("fsync=on"), and returns its DSN for a superuser. The server is stopped when the test ends.
func NewServer(tb testing.TB, settings ...string) string {
	tb.Helper()
	sharedServer(tb) // skips the test if PostgreSQL is missing
	s, err := launch(os.TempDir(), settings...)
	if err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
	lock.Lock()
	defer lock.Unlock()
	apart[s.dsn("postgres")] = s
	tb.Cleanup(s.stop)
	return s.dsn("postgres")
}

// Standby shuts down a server of NewServer and restarts it as a standby, which is read-only.
func Standby(tb testing.TB, dsn string) {
	tb.Helper()
	lock.Lock()
	s := apart[dsn]
	lock.Unlock()
	if err := s.standby(); err != nil {
		tb.Fatalf("make the server a standby: %v", err)
	}
}

// Crash kills the shared server and restarts it. Data in the cache of the operating system
// survives. All connections break, including those of parallel tests.
func Crash(tb testing.TB) {
	tb.Helper()
	s := sharedServer(tb)
	if err := s.crash(); err != nil {
		tb.Fatalf("crash the server: %v", err)
	}
}

// sharedServer returns the server of the test binary, or skips or fails the test.
func sharedServer(tb testing.TB) *server {
	tb.Helper()
	lock.Lock()
	defer lock.Unlock()
	if running == nil && failed == nil {
		running, failed = launch(inMemory())
	}
	switch {
	case errors.Is(failed, errNotInstalled) && os.Getenv("CI") != "true":
		tb.Skip(failed)
	case failed != nil:
		tb.Fatalf("start PostgreSQL: %v", failed)
	}
	return running
}
