//go:build cgo

package sqlite

import (
	"errors"

	"github.com/mattn/go-sqlite3"
)

// needsCgo returns nil, as the driver exists.
func needsCgo() error { return nil }

// driverError returns the result codes in an error of the driver.
func driverError(err error) (code, extended int, text string, ok bool) {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return 0, 0, "", false
	}
	return int(e.Code), int(e.ExtendedCode), e.ExtendedCode.Error(), true
}
