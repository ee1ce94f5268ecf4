package store

import (
	"context"
	"errors"
	"time"
)

// maxIdle is how long Run waits at most before it looks again: changes can move what comes next.
const maxIdle = time.Second

// Run calls Advance for workspaces in time, until ctx ends, and returns the context's error then. It
// starts no goroutines. Several processes can run it at once; each event is recorded once. An error
// of a store other than ErrClosed, for example while a server restarts, is not final: Run tries
// again after a second. ErrClosed ends it.
//
//	go func() { done <- store.Run(ctx, ws) }()
func Run(ctx context.Context, workspaces ...*Workspace) error {
	for {
		wait := maxIdle
		for _, w := range workspaces {
			done, err := w.advance(ctx, w.now(), maxIdle)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, ErrClosed):
				return fail("run", err)
			case err == nil && !done.Next.IsZero():
				wait = min(wait, max(done.Next.Sub(w.now()), time.Millisecond))
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
