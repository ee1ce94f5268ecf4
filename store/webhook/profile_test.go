package webhook_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/webhook"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// message returns a message to a Facebook page, which contains no name.
func message(person, mid string) []byte {
	return []byte(`{"object":"page","entry":[{"id":"31","messaging":[{"sender":{"id":"` + person + `"},"timestamp":1760000000123,"message":{"mid":"` + mid + `"}}]}]}`)
}

func TestProfileRequest(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	var asked atomic.Int64
	var said heard
	answered, release := make(chan struct{}), make(chan struct{})
	o := &webhook.Options{Log: said.log, Profile: func(_ context.Context, c visitor.Contact) (visitor.Contact, error) {
		asked.Add(1)
		if c.ExternalID == "8" {
			return c, errors.New("no consent")
		}
		answered <- struct{}{}
		<-release
		c.Name = "Ada Example"
		return c, nil
	}}
	h := webhook.New(ws, open{intake.Messenger{}}, o)
	require.Equal(t, 200, post(h, json, message("7", "m1"), "", "").Code)
	<-answered // while the channel thinks about it
	require.Equal(t, 200, post(h, json, message("7", "m2"), "", "").Code)
	release <- struct{}{}
	require.Eventually(t, func() bool { return h.Counts().Outcomes[webhook.ProfileFetched] == 1 }, 10*time.Second, time.Millisecond)
	require.EqualValues(t, 1, asked.Load(), "asked twice for the same person")

	require.Equal(t, 200, post(h, json, message("7", "m3"), "", "").Code)
	require.Equal(t, 200, post(h, json, message("8", "m4"), "", "").Code)
	require.Eventually(t, func() bool { return h.Counts().Outcomes[webhook.ProfileFailed] == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, h.Close())
	require.EqualValues(t, 2, asked.Load(), "asked for who has a name")
	names := map[string]bool{}
	for _, v := range dumped(t, ws).Visitors {
		names[v.Name] = v.Placeholder()
	}
	require.Len(t, names, 2)
	require.Contains(t, names, "Ada Example")
	require.False(t, names["Ada Example"])
}

// open is a channel without its signature.
type open struct{ intake.Channel }

func (open) Verify(intake.Header, []byte) error { return nil }

func TestClose(t *testing.T) {
	t.Parallel()
	ws := remembered(t)
	begun, done := make(chan struct{}, 8), atomic.Int64{}
	h := webhook.New(ws, open{intake.Messenger{}}, &webhook.Options{
		ProfileWorkers: 2, ProfileTimeout: 50 * time.Millisecond,
		Profile: func(ctx context.Context, c visitor.Contact) (visitor.Contact, error) {
			begun <- struct{}{}
			<-ctx.Done()
			done.Add(1)
			return c, ctx.Err()
		},
	})
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		require.Equal(t, 200, post(h, json, message(id, "m"+id), "", "").Code)
	}
	<-begun
	<-begun
	require.NoError(t, h.Close())
	require.EqualValues(t, 2+len(begun), done.Load(), "returned before those begun had ended")
	require.Equal(t, 503, post(h, json, message("6", "m6"), "", "").Code)
	require.NoError(t, h.Close())
}
