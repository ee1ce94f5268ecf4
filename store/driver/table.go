package driver

import (
	"cmp"
	"slices"
)

// table holds rows by key, in the order in which they were added.
type table[K comparable, V any] struct {
	keys   []K
	values []V
	index  map[K]int // of each key, if there are more than few
	read   int       // how many of the keys were returned by unread
}

// few keys are searched one by one: most calls make a single change, and would spend much of
// their time on making maps.
const few = 8

func (t *table[K, V]) find(k K) int {
	if len(t.keys) <= few {
		return slices.Index(t.keys, k)
	}
	if n, ok := t.index[k]; ok {
		return n
	}
	return -1
}

// get returns the value of a key, or the zero value.
func (t *table[K, V]) get(k K) (v V) {
	if n := t.find(k); n >= 0 {
		v = t.values[n]
	}
	return v
}

// set sets the value of a key, which need not be read then.
func (t *table[K, V]) set(k K, v V) {
	if n := t.find(k); n >= 0 {
		t.values[n] = v
		return
	}
	t.append(k, v)
	t.read = len(t.keys)
}

func (t *table[K, V]) append(k K, v V) {
	t.keys, t.values = append(t.keys, k), append(t.values, v)
	if len(t.keys) <= few {
		return
	}
	if t.index == nil {
		t.index = map[K]int{}
	}
	for n := len(t.index); n < len(t.keys); n++ {
		t.index[t.keys[n]] = n
	}
}

// want adds those keys that the table does not have, with zero values.
func (t *table[K, V]) want(keys ...K) {
	for _, k := range keys {
		if t.find(k) < 0 {
			var zero V
			t.append(k, zero)
		}
	}
}

// unread returns the wanted keys that it has not returned yet.
func (t *table[K, V]) unread() []K {
	keys := t.keys[t.read:]
	t.read = len(t.keys)
	return keys
}

// clear removes all rows and keeps the memory.
func (t *table[K, V]) clear() {
	clear(t.keys)
	clear(t.values)
	clear(t.index)
	t.keys, t.values, t.read = t.keys[:0], t.values[:0], 0
}

// inChunks calls do with at most maxBatch of the items at a time.
func inChunks[T any](items []T, do func([]T) error) error {
	for chunk := range slices.Chunk(items, maxBatch) {
		if err := do(chunk); err != nil {
			return err
		}
	}
	return nil
}

// distinct returns the items in order, each once.
func distinct[T cmp.Ordered](items []T) []T {
	return slices.Compact(slices.Sorted(slices.Values(items)))
}

// keysOf returns the keys of names.
func keysOf(names []string, key func(string) string) []string {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = key(name)
	}
	return keys
}

// textsOf returns ids as a List has them.
func textsOf[T ~string](ids []T) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return texts
}
