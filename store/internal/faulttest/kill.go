package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Kill starts processes that write, kills each after a moment (some while they open the
// database), and checks the data that they leave. The test must do nothing else, because it runs
// again in the child processes.
func Kill(t *testing.T, e Engine) {
	if args := ChildArgs(); args != nil {
		fmt.Println("failed:", e.workUntilKilled(args))
		os.Exit(1)
	}
	t.Parallel()
	databases := max(2, *killsFlag/11)
	kills := max(2, *killsFlag/databases) // some while the process opens the database
	s := seed(t)
	for i := range databases {
		t.Run(fmt.Sprint("database ", i), func(t *testing.T) {
			t.Parallel()
			k := killing{Engine: e, t: t, source: e.Source(t), record: newRecord(), rand: rand.New(rand.NewPCG(s, uint64(i)))}
			k.run(kills, i%2 == 1)
			t.Logf("%d operations acknowledged in %d processes", k.acknowledged, kills)
		})
	}
}

// Working returns the name of this child process of Kill, "" in other processes.
func Working() string {
	if args := ChildArgs(); len(args) > 1 {
		return args[1]
	}
	return ""
}

// workUntilKilled works in a child process and reports its operations on standard output.
func (e Engine) workUntilKilled(args []string) error {
	source, name := args[0], args[1]
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	rest, err := time.ParseDuration(args[3])
	if err != nil {
		return err
	}
	st, err := e.Open(context.Background(), source)
	if err != nil {
		return err
	}
	return work(context.Background(), st, name, seed, rest, func(o operation) { fmt.Println(o) })
}

// killing is the test of one database.
type killing struct {
	Engine
	*record
	t      *testing.T
	source string
	rand   *rand.Rand
}

// run kills one process after another. With survivor, another process works all the time.
func (k *killing) run(kills int, survivor bool) {
	var other *workerProcess
	var busy []string
	if survivor {
		other = k.start("survivor", 10*time.Millisecond)
		busy = []string{"survivor"}
	}
	for i := range kills {
		p := k.start(fmt.Sprint("p", i), 0)
		if i%3 > 0 {
			p.wait()
		}
		time.Sleep(5*time.Millisecond + time.Duration(k.rand.Int64N(int64(60*time.Millisecond))))
		p.kill()
		k.settle(p.name)
		k.look(busy...)
	}
	if survivor {
		other.kill()
		k.settle(other.name)
		k.look()
	}
}

func (k *killing) settle(name string) {
	if k.Settle != nil {
		db := k.plain(k.t, k.source)
		k.Settle(k.t, db, name)
		db.Close()
	}
}

// look opens the database as an application does, and checks its content.
func (k *killing) look(busy ...string) {
	k.t.Helper()
	st, err := k.Open(k.t.Context(), k.source)
	require.NoError(k.t, err, "open after a kill")
	k.verify(k.t, st, busy...)
	verifyFlips(k.t, st, busy...)
	require.NoError(k.t, st.Close())
	db := k.plain(k.t, k.source)
	k.Consistent(k.t, db)
	db.Close()
}

// workerProcess is a child process in which workers work.
type workerProcess struct {
	*Process
	name    string
	working chan struct{} // closed after the first acknowledged operation
	ended   chan struct{} // closed when everything that it reported is recorded
	failure string
}

func (k *killing) start(name string, rest time.Duration) *workerProcess {
	k.t.Helper()
	w := &workerProcess{
		Process: Start(k.t, k.source, name, fmt.Sprint(k.rand.Uint64()), rest.String()), name: name,
		working: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.listen(k.note)
	return w
}

// listen records what the process reports.
func (w *workerProcess) listen(note func(operation)) {
	defer close(w.ended)
	working := false
	for {
		line, err := w.Line()
		if err != nil {
			break
		}
		o, err := parseOperation(line)
		if err != nil {
			w.failure = line
			break
		}
		note(o)
		if o.acknowledged && !working {
			working = true
			close(w.working)
		}
	}
	if !working {
		close(w.working)
	}
}

// wait waits for the first acknowledged operation.
func (w *workerProcess) wait() { <-w.working }

func (w *workerProcess) kill() {
	w.t.Helper()
	w.Kill()
	<-w.ended
	w.Gone()
	require.Empty(w.t, w.failure, "a process has failed before it was killed")
}
