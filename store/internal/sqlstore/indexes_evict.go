package sqlstore

import (
	"cmp"
	"slices"
)

// evict drops indexes until all take at most maxBytes: conditions first, and those of the
// workspaces first that were not used for long.
func (all *indexes) evict() {
	all.mu.Lock()
	defer all.mu.Unlock()
	var total int64
	var slots []*indexSlot
	for _, slot := range all.slots {
		if slot.live != nil {
			total += slot.live.bytes.Load()
			slots = append(slots, slot)
		}
	}
	slices.SortFunc(slots, func(a, b *indexSlot) int { return cmp.Compare(a.used, b.used) })
	for _, drop := range []func(*indexSlot, int64){(*indexSlot).dropConditions, (*indexSlot).drop} {
		for _, slot := range slots {
			if total <= all.maxBytes {
				return
			}
			total -= slot.live.bytes.Load()
			if drop(slot, all.maxBytes); slot.live != nil {
				total += slot.live.bytes.Load()
			}
		}
	}
}

// dropConditions drops the conditions of an index.
func (slot *indexSlot) dropConditions(int64) {
	slot.live.mu.Lock()
	clear(slot.live.conditions.byKey)
	slot.live.mu.Unlock()
	slot.live.measure()
}

// drop drops an index. It is not built again at once, so that two workspaces with room for one do
// not take turns.
func (slot *indexSlot) drop(maxBytes int64) {
	slot.calls = callsAfterEviction
	if slot.live.bytes.Load() > maxBytes {
		slot.calls = callsIfTooLarge
	}
	slot.live = nil
}
