package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// database is a dialect with the choices that follow from it, made when the engine is.
type database struct {
	Dialect
	server Server // nil for a database that runs in the process
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
	page(ctx context.Context, s scope, nodes []filter.Node, sel driver.Select, order ordering) ([]record, error)
	// count counts the visitors that match, up to limit if that is above 0.
	count(ctx context.Context, s scope, n filter.Node, limit int64) (int64, error)
	// facets counts the visitors that match by source, tag and group.
	facets(ctx context.Context, s scope, n filter.Node) (driver.Facets, error)
	// maxTested is how many comparisons of one visitor the database makes quickly.
	maxTested() int
}

// counterReader is for a database that does not know how common values are: it chooses the
// index to start from by the engine's own counters.
type counterReader struct{}

func (counterReader) page(ctx context.Context, s scope, nodes []filter.Node, sel driver.Select, order ordering) ([]record, error) {
	p := planner{scope: s, sel: sel, order: order, nodes: nodes}
	err := p.find(ctx)
	return p.found, err
}

func (counterReader) count(ctx context.Context, s scope, n filter.Node, limit int64) (int64, error) {
	if n == filter.Constant(false) {
		return 0, nil
	}
	streams := s.streamsIn(n)
	read := s.sizes
	if _, ok := n.(*filter.Test); ok && len(streams) == 1 && streams[0].of.text != addToSource {
		read = s.uses // one counter is the answer
	}
	z, err := read(ctx, streams)
	if err != nil {
		return 0, err
	}
	total, err := counter{s, z, limit}.node(ctx, n)
	if limit > 0 {
		total = min(total, limit)
	}
	return total, err
}

func (counterReader) facets(ctx context.Context, s scope, n filter.Node) (driver.Facets, error) {
	return s.tallyByCounters(ctx, n)
}

func (counterReader) maxTested() int { return mostTested }

// serverReader sends one statement and leaves the plan to the server.
type serverReader struct{}

func (serverReader) page(ctx context.Context, s scope, nodes []filter.Node, sel driver.Select, order ordering) ([]record, error) {
	return s.directly(ctx, nodes, sel, order)
}

func (serverReader) count(ctx context.Context, s scope, n filter.Node, limit int64) (int64, error) {
	return s.countDirectly(ctx, n, limit)
}

func (serverReader) facets(ctx context.Context, s scope, n filter.Node) (driver.Facets, error) {
	return s.tallyDirectly(ctx, n)
}

func (serverReader) maxTested() int { return mostByServer }
