package memory

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag/text"
)

// requireWhole fails unless all that w holds beside the records is what the records say.
func requireWhole(t testing.TB, w *workspace) {
	t.Helper()
	want := map[*roaring.Bitmap]*roaring.Bitmap{}
	for set := range w.bitmaps() {
		want[set] = roaring.New()
	}
	ids := map[uuid.UUID]uint32{}
	owners := map[reference][]uuid.UUID{}
	var last uuid.UUID
	for p, r := range w.records {
		require.GreaterOrEqual(t, compareIDs(w.fence[p], last), 0, "fence %d goes down", p)
		last = w.fence[p]
		doc := w.text.document(uint32(p))
		if r == nil {
			require.Zero(t, [3]int64{w.created[p], w.updated[p], w.seen[p]}, "times of nobody at %d", p)
			require.Empty(t, doc, "text of nobody at %d", p)
			continue
		}
		require.GreaterOrEqual(t, compareIDs(w.fence[p], r.id), 0, "fence %d is below its visitor", p)
		ids[r.id] = uint32(p)
		for _, set := range w.sets(nil, uint32(p), r) {
			require.NotNil(t, want[set], "a bitmap that nothing leads to")
			want[set].Add(uint32(p))
		}
		for _, i := range r.identities {
			ref := reference{i.channel.name, i.externalID}
			owners[ref] = append(owners[ref], r.id)
		}
		require.Equal(t, [3]int64{r.created, r.updated, r.seen}, [3]int64{w.created[p], w.updated[p], w.seen[p]})
		spelled := fmt.Sprintf("\xff%s\xff%s\xff%s\xff", text.Fold(r.name), text.Fold(r.email), appendPhone(nil, r.phone))
		require.Equal(t, spelled, string(doc), "text at %d", p)
	}
	for set, expected := range want {
		require.True(t, expected.Equals(set), "a bitmap holds %v, want %v", set, expected)
	}
	require.Equal(t, ids, w.ids)
	require.Len(t, w.owners.first, len(owners))
	for ref, ids := range owners {
		require.ElementsMatch(t, ids, w.owners.of(ref))
	}
	for b := range w.text.blocks {
		held := w.text.blocks[b].text
		var exact signature
		for p := b * block; p < min((b+1)*block, len(w.records)); p++ {
			exact.add(w.text.document(uint32(p)))
		}
		require.True(t, w.text.signatures[b].holds(exact), "signature of block %d", b)
		require.Zero(t, bytes.Trim(held[len(held):cap(held)], "\x00"), "something behind block %d", b)
	}
	for i, e := range w.events.after(0, 0) {
		require.Equal(t, store.Seq(i+1), e.Seq)
	}
	require.True(t, slices.IsSortedFunc(w.tags.byKey, compareKeys))
	require.True(t, slices.IsSortedFunc(w.groups.byKey, compareKeys))
	require.Len(t, w.tags.byID, len(w.tags.byKey))
	require.Len(t, w.groups.byID, len(w.groups.byKey))
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

func (s *signature) holds(other signature) bool {
	for i := range s {
		if other[i]&^s[i] != 0 {
			return false
		}
	}
	return true
}

func compareKeys[T any](a, b *label[T]) int { return bytes.Compare([]byte(a.key), []byte(b.key)) }

// workspaceOf returns the workspace in which s keeps ws.
func workspaceOf(t testing.TB, s *Store, ws store.WorkspaceID) *workspace {
	t.Helper()
	w, ok := s.workspaces.Load(ws)
	require.True(t, ok)
	return w.(*workspace)
}
