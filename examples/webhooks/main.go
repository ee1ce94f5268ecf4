// Command webhooks serves the webhooks of the channels: every person who writes to the business
// becomes a visitor in an SQLite file, and the messages are kept in a table beside them. README.md describes how to configure the channels.
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
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen; channels need HTTPS, so use a proxy or a tunnel")
	db := flag.String("db", "visitors-webhooks.db", "SQLite `file` for visitors and conversations")
	names := flag.String("channels", "", "channels to serve, of "+strings.Join(channelNames(), ", ")+", separated by commas; default: those with a variable set")
	check := flag.Bool("check", false, "serve on a free port with sample secrets, post a delivery of each channel, then exit")
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
		return selfCheck(ctx, os.Stdout)
	}
	cs, err := channelsFor(names, os.Getenv)
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
