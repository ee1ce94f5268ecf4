package sqlstore

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// keys are the suppression keys of a store, newest first.
type keys struct {
	live    [][]byte
	missing bool
}

func (k keys) of(ws string) consent.Keys {
	in := consent.Keys{Missing: k.missing}
	for _, key := range k.live {
		in.Live = append(in.Live, consent.WorkspaceKey(key, ws))
	}
	return in
}

// Keys returns the suppression keys of a workspace. See driver.Store.
func (e *Engine) Keys(ctx context.Context, ws driver.WorkspaceID) (consent.Keys, error) {
	if err := ctx.Err(); err != nil {
		return consent.Keys{}, err
	}
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.closed {
		return consent.Keys{}, driver.ErrClosed
	}
	return e.keys.of(string(ws)), nil
}

// Keys returns the suppression keys of the workspace.
func (t *tx) Keys() (consent.Keys, error) { return t.keys.of(t.name), nil }

const (
	selectKeys = "SELECT k.id, k.secret FROM " + keyTable + " k ORDER BY k.id"
	insertKey  = "INSERT INTO " + keyTable + " (id, secret) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"
)

// UseKeys sets the suppression keys of a store, newest first, and notes them in the database. A key
// that the database itself has stays in use, as the oldest one. Without any, a random key is made
// and kept in the database.
func UseKeys(ctx context.Context, e *Engine, configured [][]byte) error {
	for _, key := range configured {
		if err := consent.CheckKey(key); err != nil {
			return err
		}
	}
	return e.call(ctx, e.writers, func(s *session) error {
		in := scope{session: s, d: e.d}
		all, noted, err := in.keysWith(ctx, configured)
		if err == nil && !noted {
			err = s.write(ctx, e.d, func() error {
				if all, noted, err = in.keysWith(ctx, configured); err != nil || noted {
					return err
				}
				if err := in.noteKeys(ctx, configured); err != nil {
					return err
				}
				all, _, err = in.keysWith(ctx, configured)
				return err
			})
		}
		e.keys = all
		return err
	})
}

// keysWith reads the keys that the database has or knows of. noted reports whether all that are
// configured, or one of its own, are among them.
func (s scope) keysWith(ctx context.Context, configured [][]byte) (all keys, noted bool, err error) {
	all.live = slices.Clone(configured)
	known := map[string]bool{}
	for _, key := range configured {
		known[consent.KeyID(key)] = false
	}
	err = s.rows(ctx, selectKeys, nil, func(r row) error {
		var id string
		var secret []byte
		if err := r.Scan(&id, &secret); err != nil {
			return err
		}
		_, has := known[id]
		switch {
		case has:
		case len(secret) > 0:
			all.live = append(all.live, secret)
		default:
			all.missing = true
		}
		known[id] = true
		return nil
	})
	noted = len(all.live) > 0
	for _, there := range known {
		noted = noted && there
	}
	return all, noted, err
}

// noteKeys writes the ids of keys or, if none are configured, a new random key.
func (s scope) noteKeys(ctx context.Context, configured [][]byte) error {
	for _, key := range configured {
		if _, err := s.run(ctx, insertKey, []any{consent.KeyID(key), []byte{}}); err != nil {
			return err
		}
	}
	if len(configured) > 0 {
		return nil
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails
	_, err := s.run(ctx, insertKey, []any{consent.KeyID(key), key})
	return err
}
