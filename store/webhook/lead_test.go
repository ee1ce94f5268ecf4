package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/faulttest"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

// leadgen is a channel whose body is the id of a lead.
type leadgen struct{}

func (leadgen) Verify(intake.Header, []byte) error { return nil }

func (leadgen) Parse(_ intake.Header, body []byte) (intake.Batch, error) {
	return intake.Batch{Events: []intake.Event{{
		Kind: intake.Inbound, Account: "31", Via: "leadgen", Payload: body,
		Contact: visitor.Contact{
			Source: visitor.Messenger, Account: "31", ExternalID: "lead:" + string(body), EventID: "leadgen:" + string(body), OccurredAt: intaketest.Clock(),
			Attributes: visitor.Attributes{"lead_status": visitor.Text("pending"), "lead_form": visitor.Text("5")},
		},
	}}}, nil
}

// fetched is the answer of Facebook.
func fetched(c visitor.Contact) visitor.Contact {
	c.Name, c.Email, c.Phone = "Ada Example", "ada@example.com", "+12025550123"
	c.Attributes = visitor.Attributes{"lead_status": visitor.Text("complete"), "city": visitor.Text("London")}
	c.OccurredAt = intaketest.Clock()
	return c
}

func answers(_ context.Context, c visitor.Contact) (visitor.Contact, error) { return fetched(c), nil }

// statuses returns how many leads have each status.
func statuses(t testing.TB, ws *store.Workspace) map[string]int {
	t.Helper()
	n := map[string]int{}
	for v, err := range ws.All(t.Context(), store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		n[v.Attributes["lead_status"].Text()]++
	}
	return n
}

func requireComplete(t testing.TB, v visitor.Visitor) {
	t.Helper()
	require.Equal(t, "Ada Example", v.Name)
	require.False(t, v.Placeholder())
	require.Equal(t, "ada@example.com", v.Email)
	require.Equal(t, "+12025550123", v.Phone)
	require.Equal(t, "London", v.Attributes["city"].Text())
	require.Equal(t, "5", v.Attributes["lead_form"].Text())
	require.Equal(t, "complete", v.Attributes["lead_status"].Text())
}

func postLead(t testing.TB, h *webhook.Handler, id string) {
	t.Helper()
	require.Equal(t, 200, post(h, json, []byte(id), "", "").Code)
}

func TestLead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ws := remembered(t)
		var said heard
		var asked []visitor.Contact
		h := webhook.New(ws, leadgen{}, &webhook.Options{
			Log: said.log,
			Profile: func(_ context.Context, c visitor.Contact) (visitor.Contact, error) {
				return c, errors.New("a lead has no profile")
			},
			Fetch: func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
				asked = append(asked, c)
				require.Equal(t, map[string]int{"pending": 1}, statuses(t, ws), "is a visitor before the request")
				_, limited := ctx.Deadline()
				require.True(t, limited)
				return answers(ctx, c)
			},
		})
		postLead(t, h, "444")
		synctest.Wait()
		require.Equal(t, []visitor.Contact{{Source: visitor.Messenger, Account: "31", ExternalID: "lead:444"}}, asked)
		before := dumped(t, ws)
		require.Len(t, before.Visitors, 1)
		requireComplete(t, before.Visitors[0])
		require.Equal(t, visitor.Messenger, before.Visitors[0].Source)

		postLead(t, h, "444")
		synctest.Wait()
		require.Len(t, asked, 1, "was fetched again")
		require.Equal(t, before, dumped(t, ws))
		require.Equal(t, []webhook.Outcome{webhook.Created, webhook.LeadFetched, webhook.Duplicate}, said.outcomes())
		require.NoError(t, h.Close())
	})
}

// The event and the answer as Facebook sends them.
func TestLeadOfMessenger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ws := remembered(t)
		h := webhook.New(ws, open{intake.Messenger{}}, &webhook.Options{
			Fetch: func(_ context.Context, c visitor.Contact) (visitor.Contact, error) {
				e, err := intake.Messenger{}.Lead(c.Account, []byte(`{"id":"`+strings.TrimPrefix(c.ExternalID, "lead:")+`","created_time":"2025-10-09T08:53:20+0000",
					"form_id":"5","field_data":[{"name":"full_name","values":["Ada Example"]},{"name":"email","values":["ada@example.com"]},
					{"name":"phone_number","values":["+1 202 555 0123"]},{"name":"city","values":["London"]}]}`))
				return e.Contact, err
			},
		})
		body := []byte(`{"object":"page","entry":[{"id":"31","time":1760000001,"changes":[{"field":"leadgen","value":{
			"leadgen_id":"444","page_id":"31","form_id":"5","ad_id":"6","created_time":1760000000}}]}]}`)
		for range 2 {
			require.Equal(t, 200, post(h, json, body, "", "").Code)
			synctest.Wait()
		}
		d := dumped(t, ws)
		require.Len(t, d.Visitors, 1)
		requireComplete(t, d.Visitors[0])
		require.Equal(t, "6", d.Visitors[0].Attributes["lead_ad"].Text())
		require.Equal(t, map[webhook.Outcome]int64{webhook.Created: 1, webhook.LeadFetched: 1, webhook.Duplicate: 1}, h.Counts().Outcomes)
		require.NoError(t, h.Close())
	})
}

