package main

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// keeper lends a workspace to the changes that look before they write, such as a capture.
// Package store carries them out.
type keeper struct{ *workspace }

var _ store.Keeper = keeper{}

func (k keeper) Visitor(id visitor.ID) (visitor.Visitor, bool, error) {
	v, found := k.visitors[id]
	return k.read(v), found, nil
}

func (k keeper) Owner(i visitor.Identity) (visitor.ID, bool, error) {
	for id, v := range k.visitors {
		if v.Identified(i) >= 0 {
			return id, true, nil
		}
	}
	return "", false, nil
}

func (k keeper) Reachable(email, phone string, limit int) ([]visitor.ID, error) {
	var ids []visitor.ID
	for id, v := range k.visitors {
		if email != "" && text.Fold(v.Email) == text.Fold(email) || phone != "" && v.Phone == phone {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], nil
}

func (k keeper) Put(before *visitor.Visitor, v visitor.Visitor) error {
	if _, taken := k.visitors[v.ID]; taken && before == nil {
		return store.Taken("visitor", string(v.ID))
	}
	v = v.Clone()
	v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool { return k.tags[a.Tag].ID == "" })
	gone := func(id group.ID) bool { return k.groups[id].ID == "" }
	v.Groups, v.Excluded = slices.DeleteFunc(v.Groups, gone), slices.DeleteFunc(v.Excluded, gone)
	k.visitors[v.ID] = v
	return nil
}

func (k keeper) Remove(v visitor.Visitor) error {
	delete(k.visitors, v.ID)
	return nil
}

func (k keeper) EnsureTag(t tag.Tag) (tag.Tag, error) {
	outcome, event, err := k.change(store.EnsureTag{Tag: t})
	if err == nil && event.Kind != "" {
		err = k.Emit(event)
	}
	return outcome.Tag, err
}

func (k keeper) Remember(key store.EventKey, at time.Time) (bool, error) {
	for known, when := range k.taken {
		if at.Sub(when) > store.RememberFor {
			delete(k.taken, known)
		}
	}
	_, before := k.taken[key]
	k.taken[key] = at
	return before, nil
}

func (k keeper) Merged(id visitor.ID) (visitor.Merged, bool, error) {
	m, found := k.merged[id]
	return m, found, nil
}

func (k keeper) PutMerged(m visitor.Merged) error {
	k.merged[m.From.ID] = m
	return nil
}

func (k keeper) DropMerged(id visitor.ID) error {
	delete(k.merged, id)
	return nil
}

func (k keeper) Emit(e store.Event) error {
	e.Seq = store.Seq(len(k.events) + 1)
	k.events = append(k.events, e)
	return nil
}

// forgetMerged drops what is kept of those who were merged into a visitor.
func (w *workspace) forgetMerged(into visitor.ID) {
	for id, m := range w.merged {
		if m.Into.ID == into {
			delete(w.merged, id)
			w.forgetMerged(id)
		}
	}
}
