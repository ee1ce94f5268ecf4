package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// database is a dialect and what follows from it.
type database struct {
	Dialect
	server Server // nil for a database that runs in this process
	reader reader
}

func newDatabase(d Dialect) database {
	if server, ok := d.(Server); ok {
		return database{d, server, serverReader{}}
	}
	return database{d, nil, counterReader{}}
}

// reader finds and counts the visitors that match.
type reader interface {
	// page reads the profiles of the visitors on a page that match all nodes.
	page(ctx context.Context, s scope, nodes []bound.Node, sel driver.Select, order ordering) ([]record, error)
	// count counts the visitors that match, up to limit if that is above 0.
	count(ctx context.Context, s scope, n bound.Node, limit int64) (int64, error)
	// facets counts the visitors that match by source, tag and group.
	facets(ctx context.Context, s scope, n bound.Node) (driver.Facets, error)
	// maxComparisons is how many comparisons a statement may make for each visitor.
	maxComparisons() int
}

// counterReader is for a database that does not know how common values are: it chooses the
// index by the engine's own counters.
type counterReader struct{}

func (counterReader) page(ctx context.Context, s scope, nodes []bound.Node, sel driver.Select, order ordering) ([]record, error) {
	p := planner{scope: s, sel: sel, order: order, nodes: nodes}
	err := p.findPage(ctx)
	return p.found, err
}

func (counterReader) count(ctx context.Context, s scope, n bound.Node, limit int64) (int64, error) {
	if n == bound.Constant(false) {
		return 0, nil
	}
	z, err := s.sizes(ctx, s.orderedPathsIn(n))
	if err != nil {
		return 0, err
	}
	total, err := counter{s, z, limit}.countNode(ctx, n)
	if limit > 0 {
		total = min(total, limit)
	}
	return total, err
}

func (counterReader) maxComparisons() int { return maxComparisons }

// serverReader lets the server plan its statements.
type serverReader struct{}

func (serverReader) maxComparisons() int { return maxServerComparisons }
