package sqlite

import "errors"

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
	text     string // of the extended code
	err      error
}

// Error tells the code in words.
func (e *Error) Error() string {
	if reason, ok := reasons[e.Code]; ok {
		return "sqlite: " + reason
	}
	return "sqlite: " + e.text
}

// Is reports whether target is ErrBusy and e one of the codes it stands for.
func (e *Error) Is(target error) bool {
	return target == ErrBusy && (e.Code == codeBusy || e.Code == codeLocked)
}

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.err }

// Codes of SQLite.
const (
	codeBusy     = 5
	codeLocked   = 6
	codeReadOnly = 8
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
)

var reasons = map[int]string{
	codeBusy:     "database is busy: another connection is writing",
	codeLocked:   "database is busy: a table is locked by another connection",
	codeReadOnly: "database is read-only",
	codeIO:       "disk error",
	codeCorrupt:  "database file is damaged",
	codeFull:     "disk is full",
	codeCantOpen: "cannot open the database file",
	codeNotADB:   "file is not a database",
}

// Error recognises the driver's errors by their code.
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
