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

// Backup writes a consistent copy of the database to a new file, while others read and write.
// It contains every write acknowledged before the call, of every workspace and of the
// application's own tables. Open opens it. Only the owner of the file can read it. Note that
// deleting a visitor does not delete it from backups.
//
// The file gets its name when it is complete and on disk. The error matches fs.ErrExist if the
// path exists; after an error, no file is left behind.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("back up sqlite: %w", err)
		}
	}()
	path, err = filepath.Abs(path) // an absolute path is never read as a URI
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
	defer os.Remove(copied.Name()) // fails after the rename
	err = sqlstore.Inspect(ctx, s.engine, func(c sqlstore.Conn) error {
		undo, err := hold(ctx, c, "query_only", []string{"OFF", "ON"}, 0)
		if err != nil {
			return err
		}
		defer undo()
		_, err = c.ExecContext(ctx, "VACUUM INTO ?", copied.Name())
		return err
	})
	if err := errors.Join(err, copied.Sync(), copied.Close()); err != nil { // VACUUM INTO does not sync
		return err
	}
	if err := os.Rename(copied.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name durable. On Windows, renaming is durable by itself.
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
