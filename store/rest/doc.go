// Package rest serves a workspace's visitors as JSON over HTTP, to front ends and other
// programs. Package remote serves a whole store to other services of the same host.
//
//	h, err := rest.New(st, &rest.Options{Workspace: tenantOf})
//	mux.Handle("/api/", http.StripPrefix("/api", requireLogin(h)))
//
// New returns an http.Handler, which the host mounts behind its own authentication.
// Options.Workspace returns the workspace of a request. It has no default: a wrong guess
// would show one customer the visitors of another.
//
// An OpenAPI 3.1 document describes the API. It is served at /openapi.json and kept beside
// this file. In addition:
//
//   - JSON has the form of the Go types. A filter is text (filter=tag:vip -has:email) or, in
//     POST /visitors/search, JSON; package filter describes both. A GET without a filter
//     means all visitors; in every other request an empty filter is an error.
//   - Errors are application/problem+json (RFC 9457); see Problem. Programs read code, forms
//     read field, filter bars read position or pointer. An error repeats nothing of the
//     request, not even the names of unknown properties and parameters; it lists the known
//     names instead.
//   - JSON is read strictly: names are case-sensitive and occur once, strings are valid
//     Unicode, the Content-Type is application/json.
//   - The ETag of a visitor is its revision: PATCH with If-Match, or if_revision, changes the
//     visitor only at that revision. Tags and groups do not change it, so it is no validator
//     for caches; every response is no-store.
//   - POST /visitors with an Idempotency-Key creates one visitor however often it is sent. A
//     handler keeps 100,000 keys in memory, for 24 hours; after a restart, or in another
//     process, a key is new. An identity belongs to one visitor permanently, so send an
//     identity where one exists. A request that fails releases its key.
//   - POST /visitors/bulk changes the visitors with the given ids, or all that a filter
//     matches. With a filter it requires the number that was shown to the user, and changes
//     nothing if the number is different now. Up to 10,000 visitors are changed in one
//     transaction; more are changed in batches of that size, and a request that failed
//     halfway can be sent again.
//   - POST /jobs plans an action and freezes its visitors; nothing is changed yet. POST
//     /jobs/{id}/run works on it for Options.JobTime and answers 202 until it has ended, so send
//     it again; it is safe to stop at any time, and to send it twice. The host's program continues
//     interrupted and held jobs with store.Workspace.ResumeJobs. GET /jobs/{id}/stream sends the
//     progress as server-sent events. What a job cannot do now has the code job_state.
//   - POST /capture can be sent again: an event with an event_id that was processed before
//     changes nothing.
//   - A tag, group or topic that a group's rule mentions cannot be deleted, and a group that a rule
//     mentions cannot be given a rule: the problem has the code in_use and lists the groups.
//   - GET /visitors/ID/can-contact says whether a message may be sent, to where, and why; package
//     consent has the rules. What was said is recorded with POST /consents. A state of a channel is
//     refused with platform_owned, a grant of the business after a denial with denied, and a visitor
//     with an address of an erased person with suppressed.
//   - POST /audiences freezes who may be written to. GET /audiences/ID/recipients streams them as
//     lines of JSON, and decides again for each; a response that fails is cut off, so that a client
//     does not take it for complete.
//   - GET /events?visitor=ID is the history of one visitor: what changed, when, by whom and
//     why. Options.Actor names the user.
//   - PUT /groups/{id}/watch makes events of who enters and leaves a group, with the instant as at. A
//     process of the host must call store.Run, which records what the passing of time does to rules.
//   - GET /events/stream sends changes as server-sent events. A stream ends with its request:
//     give the http.Server a BaseContext that is cancelled at shutdown, or Shutdown waits.
//
// # Browsers
//
// A request that changes something is refused if a browser sends it from a page of another
// origin (http.CrossOriginProtection). This protects session cookies from forged requests.
// Options.Origins lists the other origins that can use the API; their requests are answered
// with CORS headers. Browsers send a preflight request, OPTIONS without cookies, which the
// host's authentication must let through.
package rest