func TestLeadIsRepeated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failures int
		err      error
		tries    int
		at       []time.Duration // of the requests, after the first
		status   string
		last     webhook.Outcome
	}{
		"succeeds":      {3, errors.New("503"), 0, []time.Duration{time.Second, 5 * time.Second, 21 * time.Second}, "complete", webhook.LeadFetched},
		"fails":         {99, errors.New("503"), 3, []time.Duration{time.Second, 5 * time.Second}, "failed", webhook.LeadFailed},
		"does not last": {99, errors.New("503"), 1, nil, "failed", webhook.LeadFailed},
		"is gone":       {99, fmt.Errorf("404: %w", store.ErrNotFound), 0, nil, "failed", webhook.LeadFailed},
		"is not read":   {99, fmt.Errorf("read: %w", intake.ErrInvalid), 0, nil, "failed", webhook.LeadFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ws, start := remembered(t), time.Now()
				var said heard
				var at []time.Duration
				h := webhook.New(ws, leadgen{}, &webhook.Options{
					Log: said.log, FetchTries: c.tries,
					Fetch: func(_ context.Context, who visitor.Contact) (visitor.Contact, error) {
						if at = append(at, time.Since(start)); len(at) <= c.failures {
							return who, c.err
						}
						return fetched(who), nil
					},
				})
				postLead(t, h, "444")
				synctest.Wait()
				if len(c.at) > 0 {
					postLead(t, h, "444") // by a channel that has seen no answer
				}
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				require.Equal(t, append([]time.Duration{0}, c.at...), at)
				require.Equal(t, map[string]int{c.status: 1}, statuses(t, ws))
				outcomes := h.Counts().Outcomes
				require.EqualValues(t, 1, outcomes[c.last])
				require.EqualValues(t, len(c.at), outcomes[webhook.LeadRetried])
				require.Equal(t, c.last, said.outcomes()[len(said.outcomes())-1])
				n, err := ws.Count(t.Context(), filter.Attr("lead_status").Is("failed"))
				require.NoError(t, err)
				require.EqualValues(t, outcomes[webhook.LeadFailed], n)
				require.NoError(t, h.Close())
			})
		})
	}
}

// A request that answers after its time, and one whose visitor is deleted meanwhile.
func TestLeadAnswersLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ws := remembered(t)
		h := webhook.New(ws, leadgen{}, &webhook.Options{
			ProfileTimeout: time.Second,
			Fetch: func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
				time.Sleep(time.Minute)
				require.Error(t, ctx.Err())
				return fetched(c), nil
			},
		})
		postLead(t, h, "1")
		time.Sleep(2 * time.Minute)
		v, err := ws.Lookup(t.Context(), visitor.Messenger, "31", "lead:1")
		require.NoError(t, err)
		requireComplete(t, v)

		postLead(t, h, "2")
		time.Sleep(time.Second)
		v, err = ws.Lookup(t.Context(), visitor.Messenger, "31", "lead:2")
		require.NoError(t, err)
		_, err = ws.Delete(t.Context(), v.ID)
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		require.Equal(t, map[string]int{"complete": 1}, statuses(t, ws), "the deleted visitor is back")
		require.EqualValues(t, 2, h.Counts().Outcomes[webhook.LeadFetched])
		require.NoError(t, h.Close())
	})
}

