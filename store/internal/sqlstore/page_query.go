package sqlstore

import (
	"context"

	sq "github.com/Masterminds/squirrel"
	"github.com/samber/lo"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
)

// run reads a plan to its end, or until the page is full.
func (p *planner) run(ctx context.Context, plan pagePlan) ([]record, error) {
	return p.runUntil(ctx, plan, nil)
}

// runPart reads the first length visitors of a plan. It reports whether they have all of the
// page.
func (p *planner) runPart(ctx context.Context, plan pagePlan, length int64) (found []record, done bool, err error) {
	var end *driver.Position
	if len(plan.paths) == 1 && length < plan.size {
		if end, err = p.positionAhead(ctx, plan.paths[0], length); err != nil {
			return nil, false, err
		}
	}
	found, err = p.runUntil(ctx, plan, end)
	return found, end == nil || len(found) == p.sel.Limit, err
}

// runUntil reads a plan up to a position, or to its end if that is nil.
func (p *planner) runUntil(ctx context.Context, plan pagePlan, end *driver.Position) ([]record, error) {
	if len(plan.paths) > 1 || plan.sort {
		return p.records(ctx, p.profilesOf(p.idQuery(plan, end)), p.order.by("v.id"), p.sel)
	}
	// The profiles are found in order, so they need not be sorted.
	a := plan.paths[0]
	q := p.reach(a, p.visitorColumns(driver.AllParts)...)
	if !a.hasProfile() {
		q = p.join(q, visitorTable, "v", "v.id = "+a.id)
		a.alias = "v"
	}
	if q = p.where(q, a, plan.rest, p.order, p.sel.After); end != nil {
		q = q.Where(p.order.until(p.d, end, a.id))
	}
	return p.records(ctx, q, p.order.by(a.id), p.sel)
}

// idQuery returns the SELECT of ids of a plan, up to a position unless that is nil.
func (p *planner) idQuery(plan pagePlan, end *driver.Position) sq.Sqlizer {
	if len(plan.paths) == 1 || plan.sort || valuesIn(plan.rest)*len(plan.paths) > maxValues {
		a := p.union(plan.paths)
		q := p.where(p.reach(a, a.id+" AS id"), a, plan.rest, p.order, p.sel.After)
		if end != nil {
			q = q.Where(p.order.until(p.d, end, a.id))
		}
		return q.OrderBy(p.order.by(a.id)...).Suffix("LIMIT ?", p.sel.Limit)
	}
	// SQLite merges the branches of a compound SELECT without sorting if each is in order.
	merge := chain("UNION", lo.Map(plan.paths, func(a indexPath, _ int) sq.SelectBuilder {
		return p.where(p.reach(a, a.id+" AS id"), a, plan.rest, p.order, p.sel.After)
	}))
	return sq.Expr("? ORDER BY "+p.order.by("id")[0]+" LIMIT ?", merge, p.sel.Limit)
}

// union is the path to the visitors on some paths.
func (s scope) union(paths []indexPath) indexPath {
	if len(paths) == 1 {
		return paths[0]
	}
	ids := lo.Map(paths, func(a indexPath, _ int) sq.SelectBuilder { return s.reach(a, a.id+" AS id") })
	return indexPath{query: chain("UNION", ids), alias: "p", id: "p.id"}
}

// maxValues is the maximum of values that a statement binds for a filter; SQLite allows 32,766.
// Only numbers are bound one by one, see Dialect.InNumbers.
const maxValues = 30_000

// valuesIn counts the numbers that nodes bind.
func valuesIn(nodes bound.AllOf) (n int) {
	leaves(nodes, func(leaf bound.Node) {
		if t, ok := leaf.(*bound.Test); ok {
			n += 2 * len(t.Numbers)
		}
	})
	return n
}

// chain joins SELECTs by a set operator, without parentheses: SQLite merges only that.
func chain[T sq.Sqlizer](operator string, branches []T) sq.Sqlizer {
	joined := sq.Sqlizer(branches[0])
	for _, b := range branches[1:] {
		joined = sq.Expr("? "+operator+" ?", joined, b)
	}
	return joined
}

// positionAhead returns the position after n visitors on a path that is in order, nil if it has
// fewer.
func (p *planner) positionAhead(ctx context.Context, a indexPath, n int64) (*driver.Position, error) {
	columns := []string{a.id}
	if p.order.column != "" {
		columns = append(columns, "v."+p.order.column)
	}
	q := p.where(p.reach(a, columns...), a, nil, p.order, p.sel.After)
	var end *driver.Position
	err := p.scope.query(ctx, q.OrderBy(p.order.by(a.id)...).Suffix("LIMIT 1 OFFSET ?", n), func(r row) error {
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
