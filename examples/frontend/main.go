// Command frontend serves a page of visitors with search, filters, sorting, creating, editing and
// bulk actions, which uses the HTTP API of package rest.
//
//	go run ./examples/frontend [-addr HOST:PORT] [-db FILE] [-n VISITORS]
//
// The page is plain HTML, CSS and JavaScript modules, in the folder page. Without -db the
// visitors are in a temporary file, which is deleted when the program exits.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	o := options{}
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8080", "address to listen on; without authentication, so use a loopback address")
	flag.StringVar(&o.db, "db", "", "the SQLite file; default: a temporary one")
	flag.IntVar(&o.visitors, "n", 3_000, "number of visitors to generate in an empty file")
	flag.Uint64Var(&o.seed, "seed", 1, "the same seed generates the same visitors")
	check := flag.Bool("check", false, "request the page and visitors once, then exit")
	flag.Parse()
	if *check {
		o.addr = "127.0.0.1:0"
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, *check); err != nil {
		fmt.Fprintln(os.Stderr, "frontend:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, check bool) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	fmt.Println("Visitors:", s.url)
	if check {
		err = s.check(ctx)
	} else {
		<-ctx.Done()
	}
	if closed := s.close(); err == nil {
		err = closed
	}
	return err
}
