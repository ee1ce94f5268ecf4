package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

// tenantOf replaces the host's session lookup.
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

// A program that speaks HTTP records a consent, and asks whether it may write.
func ExampleNew_consent() {
	h, err := rest.New(memory.New(), &rest.Options{Workspace: func(*http.Request) (store.WorkspaceID, error) { return "acme", nil }})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	call := func(method, path, body string) (answer struct{ ID, Reason, Text string }) {
		r, _ := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			panic(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			panic(err)
		}
		return answer
	}
	call("PUT", "/topics/newsletter", `{"label": "Newsletter", "public": true}`)
	ada := call("POST", "/visitors", `{"name": "Ada", "source": "chat", "email": "ada@example.com"}`)
	mayWrite := "/visitors/" + ada.ID + "/can-contact?channel=email&topic=newsletter"
	fmt.Println(call("GET", mayWrite, "").Text)
	call("POST", "/consents", `{"entries": [{"subject": {"channel": "email", "address": "ada@example.com"},
		"topic": "newsletter", "state": "granted", "origin": "person", "evidence": {"kind": "form", "ref": "sign-up"}}]}`)
	fmt.Println(call("GET", mayWrite, "").Text)
	// Output:
	// has not agreed
	// agreed to messages
}
