package memory

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter/bound"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/visitor"
)

// maxPermissions is how many conditions on permissions a workspace keeps.
const maxPermissions = 16

// permissions are the conditions on permissions that were asked for, by index.PermissionKey.
type permissions struct {
	mu    sync.Mutex // of readers, which add conditions
	byKey map[string]*permission
}

type permission struct {
	node *bound.Permission
	*index.Permission
}

// permitted returns the positions that match. For the first call with a condition, all visitors are
// matched.
func (w *workspace) permitted(n *bound.Permission) *roaring.Bitmap {
	all, key := &w.permissions, index.PermissionKey(n)
	all.mu.Lock()
	defer all.mu.Unlock()
	x := all.byKey[key]
	if x == nil {
		if all.byKey == nil || len(all.byKey) >= maxPermissions {
			all.byKey = map[string]*permission{}
		}
		x = &permission{n, index.NewPermission(n)}
		for p, r := range w.records {
			if r != nil {
				x.set(uint32(p), r)
			}
		}
		all.byKey[key] = x
	}
	return x.At(n.At)
}

func (x *permission) set(p uint32, r *record) {
	if r.said == nil && x.node.NeedsStatement() {
		x.Remove(p)
		return
	}
	var v visitor.Visitor
	r.fill(&v, "", driver.Profile|driver.Identities|driver.Consents)
	x.Set(p, index.AnswersOf(x.node, &v))
}

// put replaces the visitor at p, nil to delete it.
func (all *permissions) put(p uint32, next *record) {
	for _, x := range all.byKey {
		if next == nil {
			x.Remove(p)
		} else {
			x.set(p, next)
		}
	}
}
