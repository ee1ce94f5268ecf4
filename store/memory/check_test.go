package memory

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// requireConsistent checks every index of w against the records.
func requireConsistent(t testing.TB, w *workspace) {
	t.Helper()
	want := map[*index.Set]*roaring.Bitmap{}
	for _, set := range w.index.Sets() {
		want[set] = roaring.New()
	}
	owners := map[ownerKey][]uuid.UUID{}
	require.Equal(t, len(w.records), w.index.Len())
	for p, r := range w.records {
		doc := w.text.document(uint32(p))
		if r == nil {
			require.Empty(t, doc, "text of a deleted visitor at %d", p)
			continue
		}
		found, ok := w.index.Position(r.id)
		require.True(t, ok && int(found) == p, "position of %s", r.id)
		for _, set := range w.setsOf(r) {
			require.NotNil(t, want[set], "a record refers to a set that the index does not have")
			want[set].Add(uint32(p))
		}
		for _, i := range r.identities {
			key := ownerKey{i.channel.Name, i.externalID}
			owners[key] = append(owners[key], r.id)
		}
		document := fmt.Sprintf("\xff%s\xff%s\xff%s\xff", text.Fold(r.name), text.Fold(r.email), appendPhone(nil, r.phone))
		require.Equal(t, document, string(doc), "text at %d", p)
		require.True(t, slices.IsSortedFunc(r.memberships, func(a, b link[group.Group]) int { return cmp.Compare(a.to.id, b.to.id) }))
		require.True(t, slices.IsSortedFunc(r.excluded, func(a, b link[group.Group]) int { return cmp.Compare(a.to.id, b.to.id) }))
	}
	for set, expected := range want {
		require.True(t, expected.Equals(set.Members()), "%s has %v, want %v", set.Name, set.Members(), expected)
	}
	require.Len(t, w.owners.first, len(owners))
	for key, ids := range owners {
		require.ElementsMatch(t, ids, w.owners.of(key))
	}
	for b := range w.text.blocks {
		stored := w.text.blocks[b].text
		var exact signature
		for p := b * block; p < min((b+1)*block, len(w.records)); p++ {
			exact.add(w.text.document(uint32(p)))
		}
		require.True(t, w.text.signatures[b].includes(exact), "signature of block %d", b)
		require.Zero(t, bytes.Trim(stored[len(stored):cap(stored)], "\x00"), "the spare capacity of block %d still has text", b)
	}
	requireConsistentCatalog(t, &w.tags, func(t tag.Tag) string { return tag.Key(t.Name) })
	requireConsistentCatalog(t, &w.groups, func(g group.Group) string { return group.Key(g.Name) })
	requireConsistentJournal(t, w)
}

func requireConsistentCatalog[T any](t testing.TB, c *catalog[T], key func(T) string) {
	t.Helper()
	require.True(t, slices.IsSortedFunc(c.byKey, compareKeys))
	require.Len(t, c.byID, len(c.byKey))
	for _, e := range c.byKey {
		require.Same(t, e, c.byID[e.id])
		require.Equal(t, e.key, key(e.value))
	}
}

// requireConsistentJournal compares the index of events with a scan of all events.
func requireConsistentJournal(t testing.TB, w *workspace) {
	t.Helper()
	const all = 1 << 30
	events, err := w.events.read(t.Context(), driver.EventQuery{Limit: all})
	require.NoError(t, err)
	about := map[string][]driver.Event{}
	for i, e := range events {
		require.Equal(t, driver.Seq(i+1), e.Seq)
		if e.Visitor != "" {
			about[string(e.Visitor)] = append(about[string(e.Visitor)], e)
		}
		if e.Other != "" {
			about[string(e.Other)] = append(about[string(e.Other)], e)
		}
	}
	for id, want := range about {
		got, err := w.events.read(t.Context(), driver.EventQuery{Visitor: visitor.ID(id), Limit: all})
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// setsOf returns every set that has the visitor.
func (w *workspace) setsOf(r *record) []*index.Set {
	sets := []*index.Set{r.source}
	for set, has := range map[*index.Set]bool{w.withName: r.name != "", w.withEmail: r.email != "", w.withPhone: r.phone != ""} {
		if has {
			sets = append(sets, set)
		}
	}
	for _, i := range r.identities {
		sets = append(sets, i.channel)
		for _, in := range i.inboxes {
			sets = append(sets, in.name)
		}
	}
	for _, a := range r.attributes {
		sets = append(sets, a.name)
	}
	for _, l := range r.tags {
		sets = append(sets, l.to.members)
	}
	for _, l := range r.memberships {
		sets = append(sets, l.to.members)
	}
	for _, l := range r.excluded {
		sets = append(sets, l.to.excluded)
	}
	return sets
}

// document returns the document at p.
func (x *textIndex) document(p uint32) []byte {
	if int(p/block) >= len(x.blocks) {
		return nil
	}
	b := &x.blocks[p/block]
	start, end := b.span(p % block)
	return b.text[start:end]
}

func (s *signature) includes(other signature) bool {
	for i := range s {
		if other[i]&^s[i] != 0 {
			return false
		}
	}
	return true
}

// workspaceOf returns the workspace with that id.
func workspaceOf(t testing.TB, s *Store, ws driver.WorkspaceID) *workspace {
	t.Helper()
	w, ok := s.workspaces.Load(ws)
	require.True(t, ok)
	return w.(*workspace)
}
