package faulty

import (
	"context"
	"database/sql/driver"
)

// Connector is a driver.Connector for sql.OpenDB whose connections fail as planned.
type Connector struct {
	inner  driver.Connector
	ledger ledger
}

var _ driver.Connector = (*Connector)(nil)

// Wrap returns a Connector to the database with a data source name. No call fails before Set.
func Wrap(d driver.Driver, name string) (*Connector, error) {
	if d, ok := d.(driver.DriverContext); ok {
		inner, err := d.OpenConnector(name)
		if err != nil {
			return nil, err
		}
		return &Connector{inner: inner}, nil
	}
	return &Connector{inner: named{d, name}}, nil
}

// named is the driver.Connector of a driver without OpenConnector.
type named struct {
	driver driver.Driver
	name   string
}

func (n named) Connect(context.Context) (driver.Conn, error) { return n.driver.Open(n.name) }
func (n named) Driver() driver.Driver                        { return n.driver }

// Set starts a plan; with nil no call fails. It resets Calls and Failed to 0.
func (c *Connector) Set(p Plan) { c.ledger.set(p) }

// Calls returns the number of calls since the last Set.
func (c *Connector) Calls() int {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	return c.ledger.calls
}

// Failed returns the number of calls with a Fault since the last Set.
func (c *Connector) Failed() int {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	return c.ledger.failed
}

// Open counts what was opened since Wrap and is not closed.
func (c *Connector) Open() Count {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	return c.ledger.open
}

// Driver implements driver.Connector. It returns the wrapped driver.
func (c *Connector) Driver() driver.Driver { return c.inner.Driver() }

// Connect implements driver.Connector.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	made := &conn{ledger: &c.ledger}
	_, err := run(made, Call{Op: Connect}, func() (struct{}, error) {
		inner, err := c.inner.Connect(ctx)
		made.inner = inner
		return struct{}{}, err
	})
	if err != nil {
		if made.inner != nil && !made.dead.Load() {
			made.inner.Close()
		}
		return nil, err
	}
	c.ledger.count(connections, 1)
	return made, nil
}
