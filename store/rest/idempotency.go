package rest

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Limits of the idempotency keys that a handler keeps in memory.
const (
	maxKeys = 100_000
	keyLife = 24 * time.Hour
)

// idempotencyCache remembers the visitor that each idempotency key created. It keeps hashes
// and ids, no personal data.
type idempotencyCache struct {
	mu    sync.Mutex
	now   func() time.Time
	size  int
	by    map[keyName]*list.Element
	order *list.List // of *keyClaim, oldest first
}

// keyName is the hash of a workspace and a key.
type keyName [sha256.Size]byte

// keyClaim is a key in use; made is "" while the request runs.
type keyClaim struct {
	name keyName
	body [sha256.Size]byte
	at   time.Time
	made visitor.ID
}

type keyState int

const (
	keyFree   keyState = iota // now claimed by the caller, who must settle it
	keyBusy                   // claimed by a request that still runs
	keyReused                 // used before with another body
	keyDone                   // has created a visitor
)

func newIdempotencyCache() *idempotencyCache {
	return &idempotencyCache{now: time.Now, size: maxKeys, by: map[keyName]*list.Element{}, order: list.New()}
}

func (k *idempotencyCache) claim(ws store.WorkspaceID, key string, body []byte) (keyClaim, keyState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	k.forget(now)
	c := keyClaim{name: sha256.Sum256([]byte(string(ws) + "\x00" + key)), body: sha256.Sum256(body), at: now}
	found, ok := k.by[c.name]
	if !ok {
		k.by[c.name] = k.order.PushBack(&c)
		return c, keyFree
	}
	known := *found.Value.(*keyClaim)
	switch {
	case known.body != c.body:
		return known, keyReused
	case known.made == "":
		return known, keyBusy
	}
	return known, keyDone
}

// settle ends a claim. A key that created no visitor becomes free again.
func (k *idempotencyCache) settle(c keyClaim, made visitor.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := k.by[c.name]
	if made == "" {
		k.order.Remove(found)
		delete(k.by, c.name)
		return
	}
	found.Value.(*keyClaim).made = made
}

// forget drops expired keys, and the oldest keys beyond the limit. A key whose request still
// runs is kept.
func (k *idempotencyCache) forget(now time.Time) {
	for e := k.order.Front(); e != nil; {
		c, next := e.Value.(*keyClaim), e.Next()
		if k.order.Len() < k.size && now.Sub(c.at) < keyLife {
			return
		}
		if c.made != "" {
			k.order.Remove(e)
			delete(k.by, c.name)
		}
		e = next
	}
}
