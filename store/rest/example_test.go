package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/visitor"
)

// tenantOf stands for a host's own sessions.
func tenantOf(r *http.Request) (store.WorkspaceID, error) {
	if r.Header.Get("Authorization") != "Bearer acme-token" {
		return "", errors.New("not logged in")
	}
	return "acme", nil
}

func ExampleNew() {
	h, err := rest.New(memory.New(), &rest.Options{Workspace: tenantOf})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", http.StripPrefix("/api", h))
	server := httptest.NewServer(mux)
	defer server.Close()

	call := func(method, path, token, body string) {
		r, _ := http.NewRequest(method, server.URL+"/api"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			panic(err)
		}
		defer res.Body.Close()
		answer, _ := io.ReadAll(res.Body)
		fmt.Println(res.Status)
		if strings.HasSuffix(path, "count?filter=tag:hot-lead") {
			fmt.Print(string(answer))
		}
	}
	call("POST", "/visitors", "Bearer acme-token", `{"name": "Ada", "source": "instagram", "tags": ["hot-lead"]}`)
	call("GET", "/visitors/count?filter=tag:hot-lead", "Bearer acme-token", "")
	call("GET", "/visitors/count", "Bearer of nothing", "")
	// Output:
	// 201 Created
	// 200 OK
	// {"count":1,"more":false}
	// 403 Forbidden
}

func ExampleNewClient() {
	h, err := rest.New(memory.New(), &rest.Options{
		StoreRoutes: true,
		Workspace: func(r *http.Request) (store.WorkspaceID, error) {
			return store.WorkspaceID(r.Header.Get("Workspace")), nil
		},
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()

	st, err := rest.NewClient(server.URL, &rest.ClientOptions{
		Workspace: func(r *http.Request, ws store.WorkspaceID) { r.Header.Set("Workspace", string(ws)) },
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
	fmt.Println(errors.Is(err, store.ErrNotFound))
	// Output:
	// 1 <nil>
	// true
}
