package faulttest

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// errand is the variable of the environment that tells a child process what to do.
const errand = "VISITORS_FAULTTEST_ERRAND"

// Errand returns what this process was started for by Start, nil for the one that runs
// the tests.
func Errand() []string {
	var words []string
	if json.Unmarshal([]byte(os.Getenv(errand)), &words) != nil {
		return nil
	}
	return words
}

// Process is a child process: this test binary, which runs the test that has started it,
// and no other.
type Process struct {
	t       testing.TB
	command *exec.Cmd
	in      io.Closer
	out     *bufio.Reader
}

// Start starts a child process with an errand. It is killed when the test ends.
func Start(t testing.TB, words ...string) *Process {
	t.Helper()
	told, err := json.Marshal(words)
	require.NoError(t, err)
	test, _, _ := strings.Cut(t.Name(), "/")
	p := &Process{t: t, command: exec.Command(os.Args[0], "-test.run=^"+test+"$")}
	p.command.Env = append(os.Environ(), errand+"="+string(told))
	p.command.Stderr = os.Stderr
	p.in, err = p.command.StdinPipe()
	require.NoError(t, err)
	out, err := p.command.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewReader(out)
	require.NoError(t, p.command.Start())
	t.Cleanup(p.Kill)
	return p
}

// Line returns the next line that the process writes, without the end; io.EOF when it has
// ended. A line that is cut off was not written.
func (p *Process) Line() (string, error) {
	line, err := p.out.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(line, "\n"), nil
}

// Go ends the standard input of the process, which may wait for that.
func (p *Process) Go() { p.in.Close() }

// Release is Go, and waits until the process ends by itself, well.
func (p *Process) Release() {
	p.t.Helper()
	p.Go()
	require.NoError(p.t, p.command.Wait())
}

// Kill kills the process with SIGKILL. What it has written can still be read.
func (p *Process) Kill() { p.command.Process.Kill() }

// Gone waits until a process that was killed has ended.
func (p *Process) Gone() { p.command.Wait() }
