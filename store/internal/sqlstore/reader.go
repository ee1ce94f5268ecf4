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
	return database{d, nil, plannedReader{}}
}

// reader finds the visitors that match.
type reader interface {
	// page reads the profiles of the visitors on a page that match all nodes.
	page(ctx context.Context, s scope, nodes []bound.Node, sel driver.Select, order ordering) ([]record, error)
	// path returns the path by which the visitors that match all nodes are counted, and the
	// nodes left to test.
	path(s scope, nodes []bound.Node) (indexPath, []bound.Node)
	// maxComparisons is how many comparisons a statement may make for each visitor.
	maxComparisons() int
}

// plannedReader is for a database that does not know how common values are.
type plannedReader struct{}

func (plannedReader) page(ctx context.Context, s scope, nodes []bound.Node, sel driver.Select, order ordering) ([]record, error) {
	p := planner{scope: s, sel: sel, order: order, nodes: nodes}
	return p.findPage(ctx)
}

// path prefers a condition that usually matches few visitors, then a tag or a group. It does not
// know how many match.
func (plannedReader) path(s scope, nodes []bound.Node) (indexPath, []bound.Node) {
	for i, n := range nodes {
		if t, ok := n.(*bound.Test); ok && t.Field.Kind == bound.TimeKind {
			continue
		}
		paths := s.unorderedPaths(n)
		if len(paths) == 0 {
			continue
		}
		a := paths[len(paths)-1]
		if a.exact {
			nodes = without(nodes, i)
		}
		return a, nodes
	}
	for i, n := range nodes {
		if a, ok := s.membershipPath(n); ok {
			return a, without(nodes, i)
		}
	}
	return everyVisitor, nodes
}

func (plannedReader) maxComparisons() int { return maxComparisons }

// serverReader lets the server plan its statements.
type serverReader struct{}

func (serverReader) maxComparisons() int { return maxServerComparisons }
