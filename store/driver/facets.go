package driver

import (
	"context"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Facets are the numbers of matching visitors by source, by tag and by group. Zeros may
// be left out. Groups counts members added by hand, not those that match a group's rule.
type Facets struct {
	Total   int64
	Sources map[visitor.Source]int64
	Tags    map[tag.ID]int64
	Groups  map[group.ID]int64
}

// CountFacets counts with the store's own Facets if it is a Faceter, else by reading every
// match, 500 in a call.
func CountFacets(ctx context.Context, st Store, ws WorkspaceID, where filter.Bound) (Facets, error) {
	if faceter, ok := st.(Faceter); ok {
		return faceter.Facets(ctx, ws, where)
	}
	f := NewFacets()
	for q := (Select{Where: where, Order: OldestFirst, Limit: 500}); ; {
		page, err := st.FindVisitors(ctx, ws, q)
		if err != nil {
			return Facets{}, err
		}
		for _, v := range page {
			f.Add(v)
		}
		if len(page) < q.Limit {
			return f, nil
		}
		q.After = &Position{ID: page[len(page)-1].ID}
	}
}

// NewFacets returns Facets without visitors, to which Add adds.
func NewFacets() Facets {
	return Facets{Sources: map[visitor.Source]int64{}, Tags: map[tag.ID]int64{}, Groups: map[group.ID]int64{}}
}

// Add counts one more visitor.
func (f *Facets) Add(v visitor.Visitor) {
	f.Total++
	f.Sources[v.Source]++
	for _, a := range v.Tags {
		f.Tags[a.Tag]++
	}
	for _, m := range v.Memberships {
		f.Groups[m.Group]++
	}
}
