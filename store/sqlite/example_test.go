package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// folder returns a temporary folder for an example.
func folder() (path string, remove func()) {
	path, err := os.MkdirTemp("", "visitors")
	if err != nil {
		panic(err)
	}
	return path, func() { os.RemoveAll(path) }
}

func ExampleOpen() {
	dir, remove := folder()
	defer remove()
	ctx, path := context.Background(), filepath.Join(dir, "visitors.db")
	for range 2 { // the data is still there after reopening
		st, err := sqlite.Open(ctx, path, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		ws, _ := store.Open(st, "acme", nil)
		v, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Instagram, Tags: []string{"hot-lead"}})
		n, _ := ws.Count(ctx, filter.Tag.Has("hot-lead"))
		fmt.Println(v.Name, n, err)
		st.Close()
	}
	// Output:
	// Ada 1 <nil>
	// Ada 2 <nil>
}

// The tables are created in the application's own database; their names start with visitors_.
func ExampleNew() {
	ctx := context.Background()
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection to :memory: is a separate database
	st, err := sqlite.New(ctx, db, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ws, _ := store.Open(st, "acme", nil)
	_, err = ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat})
	var rows int
	_ = db.QueryRow("SELECT count(*) FROM visitors_visitor").Scan(&rows)
	fmt.Println(rows, err)
	// Output: 1 <nil>
}

// A visitor and a row of the application are committed together or not at all.
func ExampleStore_InTx() {
	dir, remove := folder()
	defer remove()
	ctx := context.Background()
	db, err := sql.Open("sqlite3", filepath.Join(dir, "crm.db")+"?_txlock=immediate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	st, err := sqlite.New(ctx, db, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := db.Exec("CREATE TABLE conversations (visitor TEXT, text TEXT)"); err != nil {
		fmt.Println(err)
		return
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer tx.Rollback()
	ws, _ := store.Open(st.InTx(tx), "acme", nil)
	v, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = tx.Exec("INSERT INTO conversations VALUES (?, 'Hello')", string(v.ID))
	fmt.Println(err, tx.Commit())
	// Output: <nil> <nil>
}

// With NoMigrate, the application chooses when to migrate.
func ExampleStore_Migrate() {
	dir, remove := folder()
	defer remove()
	ctx, path := context.Background(), filepath.Join(dir, "visitors.db")
	_, err := sqlite.Open(ctx, path, &sqlite.Options{NoMigrate: true})
	fmt.Println(err != nil)
	st, err := sqlite.Open(ctx, path, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	fmt.Println(st.Migrate(ctx)) // nothing left to do
	// Output:
	// true
	// <nil>
}

// Compact removes all traces of deleted visitors from the file.
func ExampleStore_Compact() {
	ctx := context.Background()
	st, err := sqlite.Open(ctx, ":memory:", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer st.Close()
	ws, _ := store.Open(st, "acme", nil)
	v, _ := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat})
	_, err = ws.Delete(ctx, v.ID)
	fmt.Println(err, st.Compact(ctx))
	// Output: <nil> <nil>
}
