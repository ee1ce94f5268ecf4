package rest

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	findInput struct {
		scope
		Filter string `query:"filter" doc:"A filter in the text form. Default: all visitors."`
		Order  string `query:"order" doc:"An order of /schema. Default: newest."`
		After  string `query:"after" doc:"The next of the previous page."`
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of visitors. Default: 50."`
	}
	createInput struct {
		scope
		Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Chosen by the caller: repeated requests with the same key and body create one visitor."`
		Body visitor.Draft
	}
	createdVisitorOutput struct {
		ETag     string `header:"ETag"`
		Location string `header:"Location"`
		Replayed string `header:"Idempotency-Replayed"`
		Body     visitor.Visitor
	}
	updateInput struct {
		scope
		ID      string `path:"id" format:"uuid"`
		IfMatch string `header:"If-Match" doc:"The ETag that the visitor must have."`
		Body    visitor.Patch
	}
	deleteInput struct {
		scope
		ID      string `path:"id" format:"uuid"`
		IfMatch string `header:"If-Match" hidden:"true"`
	}
)

// Search is the body of POST /visitors/search.
type Search struct {
	Where json.RawMessage `json:"where"` // a filter in the JSON form
	Order store.Order     `json:"order,omitempty"`
	After string          `json:"after,omitempty"`
	Limit int             `json:"limit,omitempty" minimum:"1" maximum:"1000"`
}

// VisitorPage is a page of visitors. Next is the after of the next page, or empty.
type VisitorPage struct {
	Visitors []visitor.Visitor `json:"visitors"`
	Next     string            `json:"next" doc:"The after of the next page. Empty if there is none."`
}

func (h *handler) visitorRoutes(r routes) {
	query(r, "GET /visitors", "listVisitors", "List the visitors that match a filter", body(h.listVisitors))
	query(r, "POST /visitors/search", "searchVisitors", "List the visitors that match a filter in the JSON form",
		body(h.searchVisitors))
	query(r, "GET /visitors/count", "countVisitors", "Count the visitors that match a filter", body(h.countVisitors))
	query(r, "GET /visitors/facets", "countFacets", "Count the visitors that match a filter, by source, tag and group",
		body(h.countFacets))
	change(r.creating(), "POST /visitors", "createVisitor", "Create a visitor", h.createVisitor)
	query(r, "GET /visitors/{id}", "getVisitor", "Get a visitor", withETag(h.getVisitor))
	change(r, "PATCH /visitors/{id}", "updateVisitor", "Change a visitor's profile", withETag(h.updateVisitor))
	change(r, "DELETE /visitors/{id}", "deleteVisitor", "Delete a visitor permanently", h.deleteVisitor)
	change(r, "POST /visitors/bulk", "changeVisitors", "Tag, untag or delete many visitors, or change a group's members",
		body(h.changeVisitors))
}

func (h *handler) listVisitors(ctx context.Context, ws *store.Workspace, in *findInput) (VisitorPage, error) {
	return filtered(in.Filter, func(where filter.Expr) (VisitorPage, error) {
		return find(ctx, ws, store.Query{Where: where, Order: store.Order(in.Order), After: in.After, Limit: in.Limit})
	})
}

func (h *handler) searchVisitors(ctx context.Context, ws *store.Workspace, in *bodyInput[Search]) (VisitorPage, error) {
	where, err := filter.Unmarshal(in.Body.Where)
	if err != nil {
		return VisitorPage{}, err
	}
	return find(ctx, ws, store.Query{Where: where, Order: in.Body.Order, After: in.Body.After, Limit: in.Body.Limit})
}

func find(ctx context.Context, ws *store.Workspace, q store.Query) (VisitorPage, error) {
	page, err := ws.Find(ctx, q)
	return VisitorPage{nonNil(page.Visitors), page.Next}, err
}

// filtered calls do with the filter of a URL query; only there, an empty filter means all
// visitors. An error of do gets its position in the text.
func filtered[T any](text string, do func(filter.Expr) (T, error)) (T, error) {
	if strings.TrimSpace(text) == "" {
		return do(filter.All())
	}
	where, err := filter.Parse(text)
	if err != nil {
		var none T
		return none, err
	}
	result, err := do(where)
	return result, inText(text, err)
}

func (h *handler) getVisitor(ctx context.Context, ws *store.Workspace, in *idInput) (visitor.Visitor, error) {
	return ws.Get(ctx, visitor.ID(in.ID))
}

func (h *handler) updateVisitor(ctx context.Context, ws *store.Workspace, in *updateInput) (visitor.Visitor, error) {
	patch := in.Body
	if in.IfMatch != "" {
		revision, ok := revisionOf(in.IfMatch)
		if !ok || patch.IfRevision != 0 && patch.IfRevision != revision && revision != 0 {
			return visitor.Visitor{}, stale(in.ID)
		}
		patch.IfRevision = revision
	}
	v, err := ws.Update(ctx, visitor.ID(in.ID), patch)
	if in.IfMatch != "" && errors.Is(err, store.ErrConflict) {
		return visitor.Visitor{}, stale(in.ID)
	}
	return v, renameField(err, visitorNames)
}

func stale(id string) *Problem {
	return &Problem{Status: http.StatusPreconditionFailed, Code: CodePrecondition, Kind: "visitor", ID: id, Field: "If-Match", Detail: "the visitor has another revision"}
}

func (h *handler) deleteVisitor(ctx context.Context, ws *store.Workspace, in *deleteInput) (*struct{}, error) {
	if in.IfMatch != "" {
		return nil, invalid("If-Match", "not supported for deletions")
	}
	id := visitor.ID(in.ID)
	done, err := ws.Delete(ctx, id)
	if err == nil && len(done.Missing) > 0 {
		err = notFound("visitor", string(done.Missing[0]))
	}
	return nil, err
}

// etag is the visitor's revision. It changes with the profile, not with tags and groups, so
// it is useful only for If-Match.
func etag(v visitor.Visitor) string { return strconv.Quote(strconv.FormatInt(v.Revision, 10)) }

// revisionOf reads one strong ETag; * is revision 0, any revision.
func revisionOf(match string) (int64, bool) {
	if match == "*" {
		return 0, true
	}
	digits, found := strings.CutPrefix(match, `"`)
	digits, closed := strings.CutSuffix(digits, `"`)
	revision, err := strconv.ParseInt(digits, 10, 64)
	return revision, found && closed && err == nil && revision > 0
}

// collect returns all items, or an empty list that JSON encodes as [].
func collect[T any](items iter.Seq2[T, error]) ([]T, error) {
	list := []T{}
	for item, err := range items {
		if err != nil {
			return []T{}, err
		}
		list = append(list, item)
	}
	return list, nil
}

// nonNil returns list, or an empty list that JSON encodes as [].
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
