package rest

import (
	"context"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	mergeInput struct {
		scope
		ID   string `path:"id" format:"uuid"`
		Body Merge
	}
	previewInput struct {
		scope
		ID   string `path:"id" format:"uuid"`
		From string `query:"from" required:"true" format:"uuid" doc:"The visitor that would go."`
	}
	previewOutput struct{ Body MergePreview }
	unmergeOutput struct{ Body Unmerged }

	duplicatesInput struct {
		scope
		ID    string `path:"id" format:"uuid"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" doc:"The most pairs. Default: 50."`
	}
	allDuplicatesInput struct {
		scope
		Limit int `query:"limit" minimum:"1" maximum:"1000" doc:"The most pairs. Default: 50."`
	}
	duplicatesOutput struct{ Body DuplicateList }
)

// Merge is the body of POST /visitors/{id}/merge.
type Merge struct {
	From visitor.ID `json:"from" doc:"The visitor that goes. Its id then stands for the one that stays."`
}

// MergePreview is store.MergePreview as JSON, with the fields in which the two differ.
type MergePreview struct {
	Into      visitor.Visitor  `json:"into"`
	From      visitor.Visitor  `json:"from"`
	Result    visitor.Visitor  `json:"result"`
	Conflicts bool             `json:"conflicts"`
	Choices   []visitor.Choice `json:"choices"`
}

// Unmerged is the two visitors of a merge that was undone.
type Unmerged struct {
	Survivor visitor.Visitor `json:"survivor"`
	Restored visitor.Visitor `json:"restored"`
}

// DuplicateList is pairs of visitors that may be one person, the likeliest first.
type DuplicateList struct {
	Duplicates []store.Duplicate `json:"duplicates"`
}

func (h *handler) mergeRoutes(api huma.API) {
	operation(h, api, huma.Operation{OperationID: "mergeVisitors", Method: http.MethodPost, Path: "/visitors/{id}/merge", Tags: []string{"duplicates"},
		Summary: "Make one visitor of two: this one stays"}, h.mergeVisitors)
	query(h, api, huma.Operation{OperationID: "previewMerge", Method: http.MethodGet, Path: "/visitors/{id}/merge", Tags: []string{"duplicates"},
		Summary: "What a merge would make, done nothing"}, h.previewMerge)
	operation(h, api, huma.Operation{OperationID: "unmergeVisitor", Method: http.MethodPost, Path: "/visitors/{id}/unmerge", Tags: []string{"duplicates"},
		Summary: "Undo the merge in which this id went"}, h.unmergeVisitor)
	query(h, api, huma.Operation{OperationID: "listDuplicatesOfVisitor", Method: http.MethodGet, Path: "/visitors/{id}/duplicates", Tags: []string{"duplicates"},
		Summary: "Who may be the same person as this visitor"}, h.listDuplicatesOf)
	query(h, api, huma.Operation{OperationID: "listDuplicates", Method: http.MethodGet, Path: "/duplicates", Tags: []string{"duplicates"},
		Summary: "Pairs of visitors that may be one person; reads everybody"}, h.listDuplicates)
}

func (h *handler) mergeVisitors(ctx context.Context, ws *store.Workspace, in *mergeInput) (*visitorOutput, error) {
	v, err := ws.Merge(ctx, visitor.ID(in.ID), in.Body.From)
	return &visitorOutput{etag(v), v}, err
}

func (h *handler) previewMerge(ctx context.Context, ws *store.Workspace, in *previewInput) (*previewOutput, error) {
	p, err := ws.PreviewMerge(ctx, visitor.ID(in.ID), visitor.ID(in.From))
	return &previewOutput{MergePreview{p.Into, p.From, p.Result, p.Conflicts, filled(p.Choices())}}, err
}

func (h *handler) unmergeVisitor(ctx context.Context, ws *store.Workspace, in *idInput) (*unmergeOutput, error) {
	survivor, restored, err := ws.Unmerge(ctx, visitor.ID(in.ID))
	return &unmergeOutput{Unmerged{survivor, restored}}, err
}

func (h *handler) listDuplicatesOf(ctx context.Context, ws *store.Workspace, in *duplicatesInput) (*duplicatesOutput, error) {
	v, err := ws.Get(ctx, visitor.ID(in.ID))
	if err != nil {
		return nil, err
	}
	return firstPairs(ws.Duplicates(ctx, v.ID), in.Limit)
}

func (h *handler) listDuplicates(ctx context.Context, ws *store.Workspace, in *allDuplicatesInput) (*duplicatesOutput, error) {
	return firstPairs(ws.Duplicates(ctx), in.Limit)
}

func firstPairs(pairs iter.Seq2[store.Duplicate, error], limit int) (*duplicatesOutput, error) {
	if limit == 0 {
		limit = store.DefaultLimit
	}
	out := &duplicatesOutput{DuplicateList{[]store.Duplicate{}}}
	for pair, err := range pairs {
		if err != nil {
			return nil, err
		}
		out.Body.Duplicates = append(out.Body.Duplicates, pair)
		if len(out.Body.Duplicates) == limit {
			break
		}
	}
	return out, nil
}
