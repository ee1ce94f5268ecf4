package webhook

import (
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Options configure a Handler. A nil *Options and the zero value of each field mean the
// default.
type Options struct {
	// MaxBody is the maximum length of a body in bytes. Default and maximum: intake.MaxBody.
	MaxBody int64
	// ReadTimeout limits the time in which a body arrives. Default: 10 s. Channels send a few
	// kilobytes at once.
	ReadTimeout time.Duration
	// Timeout limits the time to capture the events of a delivery. Default: 10 s. After it,
	// the answer is 503 and the channel sends them again. A channel that disconnects does not
	// stop the capture.
	Timeout time.Duration
	// Route returns the workspace of one of the business's own accounts (a number, page, bot
	// or site; see intake.Event.Account), if one URL receives the deliveries for several
	// workspaces, as that of a Meta app does. If it returns nil, the event is ignored.
	// Default: the workspace passed to New.
	Route func(account string) *store.Workspace
	// Profile requests the profile of a person with a placeholder name, after the event was
	// answered. Default: no requests.
	Profile store.ProfileFetcher
	// ProfileWorkers is the number of concurrent profile requests. Default: 4.
	ProfileWorkers int
	// ProfileTimeout limits each profile request. Default: 10 s.
	ProfileTimeout time.Duration
	// Redirect is the URL to which a browser goes after it has sent a form. Default: an empty
	// page, as a script expects.
	Redirect string
	// Log is called for each event, in the order of its delivery, for each rejected delivery
	// and for each profile request; concurrently for concurrent deliveries. Default: no log.
	Log func(Entry)
}

// maxWaiting is the maximum length of the queue of profile requests. A person who does not
// fit is queued again at the next event.
const maxWaiting = 1_000

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
