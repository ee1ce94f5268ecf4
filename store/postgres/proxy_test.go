package postgres_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// proxy stands between clients and a server, as a network with latency would. It counts round
// trips: how often a client has sent something after an answer.
type proxy struct {
	latency  time.Duration // of a round trip, all of it in the answer, because Go's timers are accurate to a millisecond only
	trips    atomic.Int64
	network  string // of the server, with its address
	address  string
	listener net.Listener
	running  sync.WaitGroup

	lock  sync.Mutex
	conns []net.Conn
	ended bool
}

// between starts a proxy in front of the server of dsn, and returns it with the dsn of the proxy.
func between(tb testing.TB, dsn string, latency time.Duration) (*proxy, string) {
	tb.Helper()
	config, err := pgx.ParseConfig(dsn)
	require.NoError(tb, err)
	p := &proxy{latency: latency}
	p.network, p.address = pgconn.NetworkAddress(config.Host, config.Port)
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p, fmt.Sprint(dsn, " host=127.0.0.1 port=", p.listener.Addr().(*net.TCPAddr).Port)
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // it is closed
		}
		server, err := net.Dial(p.network, p.address)
		if err != nil {
			client.Close()
			continue
		}
		if !p.keep(client, server) {
			return
		}
		p.forward(client, server)
	}
}

// keep remembers connections that close closes, and reports false if it has been called.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.conns = append(p.conns, conns...)
	if p.ended {
		closeAll(conns...)
	}
	return !p.ended
}

// close ends all connections, and waits for the goroutines.
func (p *proxy) close() {
	p.listener.Close()
	p.lock.Lock()
	p.ended = true
	closeAll(p.conns...)
	p.lock.Unlock()
	p.running.Wait()
}

func closeAll(conns ...net.Conn) {
	for _, c := range conns {
		c.Close()
	}
}

// forward forwards both directions until one of them ends.
func (p *proxy) forward(client, server net.Conn) {
	type answer struct {
		due  time.Time
		data []byte
	}
	answers := make(chan answer, 1_000)
	var answered atomic.Bool
	answered.Store(true)
	p.running.Go(func() {
		defer closeAll(client, server)
		each(client, func(data []byte) error {
			if answered.Swap(false) {
				p.trips.Add(1)
			}
			_, err := server.Write(data)
			return err
		})
	})
	p.running.Go(func() {
		defer close(answers)
		each(server, func(data []byte) error {
			answers <- answer{time.Now().Add(p.latency), append([]byte(nil), data...)}
			return nil
		})
	})
	p.running.Go(func() {
		defer closeAll(client, server)
		for a := range answers {
			time.Sleep(time.Until(a.due))
			answered.Store(true)
			client.Write(a.data) // if it fails, the server is read until it ends
		}
	})
}

// each calls f with what r sends, until one of them fails.
func each(r io.Reader, f func([]byte) error) {
	data := make([]byte, 64<<10)
	for {
		n, err := r.Read(data)
		if err != nil || f(data[:n]) != nil {
			return
		}
	}
}

func TestProxyDelaysAndCounts(t *testing.T) {
	_, dsn := open(t, nil) // no parallel test runs beside: goleak
	before := goleak.IgnoreCurrent()
	t.Run("proxy", func(t *testing.T) {
		const latency = 20 * time.Millisecond
		p, dsn := between(t, dsn, latency)
		conn, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		trips, start := p.trips.Load(), time.Now()
		for range 3 {
			_, err := conn.Exec(t.Context(), "SELECT 1")
			require.NoError(t, err)
		}
		require.EqualValues(t, 3, p.trips.Load()-trips)
		require.GreaterOrEqual(t, time.Since(start), 3*latency)

		// What is sent together is one round trip.
		trips = p.trips.Load()
		var many pgx.Batch
		for range 50 {
			many.Queue("SELECT repeat('x', 10000)")
		}
		require.NoError(t, conn.SendBatch(t.Context(), &many).Close())
		require.LessOrEqual(t, p.trips.Load()-trips, int64(2)) // preparing is another one
		p.close()
		require.Error(t, conn.Ping(t.Context()))
	})
	goleak.VerifyNone(t, before)
}
