package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

const (
	insertScratch = "INSERT INTO " + ScratchTable + " (docid, grams) VALUES (?, ?)"
	deleteTexts   = "DELETE FROM " + TextTable + " WHERE docid IN (SELECT docid FROM " + ScratchTable + ")"
	deleteScratch = "DELETE FROM " + ScratchTable
	insertText    = "INSERT INTO " + TextTable + " (docid, grams) VALUES (?, ?)"
)

// textChanges are the changes of a transaction to the search index, by row key.
type textChanges map[int64]*textChange

type textChange struct{ old, now *Searchable }

func (t textChanges) of(rowkey int64) *textChange {
	c := t[rowkey]
	if c == nil {
		c = &textChange{}
		t[rowkey] = c
	}
	return c
}

// drop removes a text from the index, or what this transaction was to put there.
func (t textChanges) drop(rowkey int64, text Searchable) {
	c := t.of(rowkey)
	if c.now == nil {
		c.old = &text
	}
	c.now = nil
}

func (t textChanges) put(rowkey int64, text Searchable) { t.of(rowkey).now = &text }

// token is what stands for the workspace in the search index: its key.
func (s scope) token() string { return fmt.Sprint(s.ws) }

// writeTexts writes the search index last and in the order of row keys: FTS4 collects such
// writes in memory, and flushes them at any other statement or smaller key. It reads what to
// remove from the scratch table.
func (s scope) writeTexts(ctx context.Context, texts textChanges) error {
	index := s.d.Index()
	if index == nil || len(texts) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(texts))
	dropped := false
	for _, key := range keys {
		if old := texts[key].old; old != nil {
			dropped = true
			if err := s.execIndex(ctx, insertScratch, key, index.Document(s.token(), *old)); err != nil {
				return err
			}
		}
	}
	if dropped {
		if err := s.execIndex(ctx, deleteTexts); err != nil {
			return err
		}
		if err := s.execIndex(ctx, deleteScratch); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if now := texts[key].now; now != nil {
			if err := s.execIndex(ctx, insertText, key, index.Document(s.token(), *now)); err != nil {
				return err
			}
		}
	}
	return nil
}
