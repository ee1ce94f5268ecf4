package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
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
	searchInput struct {
		scope
		Body Search
	}
	pageOutput struct{ Body VisitorPage }

	createInput struct {
		scope
		Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Chosen by the caller: repeated requests with the same key and body create one visitor."`
		Body visitor.Draft
	}
	visitorInput struct {
		scope
		ID string `path:"id" format:"uuid"`
	}
	updateInput struct {
		scope
		ID      string `path:"id" format:"uuid"`
		IfMatch string `header:"If-Match" doc:"The ETag that the visitor must have."`
		Body    visitor.Patch
	}
	visitorOutput struct {
		ETag string `header:"ETag"`
		Body visitor.Visitor
	}
	createdOutput struct {
		ETag     string `header:"ETag"`
		Location string `header:"Location"`
		Replayed string `header:"Idempotency-Replayed"`
		Body     visitor.Visitor
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
	Next     string            `json:"next"`
}

func (h *handler) visitorRoutes(api huma.API) {
	query(h, api, huma.Operation{OperationID: "listVisitors", Method: http.MethodGet, Path: "/visitors", Tags: []string{"visitors"},
		Summary: "List the visitors that match a filter"}, h.listVisitors)
	query(h, api, huma.Operation{OperationID: "searchVisitors", Method: http.MethodPost, Path: "/visitors/search", Tags: []string{"visitors"},
		Summary: "List the visitors that match a filter in the JSON form"}, h.searchVisitors)
	operation(h, api, huma.Operation{OperationID: "createVisitor", Method: http.MethodPost, Path: "/visitors", Tags: []string{"visitors"},
		Summary: "Create a visitor", DefaultStatus: http.StatusCreated}, h.createVisitor)
	query(h, api, huma.Operation{OperationID: "getVisitor", Method: http.MethodGet, Path: "/visitors/{id}", Tags: []string{"visitors"},
		Summary: "Get a visitor"}, h.getVisitor)
	operation(h, api, huma.Operation{OperationID: "updateVisitor", Method: http.MethodPatch, Path: "/visitors/{id}", Tags: []string{"visitors"},
		Summary: "Change a visitor's profile"}, h.updateVisitor)
	operation(h, api, huma.Operation{OperationID: "deleteVisitor", Method: http.MethodDelete, Path: "/visitors/{id}", Tags: []string{"visitors"},
		Summary: "Delete a visitor permanently", DefaultStatus: http.StatusNoContent}, h.deleteVisitor)
}

func (h *handler) listVisitors(ctx context.Context, ws *store.Workspace, in *findInput) (*pageOutput, error) {
	where, err := whereOf(in.Filter)
	if err != nil {
		return nil, err
	}
	out, err := find(ctx, ws, store.Query{Where: where, Order: store.Order(in.Order), After: in.After, Limit: in.Limit})
	return out, inText(in.Filter, err)
}

func (h *handler) searchVisitors(ctx context.Context, ws *store.Workspace, in *searchInput) (*pageOutput, error) {
	where, err := filter.Unmarshal(in.Body.Where)
	if err != nil {
		return nil, err
	}
	return find(ctx, ws, store.Query{Where: where, Order: in.Body.Order, After: in.Body.After, Limit: in.Body.Limit})
}

func find(ctx context.Context, ws *store.Workspace, q store.Query) (*pageOutput, error) {
	page, err := ws.Find(ctx, q)
	return &pageOutput{VisitorPage{nonNil(page.Visitors), page.Next}}, err
}

// whereOf reads the filter of a URL query; only there, an empty filter means all visitors.
func whereOf(text string) (filter.Expr, error) {
	if strings.TrimSpace(text) == "" {
		return filter.All(), nil
	}
	return filter.Parse(text)
}

func (h *handler) getVisitor(ctx context.Context, ws *store.Workspace, in *visitorInput) (*visitorOutput, error) {
	v, err := ws.Get(ctx, visitor.ID(in.ID))
	return &visitorOutput{etag(v), v}, err
}

func (h *handler) updateVisitor(ctx context.Context, ws *store.Workspace, in *updateInput) (*visitorOutput, error) {
	patch := in.Body
	if in.IfMatch != "" {
		revision, ok := revisionOf(in.IfMatch)
		if !ok || patch.IfRevision != 0 && patch.IfRevision != revision && revision != 0 {
			return nil, stale(in.ID)
		}
		patch.IfRevision = revision
	}
	v, err := ws.Update(ctx, visitor.ID(in.ID), patch)
	if err != nil && in.IfMatch != "" {
		if p := problemOf(err); p.Code == CodeConflict {
			return nil, stale(in.ID)
		}
	}
	return &visitorOutput{etag(v), v}, renameField(err, visitorNames)
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
		err = driver.NotFound("visitor", string(done.Missing[0]))
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

// nonNil returns list, or an empty list that JSON encodes as [].
func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
