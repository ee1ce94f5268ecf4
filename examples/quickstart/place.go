package main

import (
	"cmp"
	"context"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/store/sqlite"
)

// place is the database for the visitors.
type place struct {
	name string
	undo string // how to start over
	open func(context.Context) (store.Store, error)
}

func sqliteFile(path string) place {
	path = cmp.Or(path, "visitors-quickstart.db")
	return place{path, "delete the file", func(ctx context.Context) (store.Store, error) { return sqlite.Open(ctx, path, nil) }}
}

// postgresDatabase does not show the DSN, which can have a password.
func postgresDatabase(dsn string) place {
	return place{"the Postgres database", "drop its tables visitors_*", func(ctx context.Context) (store.Store, error) {
		return postgres.Open(ctx, dsn, nil)
	}}
}
