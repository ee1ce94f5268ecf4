package webhook

import (
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Options are what a host may choose of a Handler. A nil *Options and the zero value of
// each field mean the default.
type Options struct {
	// MaxBody is how many bytes a delivery may have. Default: intake.MaxBody, and never more.
	MaxBody int64
	// ReadTimeout is how long a body may take to arrive. Default: 10 s. Channels send a few
	// kilobytes at once; whoever takes longer only holds a connection.
	ReadTimeout time.Duration
	// Timeout is how long the events of a delivery may take to be kept. Default: 10 s. What
	// is not kept by then comes again; a channel that hangs up earlier stops nothing.
	Timeout time.Duration
	// Route returns the workspace of one of the business's own accounts (a number, a page, a
	// bot, a site; see intake.Event.Account), where one address gets the deliveries for
	// several workspaces, as that of an app of Meta's does. Nil: the account is nobody's, and
	// the event is ignored. Default: all goes to the workspace given to New.
	Route func(account string) *store.Workspace
	// Profile asks the channel for the name of a person who has a made-up one, after the
	// event was answered. Default: nobody is asked.
	Profile store.ProfileFetcher
	// ProfileWorkers is how many people are asked for at once. Default: 4.
	ProfileWorkers int
	// ProfileTimeout is how long the answer may take. Default: 10 s.
	ProfileTimeout time.Duration
	// Redirect is the page to which the browser of somebody who sent a form goes next. Default:
	// it is answered with an empty page, as a script wants it.
	Redirect string
	// Log is told of each event, in the order of its delivery, and of each delivery that was
	// refused. Deliveries call it at the same time. Default: nobody is told.
	Log func(Entry)
}

// mostWaiting is how many people may wait to be asked for. A person beyond is asked for at
// the next event.
const mostWaiting = 1_000

func (o *Options) orDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.MaxBody <= 0 || c.MaxBody > intake.MaxBody {
		c.MaxBody = intake.MaxBody
	}
	for _, d := range []*time.Duration{&c.ReadTimeout, &c.Timeout, &c.ProfileTimeout} {
		if *d <= 0 {
			*d = 10 * time.Second
		}
	}
	if c.ProfileWorkers <= 0 {
		c.ProfileWorkers = 4
	}
	if c.Log == nil {
		c.Log = func(Entry) {}
	}
	return c
}
