package rest_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/visitor"
)

// stuck is a store whose queries run until their context ends.
type stuck struct{ store.Store }

func (s stuck) wait(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s stuck) GetVisitor(ctx context.Context, _ store.WorkspaceID, _ visitor.ID) (visitor.Visitor, error) {
	return visitor.Visitor{}, s.wait(ctx)
}

func (s stuck) FindVisitors(ctx context.Context, _ store.WorkspaceID, _ driver.Select) ([]visitor.Visitor, error) {
	return nil, s.wait(ctx)
}

func (s stuck) CountVisitors(ctx context.Context, _ store.WorkspaceID, _ filter.Bound, _ int64) (int64, error) {
	return 0, s.wait(ctx)
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	s := open(t, stuck{memory.New()}, &rest.Options{Timeout: 20 * time.Millisecond})
	id := s.call("POST", "/visitors", object{"name": "Ada", "source": "chat"}).is(201)["id"].(string)
	for _, path := range []string{"", "/" + id, "/count", "/count?up_to=5", "/facets", "/" + id + "/explain?filter=ada", "/" + id + "/duplicates"} {
		s.call("GET", "/visitors"+path, nil).problem(503, rest.CodeTooSlow)
	}
	s.call("GET", "/duplicates", nil).problem(503, rest.CodeTooSlow)
	s.call("POST", "/visitors/search", object{"where": object{"version": 1, "filter": object{"op": "everyone"}}}).problem(503, rest.CodeTooSlow)
	s.call("POST", "/visitors/bulk", object{"action": "delete", "filter": "is:everyone", "expect": 1}).problem(503, rest.CodeTooSlow)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() {
		time.Sleep(100 * time.Millisecond)
		s.people("Bob")
	}()
	ids, _ := s.follow(ctx, "/events/stream", "", 2)
	require.Equal(t, []string{"1", "2"}, ids, "a stream has no timeout")
}

// Options.Timeout does not apply to changes.
func TestTimeoutLeavesChangesAlone(t *testing.T) {
	t.Parallel()
	s := open(t, slow{memory.New()}, &rest.Options{Timeout: 50 * time.Millisecond})
	s.call("POST", "/visitors", object{"name": "Ada", "source": "chat"}).is(201)
}

// A deadline of the host is answered with 504, whatever Options.Timeout is.
func TestDeadlineOfTheHost(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{0, -1, time.Hour} {
		h, err := rest.New(stuck{memory.New()}, &rest.Options{Workspace: acme, Timeout: timeout})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/visitors", nil))
		require.Equal(t, 504, w.Code)
		require.Contains(t, w.Body.String(), `"code":"timeout"`)
	}
}