// The handler is closed while a lead is to be repeated: the next one goes on.
func TestRetryLeads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ws := remembered(t)
		fail := func(_ context.Context, c visitor.Contact) (visitor.Contact, error) { return c, errors.New("503") }
		h := webhook.New(ws, leadgen{}, &webhook.Options{Fetch: fail})
		for i := range 20 {
			postLead(t, h, fmt.Sprint(i))
		}
		synctest.Wait()
		require.NoError(t, h.Close())
		time.Sleep(24 * time.Hour)
		require.EqualValues(t, 20, h.Counts().Outcomes[webhook.LeadRetried], "repeated after Close")
		require.Equal(t, map[string]int{"pending": 20}, statuses(t, ws))
		_, err := h.RetryLeads(t.Context())
		require.ErrorIs(t, err, store.ErrClosed)

		_, err = webhook.New(ws, leadgen{}, nil).RetryLeads(t.Context())
		require.EqualError(t, err, "retry leads: no Options.Fetch")

		h = webhook.New(ws, leadgen{}, &webhook.Options{Fetch: fail})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = h.RetryLeads(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, map[string]int{"pending": 20}, statuses(t, ws))
		n, err := h.RetryLeads(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		require.Equal(t, map[string]int{"failed": 20}, statuses(t, ws))
		require.NoError(t, h.Close())

		// Several at once: each lead is fetched once.
		var asked atomic.Int64
		o := &webhook.Options{Fetch: func(_ context.Context, c visitor.Contact) (visitor.Contact, error) {
			asked.Add(1)
			time.Sleep(time.Second)
			return fetched(c), nil
		}}
		h = webhook.New(nil, leadgen{}, &webhook.Options{Fetch: o.Fetch, Route: func(string) *store.Workspace { return ws }})
		n, err = h.RetryLeads(t.Context())
		require.NoError(t, err)
		require.Zero(t, n, "no workspace was named")
		var complete atomic.Int64
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				n, err := h.RetryLeads(t.Context(), ws)
				if err != nil {
					t.Error(err)
				}
				complete.Add(int64(n))
			})
		}
		all.Wait()
		require.EqualValues(t, 20, complete.Load())
		require.EqualValues(t, 20, asked.Load())
		require.Equal(t, map[string]int{"complete": 20}, statuses(t, ws))
		require.NoError(t, h.Close())
	})
}

// A request that is under way is not made a second time, and a caller that gives up leaves the
// lead as it is.
func TestRetryLeadsBesideTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ws := remembered(t)
		var asked atomic.Int64
		h := webhook.New(ws, leadgen{}, &webhook.Options{Fetch: func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
			asked.Add(1)
			<-ctx.Done()
			return c, ctx.Err()
		}})
		postLead(t, h, "1")
		synctest.Wait()
		n, err := h.RetryLeads(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		require.EqualValues(t, 1, asked.Load())
		require.NoError(t, h.Close())
		require.Equal(t, map[string]int{"pending": 1}, statuses(t, ws))

		h = webhook.New(ws, leadgen{}, &webhook.Options{Fetch: func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
			<-ctx.Done()
			return c, ctx.Err()
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = h.RetryLeads(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, map[string]int{"pending": 1}, statuses(t, ws))
		require.NoError(t, h.Close())
	})
}

// Facebook has deleted the data of leads that are older.
func TestRetryLeadsLeavesOldOnes(t *testing.T) {
	t.Parallel()
	st := memory.New()
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	postLead(t, webhook.New(opened(t, st, "acme"), leadgen{}, nil), "1")
	for _, c := range []struct{ days, complete int }{{91, 0}, {89, 1}} {
		later, err := store.Open(st, "acme", &store.Options{Now: func() time.Time { return intaketest.Clock().AddDate(0, 0, c.days) }})
		require.NoError(t, err)
		n, err := webhook.New(later, leadgen{}, &webhook.Options{Fetch: answers}).RetryLeads(t.Context())
		require.NoError(t, err)
		require.Equal(t, c.complete, n)
	}
}

// A process is killed while it requests a lead: the lead is pending, another process gets it.
func TestKillWhileALeadIsRequested(t *testing.T) {
	if args := faulttest.ChildArgs(); args != nil {
		st, err := sqlite.Open(context.Background(), args[0], nil)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		h := webhook.New(opened(t, st, "acme"), leadgen{}, &webhook.Options{Fetch: func(_ context.Context, c visitor.Contact) (visitor.Contact, error) {
			fmt.Println("requested")
			select {}
		}})
		postLead(t, h, "1")
		select {}
	}
	t.Parallel()
	path := filepath.Join(t.TempDir(), "visitors.db")
	p := faulttest.Start(t, path)
	line, err := p.Line()
	require.NoError(t, err)
	require.Equal(t, "requested", line)
	p.Kill()
	p.Gone()
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	ws := opened(t, st, "acme")
	require.Equal(t, map[string]int{"pending": 1}, statuses(t, ws))

	h := webhook.New(ws, leadgen{}, &webhook.Options{Fetch: answers})
	n, err := h.RetryLeads(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	postLead(t, h, "1") // Facebook saw no answer
	require.NoError(t, h.Close())
	d := dumped(t, ws)
	require.Len(t, d.Visitors, 1)
	requireComplete(t, d.Visitors[0])
	require.EqualValues(t, 1, h.Counts().Outcomes[webhook.Duplicate])
}

// A process that ended between the capture of a lead and the answer: Facebook sends it again, and
// it is requested then.
func TestDuplicateOfAPendingLead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ws := remembered(t)
		postLead(t, webhook.New(ws, leadgen{}, nil), "1")
		h := webhook.New(ws, leadgen{}, &webhook.Options{Fetch: answers})
		postLead(t, h, "1")
		synctest.Wait()
		require.Equal(t, map[string]int{"complete": 1}, statuses(t, ws))
		require.NoError(t, h.Close())
	})
}
