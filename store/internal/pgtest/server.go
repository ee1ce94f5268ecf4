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

// superuser may do everything on the server, and needs no password.
const superuser = "tester"

// server is a running PostgreSQL server and what keeps it.
type server struct {
	programs string
	folder   string // holds data, socket and log
	as       *syscall.Credential
	process  *exec.Cmd
	keeper   *exec.Cmd
	leash    io.Closer // the keeper ends the server when it is closed
	made     int       // databases
	settings []string  // beside the usual ones
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

// inMemory returns a folder whose files are in memory, since most of what a test of a new
// database costs is making its 300 files; the folder for temporary files where there is none
// that has room.
func inMemory() string {
	const folder, enough = "/dev/shm", 4 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil || uint64(fs.Bavail)*uint64(fs.Bsize) < enough {
		return os.TempDir()
	}
	return folder
}

// launch makes a server in a folder of its own in that folder, and waits until it takes
// connections.
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
	if s.leash, err = s.keeper.StdinPipe(); err != nil {
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

// command runs as the server's user and apart from the terminal, whose interrupt is
// for the tests.
func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.as}
	return cmd
}

// init makes the data, in the locale C.UTF-8 where the machine has it.
func (s *server) init() error {
	var said bytes.Buffer
	for _, locale := range []string{"C.UTF-8", "C"} {
		said.Reset()
		cmd := s.command(filepath.Join(s.programs, "initdb"), "--pgdata=data", "--username="+superuser, "--auth=trust",
			"--no-sync", "--encoding=UTF8", "--locale="+locale)
		cmd.Stdout, cmd.Stderr = &said, &said
		err := cmd.Run()
		if err == nil {
			return nil
		}
		fmt.Fprintln(&said, err)
	}
	return fmt.Errorf("initdb: %s", said.Bytes())
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

// ready waits until the server takes connections.
func (s *server) ready() error {
	const patience = 60 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.dsn("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if ctx.Err() != nil {
			said, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("server does not answer: %w\n%s", err, said)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// crash ends the server without letting it write anything more, and starts it anew.
func (s *server) crash() error {
	if err := s.process.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	s.process.Wait()
	return s.start()
}

// standby ends the server in order, and starts it anew so that it only reads.
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

// stop ends the server for good.
func (s *server) stop() {
	s.leash.Close()
	if s.process != nil && s.process.Process != nil {
		s.process.Wait()
	}
	s.keeper.Wait()
}

// dsn names a database of the server, as its superuser.
func (s *server) dsn(database string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s", s.folder, superuser, database)
}

// create makes a database and returns its name.
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
	s.made++
	name := "test" + strconv.Itoa(s.made)
	text := []string{"CREATE DATABASE " + name + " TEMPLATE " + template}
	if version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), "."); len(version) == 2 && version >= "15" {
		text = append(text, "STRATEGY file_copy") // quicker than to write all of it to the log; older ones know no other way
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
