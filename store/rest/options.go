package rest

import (
	"net/http"
	"time"

	"github.com/contactpipeline/visitors/store"
)

// Options are what a host chooses for a handler. Workspace is required; the zero value of
// every other field means its default.
type Options struct {
	// Workspace tells whose visitors a request is about. The host has authenticated the
	// request by then, and answers here from its session or token, never from what the
	// request merely claims. An error refuses the request with 403; its text stays here.
	// There is no default.
	Workspace func(*http.Request) (store.WorkspaceID, error)
	// Actor returns the host's name for the user or program that makes a request, at most
	// 200 characters. Events, tag assignments and memberships keep it. A name that is not
	// valid is a 500. Default: "", nobody is named.
	Actor func(*http.Request) string
	// Store is how workspaces are opened: a host's sources, its phone reader, its time zone.
	// Default: as store.Open has it.
	Store *store.Options
	// Origins are front ends on other origins that browsers let call this handler, such as
	// https://app.example.com: their requests pass the check against cross-site forgery and
	// are answered with CORS headers, credentials allowed. Default: none, so that only pages
	// of the handler's own origin can use it.
	Origins []string
	// MaxBody is the most bytes of a request's body. Default: 1 MiB.
	MaxBody int64
	// BodyTimeout is how long a body may take to arrive. Default: 30 seconds.
	BodyTimeout time.Duration
	// Timeout is how long a query may take: a request that only reads, and the count that a
	// bulk request by a filter begins with. One that takes longer ends with 503 and the code
	// too_slow. Changes are not cut short, since a caller would not know whether they were
	// made; neither are event streams. Default: 10 seconds; negative: no limit.
	Timeout time.Duration
	// Poll is how often an event stream looks for new events. Default: one second.
	Poll time.Duration
	// Failed is called with each error that is not the caller's fault, which the caller gets
	// as 500 without a reason. Default: such errors are dropped.
	Failed func(*http.Request, error)
}

func (o Options) withDefaults() Options {
	if o.MaxBody <= 0 {
		o.MaxBody = 1 << 20
	}
	if o.BodyTimeout <= 0 {
		o.BodyTimeout = 30 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.Actor == nil {
		o.Actor = func(*http.Request) string { return "" }
	}
	if o.Failed == nil {
		o.Failed = func(*http.Request, error) {}
	}
	return o
}
