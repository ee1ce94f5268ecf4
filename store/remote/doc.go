// Package remote is a store.Store at the other end of HTTP: a Handler serves the store of
// the process that has the database, a Client is that store in another process.
//
//	h, err := remote.NewHandler(st, &remote.HandlerOptions{Authorize: mayUse})
//	mux.Handle("/visitors/", http.StripPrefix("/visitors", h))
//
//	st, err := remote.NewClient("https://crm.internal/visitors", nil)
//	ws, err := store.Open(st, "acme", nil)
//
// It is for a host of several services of which one owns the database: the others hold a
// Workspace, with all its rules, and need neither credentials of the database nor an API of
// your own. A Client passes package storetest whole, as the databases do. What browsers and
// other people's programs call is package rest.
//
// # Authentication
//
// Authentication is the host's. Each request names a workspace in the header
// Visitors-Workspace, which alone proves nothing: HandlerOptions.Authorize is asked, for
// each request, whether its sender may use that workspace, and has no default. A Client adds
// what Authorize looks at by ClientOptions.Authenticate, or by its HTTP client:
// certificates, say.
//
// Whoever may use a workspace may read and change everything in it, and chooses ids, times
// and the names of users: give that to servers of your own only. What they send is checked
// again all the same, so that they cannot store what a Workspace would have refused, nor
// reach another workspace.
//
// # Versions
//
// The bodies are JSON of this package's own making and not an API to program against. Both
// ends refuse what they do not know, with an error and nothing changed: a handler refuses
// unknown kinds of changes and of filters, and unknown fields. So a handler serves clients
// of its version and older ones of the same protocol: upgrade the handler first. The number
// of the protocol is in the path, /v1; a client of another one gets an error that says so.
package remote
