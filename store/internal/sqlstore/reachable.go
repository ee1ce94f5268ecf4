package sqlstore

import (
	"encoding/json"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Reachable is store.Keeper's. What the database tells is corrected by the drafts.
func (k *keeper) Reachable(email, phone string, limit int) ([]visitor.ID, error) {
	var ids []visitor.ID
	dirty := 0
	for id, d := range k.drafts {
		if !d.dirty {
			continue
		}
		dirty++
		if d.now != nil && (email != "" && fold(d.now.Email) == fold(email) || phone != "" && d.now.Phone == phone) {
			ids = append(ids, id)
		}
	}
	found, err := k.reached(email, phone, limit+dirty)
	if err != nil {
		return nil, err
	}
	for _, id := range found {
		if d := k.drafts[id]; d == nil || !d.dirty {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(limit, len(ids))], nil
}

// reached asks the database who has an address: by an index of addresses where there is
// one, else by that of searches, which has not yet what this transaction changed.
func (k *keeper) reached(email, phone string, limit int) (ids []visitor.ID, err error) {
	column, value := "v.email_fold", fold(email)
	if email == "" {
		column, value = "v.phone", phone
	}
	if k.d.Index() == nil {
		q := k.from(visitorTable, "v", "v.id").Where(column+" = ?", value).Where(column + " <> ''").OrderBy("v.id").Limit(uint64(limit))
		err = k.query(k.ctx, q, func(r row) error {
			var id visitor.ID
			err := r.Scan(into(&id))
			ids = append(ids, id)
			return err
		})
		return ids, err
	}
	has := filter.Email.Is(email)
	if email == "" {
		has = filter.Phone.Is(phone)
	}
	where, err := filter.Bind(has, nil)
	if err != nil {
		return nil, err
	}
	order, err := orderingOf(store.OldestFirst)
	if err != nil {
		return nil, err
	}
	p := planner{scope: k.scope, sel: store.Select{Where: where, Limit: limit}, order: order, nodes: conjuncts(where.Node())}
	if err := p.find(k.ctx); err != nil {
		return nil, err
	}
	for _, r := range p.found {
		ids = append(ids, r.ID)
	}
	changed := k.rowkeysOf(func(p Searchable) bool { return email != "" && p.Email == value || email == "" && p.Phone == value })
	if len(changed) == 0 {
		return ids, nil
	}
	rowkeys, err := json.Marshal(changed)
	if err != nil {
		return nil, err
	}
	q := k.reach(access{}.these(string(rowkeys)), "v.id").Where(column+" = ?", value)
	err = k.query(k.ctx, q, func(r row) error {
		var id visitor.ID
		err := r.Scan(into(&id))
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// rowkeysOf returns the visitors whose text, which is still to go into the search index, is
// such.
func (k *keeper) rowkeysOf(is func(Searchable) bool) (rowkeys []int64) {
	for _, texts := range []textChanges{k.texts, k.earlier} {
		for rowkey, c := range texts {
			if c.now != nil && is(*c.now) {
				rowkeys = append(rowkeys, rowkey)
			}
		}
	}
	return rowkeys
}
