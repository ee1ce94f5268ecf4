package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Options are what a test may choose of its database. Nil means the defaults.
type Options struct {
	// Ctype is the database's LC_CTYPE, which says what is a letter. Default: C.UTF-8, or C
	// where the machine does not have it.
	Ctype string
	// Encoding is the database's. Default: UTF8.
	Encoding string
	// Template is what the database is a copy of, which has the other options' defaults.
	// Default: nothing, it is empty.
	Template *Template
}

// Template is a database that is filled once for a test binary, and copied.
type Template struct {
	// Fill fills the database, and leaves no connection to it open.
	Fill func(dsn string) error

	name string // "" until it is filled
}

var (
	lock    sync.Mutex // held by whoever uses what follows
	running *server
	failed  error // of launching it
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

// Database makes a database and returns how to connect to it as a superuser. It
// is dropped when the test ends.
func Database(tb testing.TB, o *Options) string {
	tb.Helper()
	s := needed(tb)
	if o == nil {
		o = &Options{}
	}
	lock.Lock()
	defer lock.Unlock()
	name, err := s.create(context.Background(), o)
	if err != nil {
		tb.Fatalf("make a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.drop(context.Background(), name); err != nil {
			tb.Errorf("drop the database: %v", err)
		}
	})
	return s.dsn(name)
}

// Shared is Apart for a server that is kept until the binary ends.
func Shared(tb testing.TB, settings ...string) string {
	tb.Helper()
	needed(tb) // or the test is skipped
	s, err := launch(os.TempDir(), settings...)
	if err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
	lock.Lock()
	defer lock.Unlock()
	shared = append(shared, s)
	return s.dsn("postgres")
}

// Apart starts a server that no other test uses, for one that harms it or wants other
// settings ("fsync=on"), and returns how to connect to its database as a superuser. It is
// stopped when the test ends.
func Apart(tb testing.TB, settings ...string) string {
	tb.Helper()
	needed(tb) // or the test is skipped
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

// Standby ends a server of Apart in order and starts it anew as one that waits for another
// and only reads.
func Standby(tb testing.TB, dsn string) {
	tb.Helper()
	lock.Lock()
	s := apart[dsn]
	lock.Unlock()
	if err := s.standby(); err != nil {
		tb.Fatalf("make the server a standby: %v", err)
	}
}

// Crash ends the server as a power cut would, but for what the operating system holds, and
// starts it anew. All connections break, those of tests that run at the same time too.
func Crash(tb testing.TB) {
	tb.Helper()
	s := needed(tb)
	if err := s.crash(); err != nil {
		tb.Fatalf("crash the server: %v", err)
	}
}

// needed returns the server, or ends the test.
func needed(tb testing.TB) *server {
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
