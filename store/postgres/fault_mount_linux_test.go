package postgres_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

// TestDiskIsFull uses a database on a small disk, which only root can mount, and its own server:
// while the disk is full, no checkpoint of that server succeeds.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	source := pgtest.NewServer(t)
	db := database(t, source)
	var data string
	require.NoError(t, db.QueryRow("SHOW data_directory").Scan(&data))
	// The server must be able to enter the folder, and own it.
	folder, err := os.MkdirTemp(filepath.Dir(data), "small")
	require.NoError(t, err)
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	// The server keeps files open for a moment; the disk is released when it has closed them.
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	ballast := filepath.Join(folder, "ballast")
	require.NoError(t, os.WriteFile(ballast, bytes.Repeat([]byte("x"), 2<<20), 0o600))
	disk := filepath.Join(folder, "data")
	require.NoError(t, os.Mkdir(disk, 0o700))
	owner, err := os.Stat(data)
	require.NoError(t, err)
	is := owner.Sys().(*syscall.Stat_t)
	require.NoError(t, os.Chown(folder, int(is.Uid), int(is.Gid)))
	require.NoError(t, os.Chown(disk, int(is.Uid), int(is.Gid)))

	do := func(text string) {
		t.Helper()
		_, err := db.Exec(text)
		require.NoError(t, err)
	}
	do("CREATE TABLESPACE small LOCATION '" + disk + "'")
	do("CREATE DATABASE small TABLESPACE small")
	st, err := postgres.Open(t.Context(), source+" dbname=small", nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, st.Close())
		_, err := db.Exec("DROP DATABASE small WITH (FORCE)")
		require.NoError(t, err)
		_, err = db.Exec("DROP TABLESPACE small")
		require.NoError(t, err)
	})
	ws, err := store.Open(st, "acme", nil)
	require.NoError(t, err)
	draft := func(i int) visitor.Draft {
		return visitor.Draft{
			Name: fmt.Sprintf("Visitor %d", i), Source: visitor.Telegram, Tags: []string{"full"},
			Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)}},
			Attributes: visitor.Attributes{"note": visitor.Text(strings.Repeat(fmt.Sprint(i), 500))},
		}
	}
	made := map[visitor.ID]bool{}
	for i := 0; ; i++ {
		v, err := ws.Create(t.Context(), draft(i))
		if err != nil {
			var typed *store.Error
			require.ErrorAs(t, err, &typed)
			var full *postgres.Error
			require.ErrorAs(t, err, &full)
			require.Equal(t, "53100", full.Code)
			require.Contains(t, err.Error(), "disk is full")
			break
		}
		made[v.ID] = true
	}
	there := func() {
		t.Helper()
		n := 0
		for v, err := range ws.All(t.Context(), store.Query{Where: filter.All()}) {
			require.NoError(t, err)
			require.True(t, made[v.ID], "a visitor who was not acknowledged")
			n++
		}
		require.Len(t, made, n)
		faultEngine.Consistent(t, database(t, source+" dbname=small"))
	}
	require.NotEmpty(t, made)
	require.NoError(t, os.Remove(ballast))
	there()
	v, err := ws.Create(t.Context(), draft(-1))
	require.NoError(t, err, "once there is room")
	made[v.ID] = true
	there()
}
