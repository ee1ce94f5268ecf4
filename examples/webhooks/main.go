// Webhooks is a server for a real Telegram bot or Meta app: whoever writes to the business
// becomes a visitor in an SQLite file. README.md says how to point the channels at it.
//
//	go run ./examples/webhooks [-addr HOST:PORT] [-db FILE] [-channels NAMES]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen; the channels need HTTPS, so put a proxy or a tunnel before it")
	db := flag.String("db", "visitors-webhooks.db", "the SQLite `file` that keeps the visitors")
	names := flag.String("channels", "", "which of "+strings.Join(channelNames(), ", ")+", separated by commas; default: those of which a variable is set")
	check := flag.Bool("check", false, "serve on a free port with made-up secrets, take one delivery of each channel, then end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *db, *names, *check); err != nil {
		fmt.Fprintln(os.Stderr, "webhooks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, db, names string, check bool) error {
	if check {
		return checked(ctx, os.Stdout)
	}
	cs, err := chosen(names, os.Getenv)
	if err != nil {
		return err
	}
	s, err := start(ctx, addr, db, cs, os.Stdout)
	if err != nil {
		return err
	}
	for _, c := range cs {
		fmt.Printf("%-10s http://%s%s\n", c.name, s.addr(), c.path())
	}
	fmt.Println("The visitors are in", db)
	<-ctx.Done()
	return s.stop()
}
