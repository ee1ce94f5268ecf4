package sqlstore

import (
	"context"
	"fmt"

	sq "github.com/Masterminds/squirrel"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// ordering is a driver.Order in SQL.
type ordering struct {
	column     string // of the profile; "" for the id alone
	descending bool
}

func orderingOf(o driver.Order) (ordering, error) {
	key, descending, ok := driver.Sorting(o)
	if !ok {
		return ordering{}, fmt.Errorf("find visitors: unknown order %q", o)
	}
	column := map[driver.SortKey]string{driver.ByName: "name_fold", driver.BySeen: "last_seen_at", driver.ByUpdated: "updated_at"}[key]
	return ordering{column, descending}, nil
}

// by returns the columns of ORDER BY; id is the column with the visitor's id.
func (o ordering) by(id string) []string {
	direction := " ASC"
	if o.descending {
		direction = " DESC"
	}
	if o.column == "" {
		return []string{id + direction}
	}
	return []string{"v." + o.column + direction, id + direction}
}

// after tests whether a visitor comes after p.
func (o ordering) after(d Dialect, p *driver.Position, id string) sq.Sqlizer {
	if o.descending {
		return o.compare(" < ", d, p, id)
	}
	return o.compare(" > ", d, p, id)
}

// until tests whether a visitor comes before p or is at p.
func (o ordering) until(d Dialect, p *driver.Position, id string) sq.Sqlizer {
	if o.descending {
		return o.compare(" >= ", d, p, id)
	}
	return o.compare(" <= ", d, p, id)
}

func (o ordering) compare(operator string, d Dialect, p *driver.Position, id string) sq.Sqlizer {
	switch o.column {
	case "":
		return sq.Expr(id+operator+"?", d.ID(string(p.ID)))
	case "name_fold":
		return sq.Expr("(v.name_fold, "+id+")"+operator+"(?, ?)", p.Name, d.ID(string(p.ID)))
	}
	return sq.Expr("(v."+o.column+", "+id+")"+operator+"(?, ?)", p.Micros, d.ID(string(p.ID)))
}

// page reads the visitors of a page in order.
func (s scope) page(ctx context.Context, sel driver.Select) ([]visitor.Visitor, error) {
	order, err := orderingOf(sel.Order)
	if err != nil {
		return nil, err
	}
	if sel.Where.Node() == bound.Constant(false) {
		return nil, nil
	}
	var found []record
	m := s.matcherOf(sel.Where.Node())
	if len(m.rest) == 0 {
		found, err = s.d.reader.page(ctx, s, m.nodes, sel, order)
	} else {
		found, err = s.pageOfMatches(ctx, m, sel, order)
	}
	if err != nil {
		return nil, err
	}
	return s.complete(ctx, found)
}

// complete unpacks the lists of visitors.
func (s scope) complete(ctx context.Context, found []record) ([]visitor.Visitor, error) {
	if err := s.unpack(ctx, found, driver.AllParts); err != nil || len(found) == 0 {
		return nil, err
	}
	visitors := make([]visitor.Visitor, len(found))
	for i := range found {
		visitors[i] = found[i].Visitor
	}
	return visitors, nil
}

// profilesOf starts a SELECT of the profiles of the visitors whose ids a query returns.
func (s scope) profilesOf(ids sq.Sqlizer) sq.SelectBuilder {
	return s.join(s.withCatalog(s.fromQuery(ids, "p", s.visitorColumns(driver.AllParts)...)), visitorTable, "v", "v.id = p.id")
}

// records reads the profiles of a page in the order of some columns.
func (s scope) records(ctx context.Context, q sq.SelectBuilder, by []string, sel driver.Select) ([]record, error) {
	found := make([]record, 0, min(sel.Limit, 1024))
	return listed(ctx, found, s.query, q.OrderBy(by...).Suffix("LIMIT ?", sel.Limit), s.scanVisitor(driver.AllParts))
}
