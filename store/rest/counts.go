package rest

import (
	"context"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
)

type countInput struct {
	scope
	Filter string `query:"filter" doc:"A filter in the text form. Default: all visitors."`
	UpTo   int64  `query:"up_to" minimum:"1" maximum:"1000000000" doc:"Stop counting here, for a screen that shows 10,000+. Default: count all."`
}

// Count is the number of visitors that match; More means that it is more than that.
type Count struct {
	Count int64 `json:"count"`
	More  bool  `json:"more"`
}

// Facets are store.Facets as JSON.
type Facets struct {
	Total   int64         `json:"total"`
	Sources []SourceCount `json:"sources"`
	Tags    []TagCount    `json:"tags"`
	Groups  []GroupCount  `json:"groups"`
}

// SourceCount is the number of matches with a source.
type SourceCount = store.SourceCount

// TagCount is the number of matches with a tag.
type TagCount = store.TagCount

// GroupCount is the number of matches that are members of a group.
type GroupCount struct {
	Group Group `json:"group"`
	Count int64 `json:"count"`
}

func (h *handler) countVisitors(ctx context.Context, ws *store.Workspace, in *countInput) (Count, error) {
	return filtered(in.Filter, func(where filter.Expr) (Count, error) {
		if in.UpTo == 0 {
			n, err := ws.Count(ctx, where)
			return Count{Count: n}, err
		}
		n, err := ws.CountUpTo(ctx, where, in.UpTo+1)
		return Count{min(n, in.UpTo), n > in.UpTo}, err
	})
}

func (h *handler) countFacets(ctx context.Context, ws *store.Workspace, in *filterInput) (Facets, error) {
	counted, err := filtered(in.Filter, func(where filter.Expr) (store.Facets, error) { return ws.Facets(ctx, where) })
	if err != nil {
		return Facets{}, err
	}
	f := Facets{counted.Total, nonNil(counted.Sources), nonNil(counted.Tags), []GroupCount{}}
	enc := groupEncoder{ws: ws}
	for _, c := range counted.Groups {
		g, err := enc.encode(ctx, c.Group)
		if err != nil {
			return Facets{}, err
		}
		f.Groups = append(f.Groups, GroupCount{g, c.Count})
	}
	return f, nil
}
