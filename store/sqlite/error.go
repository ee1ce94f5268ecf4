package sqlite

import (
	"errors"

	"github.com/mattn/go-sqlite3"
)

// ErrBusy is matched when another connection held the write lock for longer than
// Options.BusyTimeout, or, in a host's transaction that began by reading, when another one has
// written since (begin those with _txlock=immediate). Nothing was changed; trying again may
// succeed.
var ErrBusy = errors.New("database is busy")

// Error is an error of SQLite. It unwraps to the driver's error, whose own text may
// quote a statement and is therefore not shown.
type Error struct {
	Code     int // https://www.sqlite.org/rescode.html
	Extended int
	err      error
}

// Error tells the code in words.
func (e *Error) Error() string {
	if reason, ok := reasons[sqlite3.ErrNo(e.Code)]; ok {
		return "sqlite: " + reason
	}
	return "sqlite: " + sqlite3.ErrNoExtended(e.Extended).Error()
}

// Is reports whether target is ErrBusy and e one of the codes it stands for.
func (e *Error) Is(target error) bool {
	return target == ErrBusy && (sqlite3.ErrNo(e.Code) == sqlite3.ErrBusy || sqlite3.ErrNo(e.Code) == sqlite3.ErrLocked)
}

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.err }

var reasons = map[sqlite3.ErrNo]string{
	sqlite3.ErrBusy:     "database is busy: another connection is writing",
	sqlite3.ErrLocked:   "database is busy: a table is locked by another connection",
	sqlite3.ErrReadonly: "database is read-only",
	sqlite3.ErrIoErr:    "disk error",
	sqlite3.ErrCorrupt:  "database file is damaged",
	sqlite3.ErrFull:     "disk is full",
	sqlite3.ErrCantOpen: "cannot open the database file",
	sqlite3.ErrNotADB:   "file is not a database",
}

// Error recognises the driver's errors by their code.
func (dialect) Error(err error) error {
	var e sqlite3.Error
	var known *Error
	if errors.As(err, &known) || !errors.As(err, &e) {
		return err
	}
	return &Error{Code: int(e.Code), Extended: int(e.ExtendedCode), err: err}
}
