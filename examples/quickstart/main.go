// Command quickstart is the first hour of a bicycle shop with visitors: it imports a messy contact
// file, searches, filters, makes changes, and captures messages from its channels, in an SQLite
// file or a Postgres database.
//
//	go run ./examples/quickstart [FILE]
//	go run ./examples/quickstart -postgres "host=localhost user=postgres dbname=crm"
//
// The visitors stay in FILE, by default visitors-quickstart.db in the current directory, or in
// tables of the database that start with visitors_. A second run continues with them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor/phone"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: quickstart [FILE]\n       quickstart -postgres DSN\n\nFILE is the SQLite file for the visitors. Default: visitors-quickstart.db\nDSN is the connection string of a Postgres database for them.")
	}
	dsn := flag.String("postgres", "", "")
	flag.Parse()
	if flag.NArg() > 1 || *dsn != "" && flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	place := sqliteFile(flag.Arg(0))
	if *dsn != "" {
		place = postgresDatabase(*dsn)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, newScreen(os.Stdout), place); err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted; changes so far are kept")
		}
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run opens the store and runs each step of the tour.
func run(ctx context.Context, out *screen, in place) (err error) {
	st, err := in.open(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	// The shop is in Berlin, where "030 23125 900" is a phone number.
	german, err := phone.Reader("DE")
	if err != nil {
		return err
	}
	// A workspace is one business. It sees no other workspace in the same file.
	ws, err := store.Open(st, "bicycle-shop", &store.Options{
		Phone:   german,
		Unknown: filter.UnknownIsNobody, // a tag that does not exist matches no visitor
	})
	if err != nil {
		return err
	}

	out.title("visitors quickstart", in.name)
	tour := tour{ws: ws, out: out}
	for _, step := range []func(context.Context) error{
		tour.importContacts, tour.newest,
		tour.hotLeads, tour.search, tour.notCustomers, tour.count,
		tour.tag, tour.group, tour.rule, tour.edit, tour.delete, tour.capture,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	out.note("\nThe visitors are in %s.\nRun again to continue; %s to start over.", in.name, in.undo)
	return out.err
}

// tour is shared by the steps.
type tour struct {
	ws  *store.Workspace
	out *screen
}
