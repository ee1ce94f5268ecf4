package faulttest

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/internal/faulty"
)

// What a child process is to do, in its environment.
const (
	childSource = "VISITORS_FAULTTEST_SOURCE"
	childName   = "VISITORS_FAULTTEST_NAME"
	childSeed   = "VISITORS_FAULTTEST_SEED"
	childRest   = "VISITORS_FAULTTEST_REST"
)

// Kill starts processes that write, kills each of them after a moment (some while they
// still open the database), and looks at what they leave behind. The test binary is its own
// child; Kill has to be all that the test does.
func Kill(t *testing.T, e Engine) {
	if source := os.Getenv(childSource); source != "" {
		os.Exit(e.child(source))
	}
	t.Parallel()
	const databases, kills = 10, 11
	s := seed(t)
	for i := range databases {
		t.Run(fmt.Sprint("database ", i), func(t *testing.T) {
			t.Parallel()
			k := killing{Engine: e, t: t, source: e.Source(t), chronicle: newChronicle(), rand: rand.New(rand.NewPCG(s, uint64(i)))}
			k.run(kills, i%2 == 1)
			t.Logf("%d deeds acknowledged in %d processes", k.done, kills)
		})
	}
}

// child works until it is killed, and tells its deeds on standard output.
func (e Engine) child(source string) int {
	err := func() error {
		seed, err := strconv.ParseUint(os.Getenv(childSeed), 10, 64)
		if err != nil {
			return err
		}
		rest, err := time.ParseDuration(os.Getenv(childRest))
		if err != nil {
			return err
		}
		st, err := e.Open(context.Background(), source)
		if err != nil {
			return err
		}
		return work(context.Background(), st, os.Getenv(childName), seed, rest, func(d deed) { fmt.Println(d) })
	}()
	fmt.Println("failed:", err)
	return 1
}

// killing is what happens to one database.
type killing struct {
	Engine
	*chronicle
	t      *testing.T
	source string
	rand   *rand.Rand
}

// run kills one process after the other. A survivor, if wanted, works all the while.
func (k *killing) run(kills int, survivor bool) {
	var other *process
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
		k.look(busy...)
	}
	if survivor {
		other.kill()
		k.look()
	}
}

// look opens the database as an application does, and checks all that is in it.
func (k *killing) look(busy ...string) {
	k.t.Helper()
	st, err := k.Open(k.t.Context(), k.source)
	require.NoError(k.t, err, "open after a kill")
	defer st.Close()
	k.verify(k.t, st, busy...)
	c, err := faulty.Wrap(k.Driver, k.source)
	require.NoError(k.t, err)
	db := sql.OpenDB(c)
	defer db.Close()
	k.sound(k.t, db)
}

// process is a child.
type process struct {
	t       *testing.T
	command *exec.Cmd
	working chan struct{} // closed with the first deed that is done
	ended   chan struct{} // closed when all that it has told is noted
	failure string
}

func (k *killing) start(name string, rest time.Duration) *process {
	k.t.Helper()
	test, _, _ := strings.Cut(k.t.Name(), "/")
	p := &process{t: k.t, working: make(chan struct{}), ended: make(chan struct{})}
	p.command = exec.Command(os.Args[0], "-test.run=^"+test+"$")
	p.command.Env = append(os.Environ(), childSource+"="+k.source,
		childName+"="+name, childSeed+"="+fmt.Sprint(k.rand.Uint64()), childRest+"="+rest.String())
	p.command.Stderr = os.Stderr
	out, err := p.command.StdoutPipe()
	require.NoError(k.t, err)
	require.NoError(k.t, p.command.Start())
	go p.listen(out, k.note)
	return p
}

// listen notes what the process tells. The last line may be cut off: it was not told.
func (p *process) listen(out io.Reader, note func(deed)) {
	defer close(p.ended)
	r := bufio.NewReader(out)
	working := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			break
		}
		d, err := parseDeed(line)
		if err != nil {
			p.failure = line
			break
		}
		note(d)
		if d.done && !working {
			working = true
			close(p.working)
		}
	}
	io.Copy(io.Discard, r)
	if !working {
		close(p.working)
	}
}

// wait returns once something is done.
func (p *process) wait() { <-p.working }

func (p *process) kill() {
	p.t.Helper()
	p.command.Process.Kill()
	<-p.ended
	p.command.Wait()
	require.Empty(p.t, p.failure, "a process has failed before it was killed")
}
