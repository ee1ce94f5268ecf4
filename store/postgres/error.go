package postgres

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactpipeline/visitors/store/driver"
)

// ErrBusy is matched when the server gave a statement up in favour of another one: a
// deadlock, a conflict between transactions, or a lock not to be had in the server's
// lock_timeout. Nothing was changed; trying again may succeed.
var ErrBusy = errors.New("database is busy")

// Error is an error of the server. It unwraps to the driver's error, whose own text may
// quote values and is therefore not shown.
type Error struct {
	Code string // SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
	err  error
}

// Error tells the code in words.
func (e *Error) Error() string {
	reason, ok := reasons[e.Code]
	if !ok && len(e.Code) == 5 {
		reason = reasons[e.Code[:2]]
	}
	if reason == "" {
		reason = "the server refused a statement"
	}
	return "postgres: " + reason + " (SQLSTATE " + e.Code + ")"
}

// Is reports whether e is one of the codes that target stands for: ErrBusy, or
// store.ErrExists for what a host's own statements have put in the way.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case "40001", "40P01", "55P03":
		return target == ErrBusy
	case "23505":
		return target == driver.ErrExists
	}
	return false
}

// givenUp reports whether the server gave up a transaction that may do when begun anew.
func givenUp(err error) bool { return isCode(err, "40001", "40P01") }

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.err }

// reasons are by code, else by class.
var reasons = map[string]string{
	"08":    "connection failed",
	"0A000": "not what this server does: a standby, for one, only reads",
	"22":    "a value was refused",
	"23":    "a constraint was broken",
	"23505": "a key is taken",
	"25006": "database is read-only",
	"28":    "not allowed to log in",
	"3D000": "database does not exist",
	"3F000": "schema does not exist",
	"40001": "database is busy: another transaction changed the same rows",
	"40P01": "database is busy: deadlock with another transaction",
	"42501": "not allowed: the role lacks a privilege",
	"42P01": "a table does not exist",
	"53":    "server is out of resources",
	"53100": "disk is full",
	"53300": "too many connections",
	"55P03": "database is busy: a lock was not to be had in time",
	"57":    "the server stepped in",
	"57014": "statement was cancelled by the server: it took too long, or an administrator ended it",
	"57P01": "server is shutting down",
	"57P02": "server crashed",
	"57P03": "server is starting or stopping",
	"58":    "server has a system error",
	"XX":    "server has an internal error",
}

// Error recognises the server's errors by their code.
func (dialect) Error(err error) error {
	var server *pgconn.PgError
	var known *Error
	if errors.As(err, &known) || !errors.As(err, &server) {
		return err
	}
	return &Error{Code: server.Code, err: err}
}

// isCode reports whether err is the server's, with one of the codes.
func isCode(err error, codes ...string) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && slices.Contains(codes, server.Code)
}
