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

// ClientOptions configure a Client. The zero value of every field means its default.
type ClientOptions struct {
	// Authenticate adds credentials to a request, such as a token, for the handler's
	// HandlerOptions.Authorize. Default: none, for an HTTP client with a certificate.
	Authenticate func(*http.Request)
	// HTTP sends the requests. Default: a client that keeps up to 100 idle connections.
	HTTP *http.Client
	// GracePeriod is how long Apply waits for the response after its context has ended: only
	// the response says whether the changes were made. Default: two seconds.
	GracePeriod time.Duration
}

// Client is a driver.Store and driver.Faceter that calls a handler of NewHandler. It is safe
// for concurrent use.
type Client struct {
	base   string
	o      ClientOptions
	http   *http.Client
	mu     sync.RWMutex // read-locked during each call
	closed bool
}

var (
	_ driver.Store   = (*Client)(nil)
	_ driver.Faceter = (*Client)(nil)
)

// NewClient returns a client of the handler that is mounted at base, such as
// https://crm.internal/visitors. It sends no request. The error matches store.ErrInvalid if
// base is not an http or https URL.
func NewClient(base string, o *ClientOptions) (*Client, error) {
	const op = "open client"
	if o == nil {
		o = &ClientOptions{}
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, &store.Error{Op: op, Err: text.Refuse("base", "want an http or https URL")}
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

// GetVisitor returns a visitor. The error matches store.ErrNotFound.
func (c *Client) GetVisitor(ctx context.Context, ws driver.WorkspaceID, id visitor.ID) (visitor.Visitor, error) {
	response, err := call[getResponse](ctx, c, ws, "get", getRequest{id})
	return response.Visitor, err
}

// FindVisitors returns the visitors that match, in order, up to a limit.
func (c *Client) FindVisitors(ctx context.Context, ws driver.WorkspaceID, s driver.Select) ([]visitor.Visitor, error) {
	response, err := call[findResponse](ctx, c, ws, "find", findRequest(s))
	return response.Visitors, err
}

// CountVisitors counts the visitors that match.
func (c *Client) CountVisitors(ctx context.Context, ws driver.WorkspaceID, where filter.Bound, limit int64) (int64, error) {
	response, err := call[countResponse](ctx, c, ws, "count", countRequest{where, limit})
	return response.Count, err
}

// ListTags returns tags by key, by id, or all.
func (c *Client) ListTags(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]tag.Tag, error) {
	response, err := call[tagsResponse](ctx, c, ws, "tags", listRequest{l})
	return response.Tags, err
}

// ListGroups returns groups by key, by id, or all.
func (c *Client) ListGroups(ctx context.Context, ws driver.WorkspaceID, l driver.List) ([]group.Group, error) {
	response, err := call[groupsResponse](ctx, c, ws, "groups", listRequest{l})
	return mapped(response.Groups, groupForm.group), err
}

// Apply makes all the changes or, on an error, none. After the context has ended, Apply waits
// for the response for ClientOptions.GracePeriod; if none arrives, it returns the context's
// error, and the changes can have been made.
func (c *Client) Apply(ctx context.Context, ws driver.WorkspaceID, changes []driver.Change) ([]driver.Outcome, error) {
	request := applyRequest{make([]changeForm, len(changes))}
	for i, change := range changes {
		var err error
		if request.Changes[i], err = writeChange(change); err != nil {
			return nil, &driver.ChangeError{Index: i, Err: err}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	callCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(c.o.GracePeriod, cancel) })()
	response, err := call[applyResponse](callCtx, c, ws, "apply", request)
	if err != nil && callCtx.Err() != nil {
		err = ctx.Err()
	}
	return mapped(response.Outcomes, outcomeForm.outcome), err
}

// Events returns events in order, up to a limit.
func (c *Client) Events(ctx context.Context, ws driver.WorkspaceID, q driver.EventQuery) ([]driver.Event, error) {
	response, err := call[eventsResponse](ctx, c, ws, "events", eventsRequest(q))
	return response.Events, err
}

// Facets counts the visitors that match by source, tag and group.
func (c *Client) Facets(ctx context.Context, ws driver.WorkspaceID, where filter.Bound) (driver.Facets, error) {
	response, err := call[facetsResponse](ctx, c, ws, "facets", facetsRequest{where})
	return driver.Facets(response), err
}

// Close waits for running calls; later ones return store.ErrClosed. The handler's store stays
// open.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed && c.o.HTTP == nil {
		c.http.CloseIdleConnections()
	}
	c.closed = true
	return nil
}

// call sends a request to a route and returns the response, the zero Response with an error.
func call[Response any](ctx context.Context, c *Client, ws driver.WorkspaceID, route string, request any) (Response, error) {
	var response Response
	if err := ctx.Err(); err != nil {
		return response, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return response, driver.ErrClosed
	}
	body, err := c.send(ctx, ws, route, request)
	if err == nil {
		err = json.Unmarshal(body, &response)
	}
	if err != nil {
		var none Response
		return none, cmp.Or(ctx.Err(), err)
	}
	return response, nil
}

// send sends a request and returns the body of the response.
func (c *Client) send(ctx context.Context, ws driver.WorkspaceID, route string, request any) ([]byte, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+protocol+route, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(workspaceHeader, string(ws))
	if c.o.Authenticate != nil {
		c.o.Authenticate(r)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil || res.StatusCode == http.StatusOK {
		return body, err
	}
	var form errorForm
	if json.Unmarshal(body, &form) != nil {
		form = errorForm{} // such as an error page of a proxy
	}
	form.Status = res.StatusCode
	return nil, form.err()
}
