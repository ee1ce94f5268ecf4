package rest

import (
	"cmp"
	"context"
	"iter"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	previewInput struct {
		scope
		ID   string `path:"id" format:"uuid"`
		From string `query:"from" required:"true" format:"uuid" doc:"The visitor that would be merged away."`
	}
	duplicatesInput struct {
		scope
		ID    string `path:"id" format:"uuid"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of pairs. Default: 50."`
	}
	allDuplicatesInput struct {
		scope
		Limit int `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of pairs. Default: 50."`
	}
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
	Choices   []visitor.Choice `json:"choices" doc:"The fields in which the two visitors differ."`
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
	Score     float64         `json:"score" doc:"How likely the two are the same person, 0.3 to 1."`
	Reasons   []MatchReason   `json:"reasons"`
	Conflicts bool            `json:"conflicts"`
}

// MatchReason is visitor.MatchReason as JSON, with the reason in English.
type MatchReason struct {
	Reason visitor.MatchCode `json:"reason" enum:"same_phone,same_email,same_name,similar_name,same_username"`
	Text   string            `json:"text" doc:"The reason in English."`
	Weight float64           `json:"weight" doc:"The probability that this reason alone means the same person, 0 to 1."`
}

func (h *handler) mergeRoutes(r routes) {
	change(r, "POST /visitors/{id}/merge", "mergeVisitors", "Merge another visitor into this one", withETag(h.mergeVisitors))
	query(r, "GET /visitors/{id}/merge", "previewMerge", "Preview a merge without doing it", body(h.previewMerge))
	change(r, "POST /visitors/{id}/unmerge", "unmergeVisitor", "Undo the merge in which this visitor was merged away",
		body(h.unmergeVisitor))
	query(r, "GET /visitors/{id}/duplicates", "listDuplicatesOfVisitor", "List visitors that can be the same person as this one",
		body(h.listDuplicatesOf))
	query(r, "GET /duplicates", "listDuplicates", "List pairs of visitors that can be the same person; reads every visitor",
		body(h.listDuplicates))
}

func (h *handler) mergeVisitors(ctx context.Context, ws *store.Workspace, in *patchInput[Merge]) (visitor.Visitor, error) {
	return ws.Merge(ctx, visitor.ID(in.ID), in.Body.From)
}

func (h *handler) previewMerge(ctx context.Context, ws *store.Workspace, in *previewInput) (MergePreview, error) {
	p, err := ws.PreviewMerge(ctx, visitor.ID(in.ID), visitor.ID(in.From))
	return MergePreview{p.Into, p.From, p.Result, p.Conflicts, nonNil(p.Choices())}, err
}

func (h *handler) unmergeVisitor(ctx context.Context, ws *store.Workspace, in *idInput) (out Unmerged, err error) {
	out.Survivor, out.Restored, err = ws.Unmerge(ctx, visitor.ID(in.ID))
	return out, err
}

func (h *handler) listDuplicatesOf(ctx context.Context, ws *store.Workspace, in *duplicatesInput) (DuplicateList, error) {
	v, err := ws.Get(ctx, visitor.ID(in.ID))
	if err != nil {
		return DuplicateList{}, err
	}
	return firstPairs(ws.Duplicates(ctx, v.ID), in.Limit)
}

func (h *handler) listDuplicates(ctx context.Context, ws *store.Workspace, in *allDuplicatesInput) (DuplicateList, error) {
	return firstPairs(ws.Duplicates(ctx), in.Limit)
}

func firstPairs(pairs iter.Seq2[store.Duplicate, error], limit int) (DuplicateList, error) {
	list := DuplicateList{[]Duplicate{}}
	for pair, err := range pairs {
		if err != nil {
			return DuplicateList{}, err
		}
		d := Duplicate{A: pair.A, B: pair.B, Score: pair.Score, Reasons: []MatchReason{}, Conflicts: pair.Conflicts}
		for _, r := range pair.Reasons {
			d.Reasons = append(d.Reasons, MatchReason{r.Reason, r.Reason.Text(), r.Weight})
		}
		list.Duplicates = append(list.Duplicates, d)
		if len(list.Duplicates) == cmp.Or(limit, store.DefaultLimit) {
			break
		}
	}
	return list, nil
}
