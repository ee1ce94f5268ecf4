// Package rest serves visitors over HTTP, for front ends and other programs. The store
// itself, for other services of the same host, is served by package remote.
//
//	h, err := rest.New(st, &rest.Options{Workspace: tenantOf})
//	mux.Handle("/api/", http.StripPrefix("/api", requireLogin(h)))
//
// New returns an http.Handler that a host mounts where it likes, behind its own
// authentication. Options.Workspace tells whose visitors a request is about; it has no
// default, since a wrong guess would show one customer the people of another.
//
// The API is described by an OpenAPI 3.1 document, served at /openapi.json and kept beside
// this file. What is worth knowing beside it:
//
//   - JSON is that of the Go types. A filter is given as text (filter=tag:vip -has:email) or,
//     to POST /visitors/search, in the JSON form; package filter describes both. Only a GET
//     without a filter means everyone.
//   - Errors are application/problem+json (RFC 9457): see Problem. Programs go by code,
//     forms by field, filter bars by position or pointer. Nothing of what was sent is
//     repeated, not even the names of unknown properties and parameters: a problem names
//     the ones that are known instead.
//   - JSON is read strictly: names in their one case, each once, valid Unicode, and a
//     Content-Type of application/json.
//   - The ETag of a visitor is its revision: PATCH with If-Match, or if_revision, changes
//     only that revision. It tells nothing of tags and groups, so nothing may be cached by
//     it, and every answer is no-store.
//   - POST /visitors with an Idempotency-Key makes one visitor however often it is sent. One
//     handler remembers its keys in memory: 100,000 of them, for a day. After a restart, or
//     at another process, a key is new; what holds for good is that an identity belongs to
//     one visitor, so give an identity where there is one. A refused request frees its key.
//   - POST /visitors/bulk acts on ids, or on all that a filter matches; then it wants the
//     number that the user was shown, and does nothing when it is another by now. All of
//     10,000 visitors are changed or, with an error, none; more go in batches of that many,
//     and a request that failed half way may be sent again.
//   - POST /capture takes in what happened on a channel, and may be sent again: an event with
//     an event_id that was taken in changes nothing more.
//   - A tag or group that the rules of groups mention is not deleted, and such a group gets
//     no rule: the problem has the code in_use and lists the groups.
//   - GET /events?visitor=ID is the history of one visitor: what changed, when, by whom and
//     why. Options.Actor says by whom.
//   - GET /events/stream tells of changes as server-sent events. A stream ends with its
//     request: give the http.Server a BaseContext that ends at shutdown, or Shutdown waits.
//
// # Browsers
//
// A request that changes something is refused when a browser sends it for a page of
// another origin (http.CrossOriginProtection), so a session cookie is safe from forged
// requests; a token in a header is anyway. Front ends on other origins are named in
// Options.Origins and are answered with CORS headers. A browser asks first with OPTIONS and
// without cookies: the host's authentication must let that pass.
package rest
