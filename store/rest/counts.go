package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	countInput struct {
		scope
		Filter string `query:"filter" doc:"A filter in the text form. Without it: everyone."`
		UpTo   int64  `query:"up_to" minimum:"1" maximum:"1000000000" doc:"Count no further: for a screen that shows 10,000+. Default: count all."`
	}
	countOutput struct{ Body Count }
	facetsInput struct {
		scope
		Filter string `query:"filter" doc:"A filter in the text form. Without it: everyone."`
	}
	facetsOutput struct{ Body Facets }
)

// Count is how many visitors match; with More there are more than that.
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

// SourceCount is how many matches were first met through a source.
type SourceCount struct {
	Source visitor.Source `json:"source"`
	Count  int64          `json:"count"`
}

// TagCount is how many matches carry a tag.
type TagCount struct {
	Tag   tag.Tag `json:"tag"`
	Count int64   `json:"count"`
}

// GroupCount is how many matches are members of a group.
type GroupCount struct {
	Group Group `json:"group"`
	Count int64 `json:"count"`
}

func (h *handler) countRoutes(api huma.API) {
	query(h, api, huma.Operation{OperationID: "countVisitors", Method: http.MethodGet, Path: "/visitors/count", Tags: []string{"visitors"},
		Summary: "How many visitors a filter matches"}, h.countVisitors)
	query(h, api, huma.Operation{OperationID: "countFacets", Method: http.MethodGet, Path: "/visitors/facets", Tags: []string{"visitors"},
		Summary: "How many visitors a filter matches, by source, tag and group"}, h.countFacets)
}

func (h *handler) countVisitors(ctx context.Context, ws *store.Workspace, in *countInput) (*countOutput, error) {
	where, err := whereOf(in.Filter)
	if err != nil {
		return nil, err
	}
	if in.UpTo == 0 {
		n, err := ws.Count(ctx, where)
		return &countOutput{Count{Count: n}}, inText(in.Filter, err)
	}
	n, err := ws.CountUpTo(ctx, where, in.UpTo+1)
	return &countOutput{Count{min(n, in.UpTo), n > in.UpTo}}, inText(in.Filter, err)
}

func (h *handler) countFacets(ctx context.Context, ws *store.Workspace, in *facetsInput) (*facetsOutput, error) {
	where, err := whereOf(in.Filter)
	if err != nil {
		return nil, err
	}
	counted, err := ws.Facets(ctx, where)
	if err != nil {
		return nil, inText(in.Filter, err)
	}
	body, err := facetsOf(ctx, counted, &speller{ws: ws})
	return &facetsOutput{body}, err
}

func facetsOf(ctx context.Context, counted store.Facets, spell *speller) (Facets, error) {
	f := Facets{Total: counted.Total, Sources: []SourceCount{}, Tags: []TagCount{}, Groups: []GroupCount{}}
	for _, c := range counted.Sources {
		f.Sources = append(f.Sources, SourceCount(c))
	}
	for _, c := range counted.Tags {
		f.Tags = append(f.Tags, TagCount(c))
	}
	for _, c := range counted.Groups {
		g, err := spell.group(ctx, c.Group)
		if err != nil {
			return Facets{}, err
		}
		f.Groups = append(f.Groups, GroupCount{g, c.Count})
	}
	return f, nil
}
