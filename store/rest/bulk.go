package rest

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// MaxBulkIDs is the maximum number of ids in a bulk request.
const MaxBulkIDs = 10_000

// bulkBatch is the number of visitors that one transaction changes.
const bulkBatch = 10_000

// Bulk is the body of POST /visitors/bulk: an action on the visitors with the given ids, or on
// all that a filter matches.
type Bulk struct {
	Action string       `json:"action" enum:"tag,untag,add_to_group,remove_from_group,delete"`
	IDs    []visitor.ID `json:"ids,omitempty" minItems:"1"`
	Filter *string      `json:"filter,omitempty" doc:"A filter in the text form; is:everyone matches all visitors."`
	Expect *int64       `json:"expect,omitempty" minimum:"0" doc:"Required with filter: the number of visitors that was shown to the user. Nothing is changed if the filter matches another number now."`
	Tags   []string     `json:"tags,omitempty" doc:"For tag and untag: names. tag creates tags that do not exist."`
	Group  group.ID     `json:"group,omitempty" doc:"For add_to_group and remove_from_group: the id of a group."`
}

// BulkResult is store.Bulk as JSON.
type BulkResult struct {
	Changed   int          `json:"changed"`
	Unchanged int          `json:"unchanged"`
	Missing   []visitor.ID `json:"missing"`
}

func (h *handler) changeVisitors(ctx context.Context, ws *store.Workspace, in *bodyInput[Bulk]) (BulkResult, error) {
	b := in.Body
	if err := b.check(); err != nil {
		return BulkResult{}, err
	}
	ids := b.IDs
	if b.Filter != nil {
		var err error
		if ids, err = h.matching(ctx, ws, *b.Filter, *b.Expect); err != nil {
			return BulkResult{}, inText(*b.Filter, err)
		}
	}
	result := BulkResult{Missing: []visitor.ID{}}
	for batch := range slices.Chunk(ids, bulkBatch) {
		done, err := b.do(ctx, ws, batch)
		if err != nil {
			return BulkResult{}, renameField(err, bulkNames)
		}
		result.Changed += done.Changed
		result.Unchanged += done.Unchanged
		result.Missing = append(result.Missing, done.Missing...)
	}
	return result, nil
}

func (b Bulk) check() error {
	switch {
	case (b.IDs == nil) == (b.Filter == nil):
		return invalid("ids", "want either ids or filter")
	case len(b.IDs) > MaxBulkIDs:
		return invalid("ids", fmt.Sprintf("more than %d; use a filter", MaxBulkIDs))
	case b.Filter != nil && b.Expect == nil:
		return invalid("expect", "missing: the number of visitors that was shown to the user")
	case b.Filter == nil && b.Expect != nil:
		return invalid("expect", "given without filter")
	}
	wantsTags, wantsGroup := b.Action == "tag" || b.Action == "untag", b.Action == "add_to_group" || b.Action == "remove_from_group"
	switch {
	case wantsTags && len(b.Tags) == 0:
		return invalid("tags", "missing")
	case !wantsTags && len(b.Tags) > 0:
		return invalid("tags", "not used by this action")
	case wantsGroup && b.Group == "":
		return invalid("group", "missing")
	case !wantsGroup && b.Group != "":
		return invalid("group", "not used by this action")
	}
	return nil
}

// do changes all the visitors or, on an error, none.
func (b Bulk) do(ctx context.Context, ws *store.Workspace, ids []visitor.ID) (store.Bulk, error) {
	switch b.Action {
	case "tag":
		return ws.Tag(ctx, b.Tags, ids...)
	case "untag":
		return ws.Untag(ctx, b.Tags, ids...)
	case "add_to_group":
		return ws.AddToGroup(ctx, b.Group, ids...)
	case "remove_from_group":
		return ws.RemoveFromGroup(ctx, b.Group, ids...)
	case "delete":
		return ws.Delete(ctx, ids...)
	}
	return store.Bulk{}, invalid("action", "unknown")
}

// matching returns the ids of the visitors that match, if their number is as expected. An
// empty filter is an error here.
func (h *handler) matching(ctx context.Context, ws *store.Workspace, text string, expect int64) ([]visitor.ID, error) {
	where, err := filter.Parse(text)
	if err != nil {
		return nil, err
	}
	n, err := withTimeout(ctx, h.o.Timeout, func(ctx context.Context) (int64, error) { return ws.Count(ctx, where) })
	if err != nil {
		return nil, err
	}
	if n != expect {
		return nil, countChanged(n)
	}
	ids := make([]visitor.ID, 0, n)
	for v, err := range ws.All(ctx, store.Query{Where: where, Order: store.OldestFirst}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, v.ID)
	}
	if n := int64(len(ids)); n != expect {
		return nil, countChanged(n)
	}
	return ids, nil
}

func countChanged(n int64) *Problem {
	return &Problem{Status: http.StatusConflict, Code: CodeCount, Field: "expect", Count: &n, Detail: "the filter matches another number of visitors now"}
}
