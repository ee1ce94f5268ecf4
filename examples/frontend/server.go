package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/store/sqlite"
)

const workspace = "acme"

// options are the command line flags.
type options struct {
	addr     string
	db       string // "": a temporary file
	visitors int    // to generate in an empty file
	seed     uint64
	jobTime  time.Duration // how long a request works on a job; 0: half a second, so that the page shows its progress
}

// server is the page and its API at an address.
type server struct {
	url    string
	ws     *store.Workspace
	st     *sqlite.Store
	http   *http.Server
	end    context.CancelFunc // ends the running requests; event streams last until then
	ended  chan error
	folder string // temporary, of the file
}

// start opens the file, generates visitors if it is empty, and serves.
func start(ctx context.Context, o options) (_ *server, err error) {
	s := &server{ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.free())
		}
	}()
	if o.db == "" {
		if s.folder, err = os.MkdirTemp("", "visitors-frontend"); err != nil {
			return nil, err
		}
		o.db = filepath.Join(s.folder, "visitors.db")
	}
	if s.st, err = sqlite.Open(ctx, o.db, nil); err != nil {
		return nil, err
	}
	if s.ws, err = store.Open(s.st, workspace, nil); err != nil {
		return nil, err
	}
	n, err := s.ws.CountUpTo(ctx, filter.All(), 1)
	if err != nil {
		return nil, err
	}
	if n == 0 && o.visitors > 0 {
		if err := generate(ctx, s.ws, o.visitors, o.seed, time.Now()); err != nil {
			return nil, fmt.Errorf("generate visitors: %w", err)
		}
	}
	api, err := rest.New(s.st, &rest.Options{
		// A host with users returns the workspace of the user here.
		Workspace: func(*http.Request) (store.WorkspaceID, error) { return workspace, nil },
		JobTime:   cmp.Or(o.jobTime, 500*time.Millisecond),
		Failed:    func(r *http.Request, err error) { log.Printf("%s %s: %v", r.Method, r.URL.Path, err) },
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return nil, err
	}
	s.url = "http://" + listener.Addr().String() + "/"
	requests, end := context.WithCancel(context.Background())
	s.end = end
	s.http = &http.Server{
		Handler:           pages(api),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	go func() { s.ended <- s.http.Serve(listener) }()
	return s, nil
}

// close ends the running requests and releases the resources.
func (s *server) close() error {
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if served := <-s.ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, s.free())
}

func (s *server) free() error {
	var err error
	if s.st != nil {
		err = s.st.Close()
	}
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	return err
}

// check requests the page and a few visitors.
func (s *server) check(ctx context.Context) error {
	page, err := get(ctx, s.url)
	if err != nil {
		return err
	}
	if !strings.Contains(string(page), "<title>Visitors</title>") {
		return errors.New("unexpected page")
	}
	body, err := get(ctx, s.url+"api/visitors?filter=tag:hot-lead&limit=3")
	if err != nil {
		return err
	}
	var found struct {
		Visitors []struct{ Name, Source string }
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return err
	}
	for _, v := range found.Visitors {
		fmt.Printf("%s, %s\n", v.Name, v.Source)
	}
	return nil
}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return io.ReadAll(resp.Body)
}
