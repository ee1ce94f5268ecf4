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
		From string `query:"from" required:"true" format:"uuid" doc:"The visitor that would be merged away."`
	}
	previewOutput struct{ Body MergePreview }
	unmergeOutput struct{ Body Unmerged }

	duplicatesInput struct {
		scope
		ID    string `path:"id" format:"uuid"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of pairs. Default: 50."`
	}
	allDuplicatesInput struct {
		scope
		Limit int `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of pairs. Default: 50."`
	}
	duplicatesOutput struct{ Body DuplicateList }
)

// Merge is the body of POST /visitors/{id}/merge.
type Merge struct {
	From visitor.ID `json:"from" doc:"The visitor that is merged away. Its id becomes an alias of the one that stays."`
}

// MergePreview is store.MergePreview as JSON. Choices lists the fields in which the two
// visitors differ.
type MergePreview struct {
	Into      visitor.Visitor  `json:"into"`
	From      visitor.Visitor  `json:"from"`
	Result    visitor.Visitor  `json:"result"`
	Conflicts bool             `json:"conflicts"`
	Choices   []visitor.Choice `json:"choices"`
}

// Unmerged has the two visitors of a merge that was undone.
type Unmerged struct {
	Survivor visitor.Visitor `json:"survivor"`
	Restored visitor.Visitor `json:"restored"`
}

// DuplicateList lists pairs of visitors that can be the same person, highest score first.
type DuplicateList struct {
	Duplicates []Duplicate `json:"duplicates"`
}

// Duplicate is store.Duplicate as JSON.
type Duplicate struct {
	A         visitor.Visitor `json:"a"`
	B         visitor.Visitor `json:"b"`
	Score     float64         `json:"score"`
	Reasons   []MatchReason   `json:"reasons"`
	Conflicts bool            `json:"conflicts"`
}

// MatchReason is visitor.MatchReason as JSON, with the reason in English.
type MatchReason struct {
	Reason visitor.MatchCode `json:"reason" enum:"same_phone,same_email,same_name,similar_name,same_username"`
	Text   string            `json:"text"` // MatchCode.Text
	Weight float64           `json:"weight"`
}

func (h *handler) mergeRoutes(api huma.API) {
	operation(h, api, huma.Operation{OperationID: "mergeVisitors", Method: http.MethodPost, Path: "/visitors/{id}/merge", Tags: []string{"duplicates"},
		Summary: "Merge another visitor into this one"}, h.mergeVisitors)
	query(h, api, huma.Operation{OperationID: "previewMerge", Method: http.MethodGet, Path: "/visitors/{id}/merge", Tags: []string{"duplicates"},
		Summary: "Preview a merge without doing it"}, h.previewMerge)
	operation(h, api, huma.Operation{OperationID: "unmergeVisitor", Method: http.MethodPost, Path: "/visitors/{id}/unmerge", Tags: []string{"duplicates"},
		Summary: "Undo the merge in which this visitor was merged away"}, h.unmergeVisitor)
	query(h, api, huma.Operation{OperationID: "listDuplicatesOfVisitor", Method: http.MethodGet, Path: "/visitors/{id}/duplicates", Tags: []string{"duplicates"},
		Summary: "List visitors that can be the same person as this one"}, h.listDuplicatesOf)
	query(h, api, huma.Operation{OperationID: "listDuplicates", Method: http.MethodGet, Path: "/duplicates", Tags: []string{"duplicates"},
		Summary: "List pairs of visitors that can be the same person; reads every visitor"}, h.listDuplicates)
}

func (h *handler) mergeVisitors(ctx context.Context, ws *store.Workspace, in *mergeInput) (*visitorOutput, error) {
	v, err := ws.Merge(ctx, visitor.ID(in.ID), in.Body.From)
	return &visitorOutput{etag(v), v}, err
}

func (h *handler) previewMerge(ctx context.Context, ws *store.Workspace, in *previewInput) (*previewOutput, error) {
	p, err := ws.PreviewMerge(ctx, visitor.ID(in.ID), visitor.ID(in.From))
	return &previewOutput{MergePreview{p.Into, p.From, p.Result, p.Conflicts, nonNil(p.Choices())}}, err
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
	out := &duplicatesOutput{DuplicateList{[]Duplicate{}}}
	for pair, err := range pairs {
		if err != nil {
			return nil, err
		}
		out.Body.Duplicates = append(out.Body.Duplicates, duplicateOf(pair))
		if len(out.Body.Duplicates) == limit {
			break
		}
	}
	return out, nil
}

func duplicateOf(pair store.Duplicate) Duplicate {
	d := Duplicate{A: pair.A, B: pair.B, Score: pair.Score, Reasons: []MatchReason{}, Conflicts: pair.Conflicts}
	for _, r := range pair.Reasons {
		d.Reasons = append(d.Reasons, MatchReason{r.Reason, r.Reason.Text(), r.Weight})
	}
	return d
}
