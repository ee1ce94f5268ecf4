package rest

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Idempotency keys are remembered by one handler, in memory: that many, that long.
const (
	maxKeys = 100_000
	keyLife = 24 * time.Hour
)

// keyring remembers which visitor each idempotency key made. It keeps hashes and ids,
// nothing of a person.
type keyring struct {
	mu    sync.Mutex
	now   func() time.Time
	size  int
	by    map[keyName]*list.Element
	order *list.List // of *keyClaim, the oldest first
}

// keyName is the hash of a workspace and a key.
type keyName [sha256.Size]byte

// keyClaim is a key in use; made is "" while the request is under way.
type keyClaim struct {
	name keyName
	body [sha256.Size]byte
	at   time.Time
	made visitor.ID
}

type keyState int

const (
	keyFree   keyState = iota // the caller has it now and must settle it
	keyBusy                   // another request has it
	keyReused                 // it came with another body before
	keyDone                   // it has made a visitor
)

func newKeyring() *keyring {
	return &keyring{now: time.Now, size: maxKeys, by: map[keyName]*list.Element{}, order: list.New()}
}

func (k *keyring) claim(ws store.WorkspaceID, key string, body []byte) (keyClaim, keyState) {
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

// settle ends a claim: what it made stays known; a key that made nothing is free again.
func (k *keyring) settle(c keyClaim, made visitor.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.by[c.name]
	if !ok {
		return
	}
	if made == "" {
		k.order.Remove(found)
		delete(k.by, c.name)
		return
	}
	found.Value.(*keyClaim).made = made
}

// forget drops the keys that are too old, and the oldest where there are too many. A key
// whose request is under way stays.
func (k *keyring) forget(now time.Time) {
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
