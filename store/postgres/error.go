package postgres

import (
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/contactpipeline/visitors/store/driver"
)

// ErrBusy means a deadlock, a serialization failure, or a lock that was not available within
// the server's lock_timeout. Nothing was changed; a retry can succeed.
var ErrBusy = errors.New("database is busy")

// Error is an error of the server. It unwraps to the driver's error, whose text can contain
// values and is therefore not part of its own.
type Error struct {
	Code string // SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
	err  error
}

// Error returns a description of the code.
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

// Is reports whether the code means target: ErrBusy, or store.ErrExists for a unique violation,
// which only the application's own statements can cause.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case "40001", "40P01", "55P03":
		return target == ErrBusy
	case "23505":
		return target == driver.ErrExists
	}
	return false
}

// retryable reports a deadlock or a serialization failure.
func retryable(err error) bool { return isCode(err, "40001", "40P01") }

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.err }

// reasons describe codes, or classes of codes.
var reasons = map[string]string{
	"08":    "connection failed",
	"0A000": "not supported by this server; a standby, for example, is read-only",
	"22":    "a value is invalid",
	"23":    "a constraint was violated",
	"23505": "a key exists already",
	"25006": "database is read-only",
	"28":    "login failed",
	"3D000": "database does not exist",
	"3F000": "schema does not exist",
	"40001": "database is busy: another transaction changed the same rows",
	"40P01": "database is busy: deadlock with another transaction",
	"42501": "the role lacks a privilege",
	"42P01": "a table does not exist",
	"53":    "server is out of resources",
	"53100": "disk is full",
	"53300": "too many connections",
	"55P03": "database is busy: a lock was not available in time",
	"57":    "the server intervened",
	"57014": "statement was cancelled by the server: it took too long, or an administrator ended it",
	"57P01": "server is shutting down",
	"57P02": "server crashed",
	"57P03": "server is starting or stopping",
	"58":    "server has a system error",
	"XX":    "server has an internal error",
}

// Error converts an error of the server to an *Error.
func (dialect) Error(err error) error {
	var server *pgconn.PgError
	var known *Error
	if errors.As(err, &known) || !errors.As(err, &server) {
		return err
	}
	return &Error{Code: server.Code, err: err}
}

// isCode reports whether err is an error of the server with one of the codes.
func isCode(err error, codes ...string) bool {
	var server *pgconn.PgError
	return errors.As(err, &server) && slices.Contains(codes, server.Code)
}
