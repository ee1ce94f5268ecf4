package faulttest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/faulty"
	"github.com/contactpipeline/visitors/visitor"
)

// Slow delays the n-th driver call, for every n, while others continue. A delayed page shows one
// state, whatever is written meanwhile. A delayed write blocks no reader, and a waiting writer
// can give up.
func Slow(t *testing.T, e Engine) {
	e.forms(t, func(t *testing.T, f Form) {
		t.Run("read", func(t *testing.T) {
			t.Parallel()
			b := e.bench(t, f)
			for n := 1; b.slowRead(t, n); n++ {
			}
		})
		t.Run("write", func(t *testing.T) {
			t.Parallel()
			b := e.bench(t, f)
			for n := 1; b.slowWrite(t, n); n++ {
			}
			e.Consistent(t, b.plain)
		})
	})
}

// pause runs call and delays its n-th driver call until meanwhile has returned. It reports
// whether there was an n-th call.
func (b *bench) pause(n int, call, meanwhile func()) bool {
	paused, resume := make(chan struct{}), make(chan struct{})
	b.c.Set(faulty.Nth(n, faulty.Fault{Do: func() {
		close(paused)
		<-resume
	}}))
	defer b.c.Set(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		call()
	}()
	select {
	case <-ended:
		return false
	case <-paused:
	}
	meanwhile()
	close(resume)
	<-ended
	return true
}

func (b *bench) slowRead(t *testing.T, n int) bool {
	w := newWorld(t, b.st)
	everyone := func() (string, error) {
		for _, m := range methods() {
			if m.name == "Find" {
				return m.call(t.Context(), w)
			}
		}
		panic("no such method")
	}
	before, err := everyone()
	require.NoError(t, err)
	var got string
	var failed, wrote error
	there := b.pause(n, func() { got, failed = everyone() }, func() {
		_, deleted := w.Delete(t.Context(), w.ada)
		_, renamed := w.Update(t.Context(), w.ben, visitor.Patch{Name: ptr("Bea")})
		_, tagged := w.Tag(t.Context(), []string{"vip"}, w.ben)
		wrote = first(deleted, renamed, tagged)
	})
	require.NoError(t, failed)
	require.NoError(t, wrote)
	after, err := everyone()
	require.NoError(t, err)
	require.Contains(t, []string{before, after}, got, "a page during which call %d was delayed", n)
	b.idle(t)
	return there
}

func (b *bench) slowWrite(t *testing.T, n int) bool {
	w := newWorld(t, b.st)
	draft := visitor.Draft{Name: "Dora", Source: visitor.Chat, Tags: []string{"brand new"}, CreatedAt: start}
	var failed error
	there := b.pause(n, func() { _, failed = w.Create(t.Context(), draft) }, func() {
		v, err := w.Get(t.Context(), w.ada)
		require.NoError(t, err)
		require.Equal(t, "Ada Lovelace", v.Name)

		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error)
		go func() {
			_, err := w.Update(ctx, w.ada, visitor.Patch{Name: ptr("Never")})
			gaveUp <- err
		}()
		cancel()
		require.ErrorIs(t, <-gaveUp, context.Canceled)
	})
	require.NoError(t, failed)
	v, err := w.Get(t.Context(), w.ada)
	require.NoError(t, err)
	require.Equal(t, "Ada Lovelace", v.Name, "a write that was given up")
	page, err := w.Find(t.Context(), store.Query{Where: filter.All()})
	require.NoError(t, err)
	require.Len(t, page.Visitors, 4)
	b.idle(t)
	return there
}
