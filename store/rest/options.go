package rest

import (
	"cmp"
	"net/http"
	"time"

	"github.com/contactpipeline/visitors/store"
)

// Options configure a handler. Workspace is required; the zero value of every other field
// means its default.
type Options struct {
	// Workspace returns the workspace of a request, which the host has authenticated before.
	// Read it from the session or token, never from an unverified part of the request. An
	// error refuses the request with 403; its text is not sent. Required.
	Workspace func(*http.Request) (store.WorkspaceID, error)
	// Actor returns the host's name for the user or program that makes a request, at most
	// 200 characters. Events, tag assignments and memberships record it. A name that is not
	// valid is answered with 500. Default: "", no name.
	Actor func(*http.Request) string
	// Store has the options with which workspaces are opened, such as the host's sources,
	// phone reader and time zone. Default: the defaults of store.Open.
	Store *store.Options
	// Origins are other origins whose pages can use this handler from a browser, such as
	// https://app.example.com: their requests pass the check against cross-site request
	// forgery and are answered with CORS headers, credentials allowed. Default: none; only
	// pages of the handler's own origin can use it.
	Origins []string
	// MaxBody is the maximum size of a request body in bytes. Default: 1 MiB.
	MaxBody int64
	// BodyTimeout is how long reading a request body can take. Default: 30 seconds.
	BodyTimeout time.Duration
	// Timeout is how long a query can take: a request that only reads, and the count at the
	// start of a bulk request with a filter. A longer one ends with 503 and the code
	// too_slow. Changes have no timeout, because the caller would not know whether they were
	// made; event streams have none either. Default: 10 seconds; negative: no limit.
	Timeout time.Duration
	// JobTime is how long a request that runs or undoes a job works on it before it answers with
	// 202; the next request continues. The job goes on only while requests, or a call of
	// store.Workspace.ResumeJobs in the host's program, work on it. Default: two seconds.
	JobTime time.Duration
	// Failed is called with each error that is not the caller's fault; the caller gets 500
	// without the reason. Default: such errors are dropped.
	Failed func(*http.Request, error)
}

func (o Options) withDefaults() Options {
	o.MaxBody = cmp.Or(max(o.MaxBody, 0), 1<<20)
	o.BodyTimeout = cmp.Or(max(o.BodyTimeout, 0), 30*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.JobTime = cmp.Or(max(o.JobTime, 0), 2*time.Second)
	if o.Actor == nil {
		o.Actor = func(*http.Request) string { return "" }
	}
	if o.Failed == nil {
		o.Failed = func(*http.Request, error) {}
	}
	return o
}
