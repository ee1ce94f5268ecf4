package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

type (
	explainInput struct {
		scope
		ID     string `path:"id" format:"uuid"`
		Filter string `query:"filter" required:"true" doc:"A filter in the text form."`
	}
	explainOutput struct{ Body filter.Explanation }
	schemaOutput  struct{ Body Schema }
	checkInput    struct {
		scope
		Body FilterCheck
	}
	checkOutput struct{ Body FilterReport }
)

// Schema is what a front end needs to show filters, forms and badges.
type Schema struct {
	filter.FieldTable
	Sources []filter.Choice `json:"sources"`
	Orders  []filter.Choice `json:"orders"`
	Palette []filter.Choice `json:"palette"`
	Page    PageLimits      `json:"page"`
	Visitor VisitorLimits   `json:"visitor"`
}

// PageLimits are the default and the maximum number of visitors in a page.
type PageLimits struct {
	Default int `json:"default"`
	Max     int `json:"max"`
}

// VisitorLimits are the limits of a visitor that forms check: characters of name and tag
// name, bytes of e-mail, numbers of the others.
type VisitorLimits struct {
	Name       int `json:"name"`
	Email      int `json:"email"`
	Tags       int `json:"tags"`
	Groups     int `json:"groups"`
	Identities int `json:"identities"`
	Attributes int `json:"attributes"`
	TagName    int `json:"tag_name"`
}

// FilterCheck is the body of POST /filters/check: a filter as text or as JSON.
type FilterCheck struct {
	Text *string         `json:"text,omitempty"`
	JSON json.RawMessage `json:"json,omitempty"`
}

// FilterReport is a filter in both forms, with warnings.
type FilterReport struct {
	Text     string           `json:"text"`
	JSON     json.RawMessage  `json:"json"`
	Findings []filter.Warning `json:"findings"`
}

func (h *handler) filterRoutes(api huma.API) {
	query(h, api, huma.Operation{OperationID: "explainVisitor", Method: http.MethodGet, Path: "/visitors/{id}/explain", Tags: []string{"filters"},
		Summary: "Explain why a filter matches a visitor or does not"}, h.explainVisitor)
	query(h, api, huma.Operation{OperationID: "getSchema", Method: http.MethodGet, Path: "/schema", Tags: []string{"filters"},
		Summary: "Get fields, operators, sources, orders and limits, for front ends"}, h.getSchema)
	query(h, api, huma.Operation{OperationID: "checkFilter", Method: http.MethodPost, Path: "/filters/check", Tags: []string{"filters"},
		Summary: "Check a filter, and return it as text and as JSON with warnings"}, h.checkFilter)
}

func (h *handler) explainVisitor(ctx context.Context, ws *store.Workspace, in *explainInput) (*explainOutput, error) {
	where, err := filter.Parse(in.Filter)
	if err != nil {
		return nil, err
	}
	e, err := ws.Explain(ctx, visitor.ID(in.ID), where)
	return &explainOutput{e}, inText(in.Filter, err)
}

func (h *handler) getSchema(_ context.Context, ws *store.Workspace, _ *nothingInput) (*schemaOutput, error) {
	s := Schema{
		FieldTable: filter.Schema(ws.Sources()),
		Page:       PageLimits{store.DefaultLimit, store.MaxLimit},
		Visitor: VisitorLimits{
			Name: visitor.MaxName, Email: visitor.MaxEmail, Tags: visitor.MaxTags, Groups: visitor.MaxGroups,
			Identities: visitor.MaxIdentities, Attributes: visitor.MaxAttributes, TagName: tag.MaxName,
		},
	}
	for _, source := range ws.Sources().Sources() {
		info := ws.Sources().Info(source)
		s.Sources = append(s.Sources, filter.Choice{
			Value: string(source), Label: info.Label, Badge: info.Badge, Text: info.Badge.Text(), Description: info.Description,
		})
	}
	for _, o := range store.Orders() {
		s.Orders = append(s.Orders, filter.Choice{Value: string(o), Label: orderLabels[o]})
	}
	for _, c := range tag.Palette() {
		s.Palette = append(s.Palette, filter.Choice{Value: string(c), Label: string(c), Badge: c, Text: c.Text()})
	}
	return &schemaOutput{s}, nil
}

var orderLabels = map[store.Order]string{
	store.NewestFirst: "Newest first", store.OldestFirst: "Oldest first", store.RecentlySeen: "Recently seen",
	store.LeastRecentlySeen: "Longest not seen", store.RecentlyUpdated: "Recently updated", store.NameAZ: "Name A–Z", store.NameZA: "Name Z–A",
}

func (h *handler) checkFilter(ctx context.Context, ws *store.Workspace, in *checkInput) (*checkOutput, error) {
	var e filter.Expr
	var err error
	switch {
	case (in.Body.Text == nil) == (in.Body.JSON == nil):
		return nil, invalid("text", "want either text or json")
	case in.Body.Text != nil:
		e, err = filter.Parse(*in.Body.Text)
	default:
		e, err = filter.Unmarshal(in.Body.JSON)
	}
	if err != nil {
		return nil, err
	}
	if _, err := ws.Bind(ctx, e); err != nil {
		if in.Body.Text != nil {
			err = inText(*in.Body.Text, err)
		}
		return nil, err
	}
	report := FilterReport{}
	if report.Text, err = filter.Format(e); err != nil {
		return nil, err
	}
	if report.JSON, err = filter.Marshal(e); err != nil {
		return nil, err
	}
	findings, err := ws.Lint(ctx, e)
	report.Findings = nonNil(findings)
	return &checkOutput{report}, err
}
