package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/visitor"
)

func ExampleOpen() {
	ctx := context.Background()
	st, err := postgres.Open(ctx, "postgres://crm@localhost/crm", &postgres.Options{Schema: "visitors"})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	ws, err := store.Open(st, "acme", nil)
	if err != nil {
		log.Fatal(err)
	}
	n, err := ws.Count(ctx, filter.Source.Is(visitor.Instagram))
	fmt.Println(n, err)
}

func ExampleNew() {
	ctx := context.Background()
	db, err := sql.Open("pgx", "postgres://crm@localhost/crm")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	st, err := postgres.New(ctx, db, nil)
	if err != nil {
		log.Fatal(err)
	}
	indexed, err := st.SearchIndexed(ctx)
	fmt.Println(indexed, err)
}

func ExampleStore_InTx() {
	ctx := context.Background()
	var db *sql.DB // opened by the application
	var st *postgres.Store

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback()
	ws, err := store.Open(st.InTx(tx), "acme", nil)
	if err != nil {
		log.Fatal(err)
	}
	v, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO conversations (visitor) VALUES ($1)", string(v.ID)); err != nil {
		log.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		log.Fatal(err)
	}
}

// A first import is faster without the search index.
func ExampleStore_IndexSearch() {
	ctx := context.Background()
	st, err := postgres.Open(ctx, "postgres://crm@localhost/crm", &postgres.Options{NoSearchIndex: true})
	if err != nil {
		log.Fatal(err)
	}
	defer st.Close()
	// … (*store.Workspace).Load …
	if err := st.IndexSearch(ctx); err != nil {
		log.Fatal(err)
	}
}

func ExampleDistribute() {
	ctx := context.Background()
	db, err := sql.Open("pgx", "postgres://crm@coordinator/crm")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := postgres.New(ctx, db, nil); err != nil { // creates the tables
		log.Fatal(err)
	}
	if err := postgres.Distribute(ctx, db, nil); err != nil {
		log.Fatal(err)
	}
}
