package memory

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/visitor"
)

// sets returns bitmaps whose union is exactly those that n matches, if there are such.
func (r *run) sets(n filter.Node) ([]*roaring.Bitmap, bool) {
	switch n := n.(type) {
	case *filter.Test:
		if n.Op == filter.OpExists {
			return r.w.having(n)
		}
		return r.w.among(n)
	case filter.AnyOf:
		var all []*roaring.Bitmap
		for _, child := range n {
			sets, ok := r.sets(child)
			if !ok {
				return nil, false
			}
			all = append(all, sets...)
		}
		return all, true
	}
	return nil, false
}

// having answers OpExists.
func (w *workspace) having(t *filter.Test) ([]*roaring.Bitmap, bool) {
	var set *roaring.Bitmap
	switch t.Field.Name {
	case "tag":
		set = w.tagged
	case "group":
		set = w.grouped
	case "email":
		set = w.mailed
	case "phone":
		set = w.phoned
	case "identity":
		set = w.channel
	case "attr":
		return w.attributes.sets([]string{t.Attr}), true
	default:
		return nil, false
	}
	return []*roaring.Bitmap{set}, true
}

// among answers OpIn and OpExcluded.
func (w *workspace) among(t *filter.Test) ([]*roaring.Bitmap, bool) {
	switch {
	case t.Field.Name == "group" && t.Op == filter.OpExcluded:
		return labelled(&w.groups, t.Texts, func(g *label[group.Group]) *roaring.Bitmap { return g.excluded }), true
	case t.Op != filter.OpIn:
		return nil, false
	}
	switch t.Field.Name {
	case "source":
		return w.sources.sets(t.Texts), true
	case "tag", "group":
		return w.labels(t), true
	case "id":
		set := roaring.New()
		for _, id := range t.Texts {
			if p, r := w.lookup(visitor.ID(id)); r != nil {
				set.Add(p)
			}
		}
		return []*roaring.Bitmap{set}, true
	case "identity":
		return w.known(t.Refs)
	}
	return nil, false
}

// labels returns the bitmaps of the tags or groups that t names, but for those that are
// not there.
func (w *workspace) labels(t *filter.Test) []*roaring.Bitmap {
	if t.Field.Kind == filter.TagKind {
		return labelled(&w.tags, t.Texts, members)
	}
	return labelled(&w.groups, t.Texts, members)
}

// rarest is how many carry the rarest of the tags, or are in the smallest of the groups, that
// t names.
func (w *workspace) rarest(t *filter.Test) uint64 {
	sets := w.labels(t)
	if len(sets) < len(t.Texts) {
		return 0
	}
	least := uint64(math.MaxUint64)
	for _, set := range sets {
		least = min(least, set.GetCardinality())
	}
	return least
}

// known finds people by identity; what has an account but no external id it leaves.
func (w *workspace) known(refs []filter.IdentityRef) ([]*roaring.Bitmap, bool) {
	var sets []*roaring.Bitmap
	for _, ref := range refs {
		channel := w.channels.sets([]string{string(ref.Source)})
		switch {
		case ref.ExternalID != "":
			sets = append(sets, w.identified(ref))
		case ref.Account == "" || len(channel) == 0:
			sets = append(sets, channel...)
		default:
			return nil, false
		}
	}
	return sets, true
}

func (w *workspace) identified(ref filter.IdentityRef) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range w.owners.of(reference{string(ref.Source), ref.ExternalID}) {
		p := w.ids[id]
		for _, i := range w.records[p].identities {
			if i.externalID == ref.ExternalID && i.channel.name == string(ref.Source) && (ref.Account == "" || ref.Account == i.account) {
				set.Add(p)
			}
		}
	}
	return set
}

func (x index) sets(names []string) []*roaring.Bitmap {
	var sets []*roaring.Bitmap
	for _, name := range names {
		if m := x[name]; m != nil {
			sets = append(sets, m.members)
		}
	}
	return sets
}

func members[T any](l *label[T]) *roaring.Bitmap { return l.members }

func labelled[T any](s *shelf[T], ids []string, set func(*label[T]) *roaring.Bitmap) []*roaring.Bitmap {
	var sets []*roaring.Bitmap
	for _, id := range ids {
		if l := s.byID[id]; l != nil {
			sets = append(sets, set(l))
		}
	}
	return sets
}
