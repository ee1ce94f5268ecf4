//go:build !cgo

package sqlite

import "errors"

// needsCgo returns an error, as github.com/mattn/go-sqlite3 is empty without cgo.
func needsCgo() error {
	return errors.New("this program was built without cgo, which the SQLite driver needs: build it with CGO_ENABLED=1 and a C compiler")
}

// driverError returns false, as no driver exists.
func driverError(error) (code, extended int, text string, ok bool) { return 0, 0, "", false }
