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
		Filter string `query:"filter" doc:"A filter in the text form. Default: all visitors."`
		UpTo   int64  `query:"up_to" minimum:"1" maximum:"1000000000" doc:"Stop counting here, for a screen that shows 10,000+. Default: count all."`
	}
	countOutput struct{ Body Count }
	facetsInput struct {
		scope
		Filter string `query:"filter" doc:"A filter in the text form. Default: all visitors."`
	}
	facetsOutput struct{ Body Facets }
)

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
type SourceCount struct {
	Source visitor.Source `json:"source"`
	Count  int64          `json:"count"`
}

// TagCount is the number of matches with a tag.
type TagCount struct {
	Tag   tag.Tag `json:"tag"`
	Count int64   `json:"count"`
}

// GroupCount is the number of matches that are members of a group.
type GroupCount struct {
	Group Group `json:"group"`
	Count int64 `json:"count"`
}

func (h *handler) countRoutes(api huma.API) {
	query(h, api, huma.Operation{OperationID: "countVisitors", Method: http.MethodGet, Path: "/visitors/count", Tags: []string{"visitors"},
		Summary: "Count the visitors that match a filter"}, h.countVisitors)
	query(h, api, huma.Operation{OperationID: "countFacets", Method: http.MethodGet, Path: "/visitors/facets", Tags: []string{"visitors"},
		Summary: "Count the visitors that match a filter, by source, tag and group"}, h.countFacets)
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
	body, err := facetsOf(ctx, counted, &groupEncoder{ws: ws})
	return &facetsOutput{body}, err
}

func facetsOf(ctx context.Context, counted store.Facets, enc *groupEncoder) (Facets, error) {
	f := Facets{Total: counted.Total, Sources: []SourceCount{}, Tags: []TagCount{}, Groups: []GroupCount{}}
	for _, c := range counted.Sources {
		f.Sources = append(f.Sources, SourceCount(c))
	}
	for _, c := range counted.Tags {
		f.Tags = append(f.Tags, TagCount(c))
	}
	for _, c := range counted.Groups {
		g, err := enc.encode(ctx, c.Group)
		if err != nil {
			return Facets{}, err
		}
		f.Groups = append(f.Groups, GroupCount{g, c.Count})
	}
	return f, nil
}
