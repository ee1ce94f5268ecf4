package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// Backup writes a copy of the database to a new file of that path: everything that was
// acknowledged before the call, and nothing by halves, while others go on reading and writing.
// The copy is one file, which Open opens. It has every workspace and a host's own tables, and
// only its owner may read it. Take away a backup of a person whom you delete, too.
//
// The file has its name only when it is complete and on disk. The error matches fs.ErrExist
// when the path is taken; no file is left behind after any error.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("back up sqlite: %w", err)
		}
	}()
	path, err = filepath.Abs(path) // which is no URI, whatever its name
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	copied, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(copied.Name()) // which is gone once it is renamed
	err = sqlstore.Inspect(ctx, s.engine, func(c sqlstore.Conn) error {
		undo, err := hold(ctx, c, "query_only", []string{"OFF", "ON"}, 0)
		if err != nil {
			return err
		}
		defer undo()
		_, err = c.ExecContext(ctx, "VACUUM INTO ?", copied.Name())
		return err
	})
	if err := errors.Join(err, copied.Sync(), copied.Close()); err != nil { // SQLite does not sync it
		return err
	}
	if err := os.Rename(copied.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name durable. Windows has no such call, and does so by itself.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
