package faulty

import (
	"database/sql/driver"
	"math/rand/v2"
	"strings"
	"sync"
)

// Op is a kind of call to a driver.
type Op string

// The kinds of calls.
const (
	Connect  Op = "connect"
	Prepare  Op = "prepare"
	Exec     Op = "exec"
	Query    Op = "query"
	Next     Op = "next" // of rows
	Begin    Op = "begin"
	Commit   Op = "commit"
	Rollback Op = "rollback"
)

// Call is a call to a driver.
type Call struct {
	Op   Op
	Text string // of the statement, or ""
}

// Fault says how a call fails.
type Fault struct {
	// Do runs before the call, such as to cancel a context or to wait. Default: nothing.
	Do func()
	// Err is the error that the call returns. Default (nil): the call is made, with its own
	// result.
	Err error
	// Late makes the call before Err is returned, as if the reply was lost.
	Late bool
	// Dead closes the connection in the call, as if the server went away; a Late call is made
	// before. Later calls on the connection return driver.ErrBadConn.
	Dead bool
}

// Plan returns the Fault of the n-th call, from 1, or nil. Calls of a Plan are serialised.
type Plan func(n int, c Call) *Fault

// Nth plans a fault for the n-th call.
func Nth(n int, f Fault) Plan {
	return func(i int, _ Call) *Fault {
		if i != n {
			return nil
		}
		return &f
	}
}

// From plans a fault for the n-th call and all later ones.
func From(n int, f Fault) Plan {
	return func(i int, _ Call) *Fault {
		if i < n {
			return nil
		}
		return &f
	}
}

// On plans a fault for the n-th call of a kind, from 1.
func On(op Op, n int, f Fault) Plan {
	seen := 0
	return func(_ int, c Call) *Fault {
		if c.Op != op {
			return nil
		}
		if seen++; seen != n {
			return nil
		}
		return &f
	}
}

// Random plans a random one of the faults for about one in every calls.
func Random(seed uint64, every int, faults ...Fault) Plan {
	r := rand.New(rand.NewPCG(seed, 0))
	return func(int, Call) *Fault {
		if r.IntN(every) != 0 {
			return nil
		}
		return &faults[r.IntN(len(faults))]
	}
}

// Count counts what is open.
type Count struct {
	Connections, Statements, Rows, Transactions int
}

// ledger has the plan and the counts of a Connector.
type ledger struct {
	mu     sync.Mutex
	plan   Plan
	calls  int
	failed int
	open   Count
}

func (l *ledger) set(p Plan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.plan, l.calls, l.failed = p, 0, 0
}

// decide counts a call and returns its fault; the zero Fault is none.
func (l *ledger) decide(c Call) Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if l.plan == nil {
		return Fault{}
	}
	f := l.plan(l.calls, c)
	if f == nil {
		return Fault{}
	}
	l.failed++
	return *f
}

func (l *ledger) count(of func(*Count) *int, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*of(&l.open) += n
}

func connections(c *Count) *int  { return &c.Connections }
func statements(c *Count) *int   { return &c.Statements }
func openRows(c *Count) *int     { return &c.Rows }
func transactions(c *Count) *int { return &c.Transactions }

// opOf returns Begin, Commit or Rollback for such statements, else other.
func opOf(text string, other Op) Op {
	word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), " ")
	switch strings.TrimRight(word, ";") {
	case "BEGIN", "START":
		return Begin
	case "COMMIT", "END":
		return Commit
	case "ROLLBACK":
		if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), "ROLLBACK TO") {
			return other
		}
		return Rollback
	}
	return other
}

// run makes a call on a connection, with its fault.
func run[T any](c *conn, call Call, do func() (T, error)) (T, error) {
	var none T
	if c.dead.Load() {
		return none, driver.ErrBadConn
	}
	f := c.ledger.decide(call)
	if f.Do != nil {
		f.Do()
	}
	if f.Err == nil && !f.Dead {
		return do()
	}
	var late error
	if f.Late {
		var done T
		done, late = do()
		discard(done)
	}
	if f.Dead {
		c.die()
	}
	switch {
	case late != nil:
		return none, late
	case f.Err == nil:
		return none, driver.ErrBadConn
	}
	return none, f.Err
}

// discard closes the result of a call whose reply is lost.
func discard(done any) {
	switch d := done.(type) {
	case driver.Rows:
		d.Close()
	case driver.Stmt:
		d.Close()
	}
}
