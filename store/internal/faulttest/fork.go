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

// childArgs is the environment variable that holds a child process's arguments.
const childArgs = "VISITORS_FAULTTEST_CHILD"

// ChildArgs returns the arguments that Start has started this process with, nil in the
// process that runs the tests.
func ChildArgs() []string {
	var args []string
	if json.Unmarshal([]byte(os.Getenv(childArgs)), &args) != nil {
		return nil
	}
	return args
}

// Process is a child process: this test binary, which runs the test that has started it,
// and no other.
type Process struct {
	t       testing.TB
	command *exec.Cmd
	in      io.Closer
	out     *bufio.Reader
}

// Start starts a child process with arguments. It is killed when the test ends.
func Start(t testing.TB, args ...string) *Process {
	t.Helper()
	encoded, err := json.Marshal(args)
	require.NoError(t, err)
	test, _, _ := strings.Cut(t.Name(), "/")
	p := &Process{t: t, command: exec.Command(os.Args[0], "-test.run=^"+test+"$")}
	p.command.Env = append(os.Environ(), childArgs+"="+string(encoded))
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
