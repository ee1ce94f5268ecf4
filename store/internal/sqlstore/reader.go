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
	// countPlan returns the plan by which the visitors that match all nodes are counted.
	countPlan(ctx context.Context, s scope, nodes []bound.Node) (pagePlan, error)
	// maxComparisons is how many comparisons a statement may make for each visitor.
	maxComparisons() int
}

// plannedReader is for a database that does not know how common values are: see planner.
type plannedReader struct{}

func (plannedReader) page(ctx context.Context, s scope, nodes []bound.Node, sel driver.Select, order ordering) ([]record, error) {
	p := planner{scope: s, sel: sel, order: order, nodes: nodes}
	return p.findPage(ctx)
}

// countPlan returns the shortest walk, or a list that is much shorter.
func (plannedReader) countPlan(ctx context.Context, s scope, nodes []bound.Node) (pagePlan, error) {
	p := planner{scope: s, nodes: nodes}
	walk, lists, _, err := p.plans(ctx)
	if err != nil {
		return walk, err
	}
	if len(nodes) == 1 && len(lists) > 0 && len(lists[len(lists)-1].rest) == 0 {
		return lists[len(lists)-1], nil // of any size: nothing is left to test
	}
	list, err := p.shortest(ctx, lists, walk.size/4, maxList)
	if list.paths == nil {
		list = walk
	}
	return list, err
}

func (plannedReader) maxComparisons() int { return maxComparisons }

// serverReader lets the server plan its statements.
type serverReader struct{}

func (serverReader) maxComparisons() int { return maxServerComparisons }
