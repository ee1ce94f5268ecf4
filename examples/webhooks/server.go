package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
)

// server is an HTTP server with a store and a handler for each channel.
type server struct {
	listener net.Listener
	http     *http.Server
	store    *sqlite.Store
	ws       *store.Workspace
	handlers map[string]*webhook.Handler
	ended    chan error // what Serve returned
}

// start opens the store and serves the channels.
func start(ctx context.Context, addr, db string, channels []channel, out io.Writer) (_ *server, err error) {
	s := &server{handlers: map[string]*webhook.Handler{}, ended: make(chan error, 1)}
	if s.store, err = sqlite.Open(ctx, db, nil); err != nil {
		return nil, err
	}
	if s.ws, err = store.Open(s.store, "webhooks", nil); err == nil {
		s.listener, err = net.Listen("tcp", addr)
	}
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	mux := http.NewServeMux()
	for _, c := range channels {
		h := webhook.New(s.ws, c.intake, &webhook.Options{
			Profile: c.profile,
			Log: func(e webhook.Entry) {
				log.LogAttrs(context.Background(), e.Level(), "event", e.LogValue().Group()...)
			},
		})
		s.handlers[c.name] = h
		mux.Handle(c.path(), h)
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

func (s *server) addr() string { return s.listener.Addr().String() }

// stop finishes running requests, waits for profiles, and closes the store.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	for _, h := range s.handlers {
		err = errors.Join(err, h.Close())
	}
	return errors.Join(err, s.store.Close())
}
