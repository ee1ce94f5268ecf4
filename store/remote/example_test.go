package remote_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/remote"
	"github.com/contactpipeline/visitors/visitor"
)

// tokens lists the workspaces that each of the host's services can use.
var tokens = map[string][]driver.WorkspaceID{"Bearer billing": {"acme"}, "Bearer support": {"acme", "globex"}}

// mayUse checks that the token of a request allows the workspace.
func mayUse(r *http.Request, ws driver.WorkspaceID) error {
	for _, allowed := range tokens[r.Header.Get("Authorization")] {
		if allowed == ws {
			return nil
		}
	}
	return errors.New("not a workspace of the token")
}

// The service that owns the database.
func ExampleNewHandler() {
	h, err := remote.NewHandler(memory.New(), &remote.HandlerOptions{Authorize: mayUse})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/visitors/", http.StripPrefix("/visitors", h))
	server := httptest.NewServer(mux) // or http.ListenAndServeTLS
	defer server.Close()

	st, err := remote.NewClient(server.URL+"/visitors", &remote.ClientOptions{
		Authenticate: func(r *http.Request) { r.Header.Set("Authorization", "Bearer billing") },
	})
	if err != nil {
		panic(err)
	}
	defer st.Close()
	for _, id := range []string{"acme", "globex"} {
		ws, err := store.Open(st, id, nil)
		if err != nil {
			panic(err)
		}
		n, err := ws.Count(context.Background(), filter.All())
		fmt.Println(id, n, err)
	}
	// Output:
	// acme 0 <nil>
	// globex 0 count visitors: the server answered 403, forbidden: the client cannot use the workspace
}

// A service that uses the database of another service.
func ExampleNewClient() {
	h, err := remote.NewHandler(memory.New(), &remote.HandlerOptions{Authorize: mayUse})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()

	st, err := remote.NewClient(server.URL, &remote.ClientOptions{
		Authenticate: func(r *http.Request) { r.Header.Set("Authorization", "Bearer support") },
	})
	if err != nil {
		panic(err)
	}
	defer st.Close()
	ctx := context.Background()
	ws, err := store.Open(st, "acme", nil)
	if err != nil {
		panic(err)
	}
	if _, err := ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Telegram}); err != nil {
		panic(err)
	}
	n, err := ws.Count(ctx, filter.Source.Is(visitor.Telegram))
	fmt.Println(n, err)
	_, err = ws.Get(ctx, "01900000-0000-7000-8000-000000000000")
	fmt.Println(errors.Is(err, driver.ErrNotFound))
	// Output:
	// 1 <nil>
	// true
}
