// Package remote is a store over HTTP: a handler serves the store of the process that owns the
// database, and a Client is the same store in another process.
//
//	h, err := remote.NewHandler(st, &remote.HandlerOptions{Authorize: mayUse})
//	mux.Handle("/visitors/", http.StripPrefix("/visitors", h))
//
//	st, err := remote.NewClient("https://crm.internal/visitors", nil)
//	ws, err := store.Open(st, "acme", nil)
//
// Use it if several services share visitors and one of them owns the database: the others
// open a Workspace, with all its rules, and need neither database credentials nor an API of
// your own. A Client passes all of package storetest. For browsers and third-party programs,
// use package rest.
//
// # Authentication
//
// Authentication is up to the host. Each request names a workspace in the header
// Visitors-Workspace. For each request the handler calls HandlerOptions.Authorize, which has
// no default, to decide whether the sender can use that workspace. A Client adds credentials
// with ClientOptions.Authenticate or with its HTTP client, such as a client certificate.
//
// A client that can use a workspace can read and change everything in it, and sets ids, times
// and the names of users. Authorize only your own servers. The handler still checks every
// change, so a client can neither store what a Workspace would refuse nor reach another
// workspace.
//
// # Versions
//
// The protocol is private to this package. Handler and client answer anything unknown, such as
// a new kind of change or filter or a new field, with an error, and change nothing. A handler
// serves clients of its own and of older versions of the same protocol, so upgrade the handler
// first. The protocol version is in the path, /v1; a client with another one gets an error
// that says so.
package remote
