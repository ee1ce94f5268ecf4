package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// keep carries out a change that looks before it writes; what those mean is in package
// store.
func (m *model) keep(c store.Change) verdict {
	events := len(m.events)
	out, err := store.Keep(m, c)
	if err != nil {
		var e *store.Error
		if errors.As(err, &e) {
			return failed(store.Error{Kind: e.Kind, Key: e.Key, Err: e.Err})
		}
		return verdict{open: true}
	}
	for i := range m.events[events:] {
		m.events[events+i].Seq = store.Seq(events + i + 1)
	}
	for _, v := range []*visitor.Visitor{&out.Visitor, &out.Other} {
		if v.ID != "" {
			*v = m.read(*v)
		}
	}
	return verdict{outcome: out}
}

// about returns the change about the visitor that its own was merged into.
func (m *model) about(c store.Change) store.Change {
	id := store.About(c)
	for {
		gone, ok := m.merged[id]
		if _, there := m.visitors[id]; there || !ok {
			break
		}
		id = gone.Into.ID
	}
	if id == "" {
		return c
	}
	return store.Redirect(c, id)
}

// forget drops the merges that lead to a visitor who is deleted.
func (m *model) forget(id visitor.ID) {
	for from, gone := range m.merged {
		if gone.Into.ID == id {
			delete(m.merged, from)
			m.forget(from)
		}
	}
}

// Visitor, and what follows, is store.Keeper's.
func (m *model) Visitor(id visitor.ID) (visitor.Visitor, bool, error) {
	v, ok := m.visitors[id]
	return m.read(v), ok, nil
}

func (m *model) Owner(i visitor.Identity) (visitor.ID, bool, error) {
	for _, v := range m.visitors {
		if v.Identified(i) >= 0 {
			return v.ID, true, nil
		}
	}
	return "", false, nil
}

func (m *model) Reachable(email, phone string, limit int) ([]visitor.ID, error) {
	var ids []visitor.ID
	for _, v := range m.visitors {
		if email != "" && text.Fold(v.Email) == text.Fold(email) || phone != "" && v.Phone == phone {
			ids = append(ids, v.ID)
		}
	}
	slices.Sort(ids)
	return ids[:min(limit, len(ids))], nil
}

func (m *model) Put(before *visitor.Visitor, v visitor.Visitor) error {
	if _, taken := m.visitors[v.ID]; taken && before == nil {
		return store.Taken("visitor", string(v.ID))
	}
	v = v.Clone()
	v.Tags = slices.DeleteFunc(v.Tags, func(a tag.Assignment) bool { _, ok := m.tags[a.Tag]; return !ok })
	gone := func(id visitor.GroupID) bool { _, ok := m.groups[id]; return !ok }
	v.Groups, v.Excluded = slices.DeleteFunc(v.Groups, gone), slices.DeleteFunc(v.Excluded, gone)
	if len(v.Groups) == 0 {
		v.Groups = nil
	}
	if len(v.Excluded) == 0 {
		v.Excluded = nil
	}
	m.visitors[v.ID] = v
	return nil
}

func (m *model) Remove(v visitor.Visitor) error {
	delete(m.visitors, v.ID)
	return nil
}

func (m *model) EnsureTag(t tag.Tag) (tag.Tag, error) {
	if there, ok := m.tagNamed(keyOf(t.Name)); ok {
		return there, nil
	}
	v := m.createTag(t)
	if v.faults != nil {
		return t, &v.faults[0]
	}
	return t, m.Emit(v.event)
}

func (m *model) Remember(key store.EventKey, _ time.Time) (bool, error) {
	before := m.taken[key]
	m.taken[key] = true
	return before, nil
}

func (m *model) Merged(id visitor.ID) (visitor.Merged, bool, error) {
	gone, ok := m.merged[id]
	return gone, ok, nil
}

func (m *model) PutMerged(gone visitor.Merged) error {
	m.merged[gone.From.ID] = gone
	return nil
}

func (m *model) DropMerged(id visitor.ID) error {
	delete(m.merged, id)
	return nil
}

func (m *model) Emit(e store.Event) error {
	m.events = append(m.events, e)
	return nil
}
