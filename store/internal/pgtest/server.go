package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// superuser needs no password.
const superuser = "tester"

// server is a running PostgreSQL server with its keeper process.
type server struct {
	programs    string
	folder      string // holds data, socket and log
	as          *syscall.Credential
	process     *exec.Cmd
	keeper      *exec.Cmd
	keeperStdin io.Closer // closing it makes the keeper stop the server
	databases   int       // number of databases created
	settings    []string  // in addition to the default ones
}

// keep waits for the end of standard input, then ends the server in folder $1 and removes
// the folder.
const keep = `cat >/dev/null
if [ -f "$1/data/postmaster.pid" ]; then
	read -r pid <"$1/data/postmaster.pid"
	kill -QUIT "$pid"
	while kill -0 "$pid"; do sleep 0.05; done
fi 2>/dev/null
rm -rf "$1"`

// inMemory returns a folder in memory, or the folder for temporary files if there is not enough
// memory: most of the time to create a database is spent on its 300 files.
func inMemory() string {
	const folder, enough = "/dev/shm", 4 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil || uint64(fs.Bavail)*uint64(fs.Bsize) < enough {
		return os.TempDir()
	}
	return folder
}

// launch starts a server in a new folder below in, and waits until it accepts connections.
func launch(in string, settings ...string) (*server, error) {
	folder, err := programs()
	if err != nil {
		return nil, err
	}
	s := &server{programs: folder, settings: settings}
	if s.as, err = ordinary(); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp(in, "pgtest"); err != nil {
		return nil, err
	}
	if s.as != nil {
		if err := os.Chown(s.folder, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return nil, err
		}
	}
	s.keeper = s.command("/bin/sh", "-c", keep, "keep", s.folder)
	if s.keeperStdin, err = s.keeper.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.keeper.Start(); err != nil {
		return nil, err
	}
	if err := s.init(); err != nil {
		s.stop()
		return nil, err
	}
	if err := s.start(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// command returns a command that runs as the server's user, in a process group of its own so
// that an interrupt from the terminal reaches only the tests.
func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.as}
	return cmd
}

// init creates the data folder, in the locale C.UTF-8 if the machine has it.
func (s *server) init() error {
	var output bytes.Buffer
	for _, locale := range []string{"C.UTF-8", "C"} {
		output.Reset()
		cmd := s.command(filepath.Join(s.programs, "initdb"), "--pgdata=data", "--username="+superuser, "--auth=trust",
			"--no-sync", "--encoding=UTF8", "--locale="+locale)
		cmd.Stdout, cmd.Stderr = &output, &output
		err := cmd.Run()
		if err == nil {
			return nil
		}
		fmt.Fprintln(&output, err)
	}
	return fmt.Errorf("initdb: %s", output.Bytes())
}

func (s *server) start() error {
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", filepath.Join(s.folder, "data"), "-k", s.folder}
	for _, setting := range append([]string{
		"listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=128MB",
		"max_wal_size=1GB", "log_min_messages=error", "log_min_error_statement=panic",
	}, s.settings...) {
		args = append(args, "-c", setting)
	}
	s.process = s.command(filepath.Join(s.programs, "postgres"), args...)
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return err
	}
	return s.ready()
}

// ready waits until the server accepts connections.
func (s *server) ready() error {
	const timeout = 60 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.dsn("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if ctx.Err() != nil {
			output, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("server does not answer: %w\n%s", err, output)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// crash stops the server without a checkpoint, and restarts it.
func (s *server) crash() error {
	if err := s.process.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	s.process.Wait()
	return s.start()
}

// standby shuts down the server, and restarts it read-only.
func (s *server) standby() error {
	if err := s.process.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	s.process.Wait()
	if err := s.command("/bin/sh", "-c", "touch data/standby.signal").Run(); err != nil {
		return err
	}
	return s.start()
}

// stop ends the server and removes its folder.
func (s *server) stop() {
	s.keeperStdin.Close()
	if s.process != nil && s.process.Process != nil {
		s.process.Wait()
	}
	s.keeper.Wait()
}

// dsn returns the DSN of a database for the superuser.
func (s *server) dsn(database string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s", s.folder, superuser, database)
}

// create creates a database and returns its name.
func (s *server) create(ctx context.Context, o *Options) (string, error) {
	template := "template0"
	if t := o.Template; t != nil {
		if t.name == "" {
			name, err := s.create(ctx, &Options{})
			if err != nil {
				return "", err
			}
			if err := t.Fill(s.dsn(name)); err != nil {
				return "", fmt.Errorf("fill a template: %w", err)
			}
			t.name = name
		}
		template = t.name
	}
	conn, err := pgx.Connect(ctx, s.dsn("postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	s.databases++
	name := "test" + strconv.Itoa(s.databases)
	text := []string{"CREATE DATABASE " + name + " TEMPLATE " + template}
	if version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), "."); len(version) == 2 && version >= "15" {
		text = append(text, "STRATEGY file_copy") // faster than writing it to the log; older versions have only this
	}
	if o.Ctype != "" {
		text = append(text, "LC_COLLATE 'C' LC_CTYPE '"+o.Ctype+"'")
	}
	if o.Encoding != "" {
		text = append(text, "ENCODING '"+o.Encoding+"'")
	}
	_, err = conn.Exec(ctx, strings.Join(text, " "))
	return name, err
}

func (s *server) drop(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, s.dsn("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	return err
}
