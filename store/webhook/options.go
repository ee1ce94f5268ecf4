package webhook

import (
	"context"
	"database/sql"
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
	// ProfileWorkers is the number of concurrent requests of Profile and Fetch. Default: 4.
	ProfileWorkers int
	// ProfileTimeout limits each request of Profile and Fetch. Default: 10 s.
	ProfileTimeout time.Duration
	// Inbound stores the messages of a delivery in tables of the application. It is called with
	// the Inbound events that were captured, in their order, in the transaction that captures
	// them: what it writes through tx is committed together with the visitors, or neither is. If
	// it returns an error or panics, both are rolled back; after an error the answer is 503 and
	// the channel sends the delivery again. See "Messages" in the package documentation. Default:
	// none.
	Inbound func(ctx context.Context, tx *sql.Tx, in []Inbound) error
	// Fetch requests the data of a lead of Facebook's Lead Ads, after its event was answered. It
	// gets the source, the page as Account, and "lead:" followed by the id of the lead as
	// ExternalID; intake.Messenger.Lead parses the response of the Graph API. After an error the
	// request is repeated, unless the error matches store.ErrNotFound or store.ErrInvalid. See
	// "Leads" in the package documentation. Default: no requests; leads stay pending.
	Fetch store.ProfileFetcher
	// FetchTries is the maximum number of requests for a lead. Default: 6.
	FetchTries int
	// FetchWait is the time between the first two requests for a lead. It is four times as long
	// between the next two, and so on, up to an hour. Default: 1 s, so that six requests take
	// about six minutes.
	FetchWait time.Duration
	// Redirect is the URL to which a browser goes after it has sent a form. Default: an empty
	// page, as a script expects.
	Redirect string
	// Log is called for each event, in the order of its delivery, for each rejected delivery
	// and for each request of Profile and Fetch; concurrently for concurrent deliveries.
	// Default: no log.
	Log func(Entry)
}

// maxWaiting is the maximum number of requests that wait, run or will be repeated. A person who
// does not fit is queued again at the next event, a lead by RetryLeads.
const maxWaiting = 1_000

// maxWait is the maximum time between two requests for a lead.
const maxWait = time.Hour

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
	if c.FetchTries <= 0 {
		c.FetchTries = 6
	}
	if c.FetchWait <= 0 {
		c.FetchWait = time.Second
	}
	if c.Log == nil {
		c.Log = func(Entry) {}
	}
	return c
}
