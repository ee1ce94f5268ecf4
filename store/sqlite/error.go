package sqlite

import "errors"

// ErrBusy means that another connection held the write lock for longer than
// Options.BusyTimeout or, inside a transaction of the application that began with a read, that
// another connection has written since (open the database with _txlock=immediate to prevent
// that). Nothing was changed; a retry can succeed.
var ErrBusy = errors.New("database is busy")

// Error is an error of SQLite. It unwraps to the driver's error, whose text can contain a
// statement and is therefore not part of its own.
type Error struct {
	Code     int    // primary result code: https://www.sqlite.org/rescode.html
	Extended int    // extended result code
	text     string // describes the extended code
	err      error
}

// Error returns a description of the code.
func (e *Error) Error() string {
	if reason, ok := reasons[e.Code]; ok {
		return "sqlite: " + reason
	}
	return "sqlite: " + e.text
}

// Is reports whether target is ErrBusy and the code is SQLITE_BUSY or SQLITE_LOCKED.
func (e *Error) Is(target error) bool {
	return target == ErrBusy && (e.Code == codeBusy || e.Code == codeLocked)
}

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.err }

// Codes of SQLite.
const (
	codeBusy   = 5
	codeLocked = 6
)

var reasons = map[int]string{
	codeBusy:   "database is busy: another connection is writing",
	codeLocked: "database is busy: a table is locked by another connection",
	8:          "database is read-only",
	10:         "disk error",
	11:         "database file is damaged",
	13:         "disk is full",
	14:         "cannot open the database file",
	26:         "file is not a database",
}

// Error converts an error of the driver to an *Error.
func (dialect) Error(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	code, extended, text, ok := driverError(err)
	if !ok {
		return err
	}
	return &Error{Code: code, Extended: extended, text: text, err: err}
}
