package sqlstore

import (
	"encoding/json"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// ByAddress uses an index of addresses or, if the engine keeps one, the search index, which does
// not have the changes of this transaction yet.
func (t *tx) ByAddress(email, phone string, limit int) (ids []visitor.ID, err error) {
	column, value := t.emailFold("v."), text.Fold(email)
	if email == "" {
		column, value = "v.phone", phone
	}
	if t.d.Index() == nil {
		q := t.from(visitorTable, "v", "v.id").Where(column+" = ?", value).Where(column + " <> ''").OrderBy("v.id").Limit(uint64(limit))
		return list(t.ctx, t.query, q, scanID[visitor.ID])
	}
	has := filter.Email.Is(email)
	if email == "" {
		has = filter.Phone.Is(phone)
	}
	where, err := filter.Bind(has, nil)
	if err != nil {
		return nil, err
	}
	order, err := orderingOf(driver.OldestFirst)
	if err != nil {
		return nil, err
	}
	p := planner{scope: t.scope, sel: driver.Select{Where: where, Limit: limit}, order: order, nodes: conjuncts(where.Node())}
	found, err := p.findPage(t.ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	changed := t.pendingRowkeys(func(p Searchable) bool { return email != "" && p.Email == value || email == "" && p.Phone == value })
	if len(changed) == 0 {
		return ids, nil
	}
	rowkeys, err := json.Marshal(changed)
	if err != nil {
		return nil, err
	}
	q := t.reach(indexPath{}.byRowkeys(string(rowkeys)), "v.id").Where(column+" = ?", value)
	more, err := list(t.ctx, t.query, q, scanID[visitor.ID])
	ids = append(ids, more...)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(limit, len(ids))], err
}

// pendingRowkeys returns the row keys of visitors whose text satisfies a condition and is not in
// the search index yet.
func (t *tx) pendingRowkeys(is func(Searchable) bool) (rowkeys []int64) {
	for _, texts := range []textChanges{t.texts, t.earlier} {
		for rowkey, c := range texts {
			if c.now != nil && is(*c.now) {
				rowkeys = append(rowkeys, rowkey)
			}
		}
	}
	return rowkeys
}
