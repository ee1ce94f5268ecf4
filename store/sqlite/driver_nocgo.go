//go:build !cgo

package sqlite

import "errors"

// needsCgo says why there is no driver: without cgo, github.com/mattn/go-sqlite3 is empty.
func needsCgo() error {
	return errors.New("this program was built without cgo, which the SQLite driver needs: build it with CGO_ENABLED=1 and a C compiler")
}

// driverError finds nothing, since there is no driver.
func driverError(error) (code, extended int, text string, ok bool) { return 0, 0, "", false }
