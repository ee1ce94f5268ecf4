package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
)

// all goes along a route to its end, or until the page is full.
func (p *planner) all(ctx context.Context, r route) error {
	_, err := p.until(ctx, r, nil)
	return err
}

// stretch goes along a route for some length only. It reports whether all of the page was
// found on it.
func (p *planner) stretch(ctx context.Context, r route, length float64) (bool, error) {
	if len(r.parts) > 1 || r.most <= length {
		return true, p.all(ctx, r)
	}
	end, err := p.ahead(ctx, r.parts[0], int64(length))
	if err != nil {
		return false, err
	}
	return p.until(ctx, r, end)
}

// until goes along a route up to a position, or to its end.
func (p *planner) until(ctx context.Context, r route, end *driver.Position) (bool, error) {
	ids, err := p.query(r, end)
	if err != nil {
		return false, err
	}
	p.found, err = p.profiles(ctx, ids, p.order, p.sel.Limit)
	return end == nil || len(p.found) == p.sel.Limit, err
}

// query is the SELECT of ids along a route, up to a position where one is given.
func (p *planner) query(r route, end *driver.Position) (sq.Sqlizer, error) {
	switch {
	case len(r.parts) == 1:
		a := r.parts[0]
		q := p.reach(a, a.id+" AS id")
		if a.many {
			q = q.Distinct()
		}
		return p.finish(q, a, r, end)
	case r.sort, valuesIn(r.rest)*len(r.parts) > mostValues:
		branches := make([]sq.Sqlizer, len(r.parts))
		for i, a := range r.parts {
			branches[i] = p.reach(a, a.id+" AS id")
		}
		return p.finish(p.over(chain("UNION", branches), "p", "p.id AS id"), access{alias: "p", id: "p.id"}, r, end)
	}
	return p.merge(r)
}

// mostValues is how many values a statement binds for a filter; SQLite takes 32,766. Only
// numbers are bound one by one, see Dialect.InNumbers.
const mostValues = 30_000

// valuesIn counts the numbers that nodes bind.
func valuesIn(nodes []filter.Node) (n int) {
	for _, node := range nodes {
		switch node := node.(type) {
		case filter.AllOf:
			n += valuesIn(node)
		case filter.AnyOf:
			n += valuesIn(node)
		case filter.Negation:
			n += valuesIn([]filter.Node{node.Of})
		case *filter.Test:
			n += 2 * len(node.Numbers)
		}
	}
	return n
}

func (p *planner) finish(q sq.SelectBuilder, a access, r route, end *driver.Position) (sq.Sqlizer, error) {
	q, err := p.where(q, a, r.rest, p.order, p.sel.After)
	if end != nil {
		q = q.Where(p.order.until(p.d, end, a.id))
	}
	return q.OrderBy(p.order.by(a.id)...).Suffix("LIMIT ?", p.sel.Limit), err
}

// merge goes through several streams at once, in the order of ids. SQLite merges the
// branches of a compound SELECT without sorting when each comes in order by itself.
func (p *planner) merge(r route) (sq.Sqlizer, error) {
	branches := make([]sq.Sqlizer, len(r.parts))
	for i, a := range r.parts {
		var err error
		if branches[i], err = p.where(p.reach(a, a.id+" AS id"), a, r.rest, p.order, p.sel.After); err != nil {
			return nil, err
		}
	}
	return sq.Expr("? ORDER BY "+p.order.by("id")[0]+" LIMIT ?", chain("UNION", branches), p.sel.Limit), nil
}

// chain joins SELECTs by a set operator. They stay in one row, since SQLite merges only
// that.
func chain(operator string, branches []sq.Sqlizer) sq.Sqlizer {
	joined := branches[0]
	for _, b := range branches[1:] {
		joined = sq.Expr("? "+operator+" ?", joined, b)
	}
	return joined
}

// ahead returns the position that lies n visitors ahead along an access that is in order,
// nil when there are fewer.
func (p *planner) ahead(ctx context.Context, a access, n int64) (*driver.Position, error) {
	columns := []string{a.id}
	if p.order.column != "" {
		columns = append(columns, "v."+p.order.column)
	}
	q, err := p.where(p.reach(a, columns...), a, nil, p.order, p.sel.After)
	if err != nil {
		return nil, err
	}
	var end *driver.Position
	err = p.scope.query(ctx, q.OrderBy(p.order.by(a.id)...).Suffix("LIMIT 1 OFFSET ?", n), func(r row) error {
		end = &driver.Position{}
		switch p.order.column {
		case "":
			return r.Scan(into(&end.ID))
		case "name_fold":
			return r.Scan(into(&end.ID), &end.Name)
		}
		return r.Scan(into(&end.ID), &end.Micros)
	})
	return end, err
}
