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

// childArgs is the environment variable with the arguments of a child process.
const childArgs = "VISITORS_FAULTTEST_CHILD"

// ChildArgs returns the arguments that Start gave to this process; nil in the process that runs
// the tests.
func ChildArgs() []string {
	var args []string
	if json.Unmarshal([]byte(os.Getenv(childArgs)), &args) != nil {
		return nil
	}
	return args
}

// Process is a child process: this test binary, which runs only the test that started it.
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

// Line returns the next line that the process writes, without the line end, or io.EOF after it
// has ended. An incomplete line is ignored.
func (p *Process) Line() (string, error) {
	line, err := p.out.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(line, "\n"), nil
}

// Go closes the standard input of the process, for which it can wait.
func (p *Process) Go() { p.in.Close() }

// Release calls Go, and waits until the process has ended successfully.
func (p *Process) Release() {
	p.t.Helper()
	p.Go()
	require.NoError(p.t, p.command.Wait())
}

// Kill kills the process with SIGKILL. What it has written can still be read.
func (p *Process) Kill() { p.command.Process.Kill() }

// Gone waits until a killed process has ended.
func (p *Process) Gone() { p.command.Wait() }
