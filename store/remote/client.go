package remote

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// ClientOptions are what a caller chooses for a Client. The zero value of every field means
// its default.
type ClientOptions struct {
	// Authenticate adds to a request what the handler's HandlerOptions.Authorize looks at,
	// such as a token. Default: nothing is added, which suffices where HTTP has a certificate.
	Authenticate func(*http.Request)
	// HTTP makes the requests. Default: a client that keeps up to 100 connections.
	HTTP *http.Client
	// GracePeriod is how long Apply still waits for the answer when its context has ended:
	// only the answer tells whether the changes were made. Default: two seconds.
	GracePeriod time.Duration
}

// Client is the store.Store, and store.Faceter, behind a handler of NewHandler. It keeps
// every promise of that store.
type Client struct {
	base   string
	o      ClientOptions
	http   *http.Client
	mu     sync.RWMutex // held for reading by each call
	closed bool
}

var (
	_ driver.Store   = (*Client)(nil)
	_ driver.Faceter = (*Client)(nil)
)

// NewClient returns a client of the handler that is mounted at base, such as
// https://crm.internal/visitors. It makes no request. The error matches store.ErrInvalid.
func NewClient(base string, o *ClientOptions) (*Client, error) {
	const op = "open client"
	if o == nil {
		o = &ClientOptions{}
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, &store.Error{Op: op, Err: text.Refuse("base", "want an http or https address")}
	}
	c := &Client{base: strings.TrimRight(base, "/"), o: *o, http: o.HTTP}
	if c.http == nil {
		c.http = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 100, IdleConnTimeout: 90 * time.Second,
		}}
	}
	c.o.GracePeriod = cmp.Or(c.o.GracePeriod, 2*time.Second)
	return c, nil
}

// GetVisitor returns a visitor, or store.ErrNotFound.
func (c *Client) GetVisitor(ctx context.Context, ws driver.WorkspaceID, id visitor.ID) (visitor.Visitor, error) {
	var reply getResponse
	err := c.call(ctx, ws, "get", getRequest{id}, &reply)
	return reply.Visitor, err
}

// FindVisitors returns a page of visitors.
func (c *Client) FindVisitors(ctx context.Context, ws driver.WorkspaceID, s driver.Select) ([]visitor.Visitor, error) {
	var reply findResponse
	err := c.call(ctx, ws, "find", findRequest(s), &reply)
	return reply.Visitors, err
}

// CountVisitors counts visitors.
func (c *Client) CountVisitors(ctx context.Context, ws driver.WorkspaceID, where filter.Bound, limit int64) (int64, error) {
	var reply countResponse
	err := c.call(ctx, ws, "count", countRequest{where, limit}, &reply)
	return reply.Count, err
}

// ListTags returns tags.
func (c *Client) ListTags(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]tag.Tag, error) {
	var reply tagsResponse
	err := c.call(ctx, ws, "tags", listRequest{l}, &reply)
	return reply.Tags, err
}

// ListGroups returns groups.
func (c *Client) ListGroups(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]group.Group, error) {
	var reply groupsResponse
	if err := c.call(ctx, ws, "groups", listRequest{l}, &reply); err != nil {
		return nil, err
	}
	var groups []group.Group
	for _, form := range reply.Groups {
		g, err := form.read()
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// Apply makes changes, all or none. When the context ends, Apply waits a little longer for
// the answer, see ClientOptions.GracePeriod.
func (c *Client) Apply(ctx context.Context, ws driver.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	ask := applyRequest{make([]changeForm, len(changes))}
	for i, change := range changes {
		var err error
		if ask.Changes[i], err = writeChange(change); err != nil {
			return nil, &driver.ChangeError{Index: i, Err: err}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	patient, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(c.o.GracePeriod, giveUp) })()
	var reply applyResponse
	err := c.call(patient, ws, "apply", ask, &reply)
	if err != nil {
		if patient.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	var outcomes []driver.Outcome
	for _, form := range reply.Outcomes {
		o, err := form.read()
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// Events returns events.
func (c *Client) Events(ctx context.Context, ws driver.WorkspaceID, q driver.EventQuery) ([]driver.Event, error) {
	var reply eventsResponse
	err := c.call(ctx, ws, "events", eventsRequest(q), &reply)
	return reply.Events, err
}

// Facets counts visitors by source, tag and group.
func (c *Client) Facets(ctx context.Context, ws driver.WorkspaceID, where filter.Bound) (driver.Facets, error) {
	var reply facetsResponse
	if err := c.call(ctx, ws, "facets", facetsRequest{where}, &reply); err != nil {
		return driver.Facets{}, err
	}
	return driver.Facets(reply), nil
}

// Close waits for calls under way. The store behind the handler stays open.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && c.o.HTTP == nil {
		c.http.CloseIdleConnections()
	}
	c.closed = true
	return nil
}

// call asks the route of that name.
func (c *Client) call(ctx context.Context, ws driver.WorkspaceID, route string, ask, reply any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return driver.ErrClosed
	}
	err := c.send(ctx, ws, route, ask, reply)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *Client) send(ctx context.Context, ws driver.WorkspaceID, route string, ask, reply any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+protocol+route, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(workspaceHeader, string(ws))
	if c.o.Authenticate != nil {
		c.o.Authenticate(r)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK {
		return json.Unmarshal(answer, reply)
	}
	var form errorForm
	if json.Unmarshal(answer, &form) != nil {
		form = errorForm{} // a page of a proxy, say
	}
	form.Status = res.StatusCode
	return form.err()
}
