package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
)

// server is an HTTP server with a store and a handler for each channel.
type server struct {
	listener net.Listener
	http     *http.Server
	db       *sql.DB // of the visitors and of the conversations
	store    *sqlite.Store
	ws       *store.Workspace
	handlers map[string]*webhook.Handler
	ended    chan error     // what Serve returned
	retries  sync.WaitGroup // of leads
	endRetry context.CancelFunc
}

// start opens the store and serves the channels.
func start(ctx context.Context, addr, db string, channels []channel, out io.Writer) (_ *server, err error) {
	s := &server{handlers: map[string]*webhook.Handler{}, ended: make(chan error, 1)}
	if err := s.open(ctx, db); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.listener, err = net.Listen("tcp", addr); err != nil {
		return nil, errors.Join(err, s.close())
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	mux := http.NewServeMux()
	ctx, s.endRetry = context.WithCancel(ctx)
	for _, c := range channels {
		h := webhook.New(s.ws, c.intake, &webhook.Options{
			Profile: c.profile,
			Fetch:   c.lead,
			Inbound: keepMessages,
			Log: func(e webhook.Entry) {
				log.LogAttrs(context.Background(), e.Level(), "event", e.LogValue().Group()...)
			},
		})
		s.handlers[c.name] = h
		mux.Handle(c.path(), h)
		if c.lead != nil {
			s.retries.Go(func() { retryLeads(ctx, h, log) })
		}
	}
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second, // the handlers limit the time for bodies
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go func() { s.ended <- s.http.Serve(s.listener) }()
	return s, nil
}

// open opens the database, with a table of conversations and a store on it.
func (s *server) open(ctx context.Context, db string) (err error) {
	if s.db, err = sql.Open("sqlite3", db+"?_txlock=immediate&_busy_timeout=5000"); err != nil {
		return err
	}
	if _, err = s.db.ExecContext(ctx, createConversations); err != nil {
		return err
	}
	if s.store, err = sqlite.New(ctx, s.db, nil); err != nil {
		return err
	}
	s.ws, err = store.Open(s.store, "webhooks", nil)
	return err
}

func (s *server) close() (err error) {
	if s.store != nil {
		err = s.store.Close()
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

func (s *server) addr() string { return s.listener.Addr().String() }

// retryLeads fetches the leads that did not arrive, those of an earlier run first, and again every
// hour.
func retryLeads(ctx context.Context, h *webhook.Handler, log *slog.Logger) {
	for {
		if _, err := h.RetryLeads(ctx); err != nil && ctx.Err() == nil {
			log.Warn("leads are not fetched", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// stop finishes running requests, waits for profiles, and closes the database.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	s.endRetry()
	s.retries.Wait()
	for _, h := range s.handlers {
		err = errors.Join(err, h.Close())
	}
	return errors.Join(err, s.close())
}
