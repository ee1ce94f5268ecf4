package rest

import (
	"context"
	"encoding/json"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

type explainInput struct {
	scope
	ID     string `path:"id" format:"uuid"`
	Filter string `query:"filter" required:"true" doc:"A filter in the text form."`
}

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

func (h *handler) filterRoutes(r routes) {
	query(r, "GET /visitors/{id}/explain", "explainVisitor", "Explain why a filter matches a visitor or does not",
		body(h.explainVisitor))
	query(r, "GET /schema", "getSchema", "Get fields, operators, sources, orders and limits, for front ends", body(h.getSchema))
	query(r, "POST /filters/check", "checkFilter", "Check a filter, and return it as text and as JSON with warnings",
		body(h.checkFilter))
}

func (h *handler) explainVisitor(ctx context.Context, ws *store.Workspace, in *explainInput) (filter.Explanation, error) {
	where, err := filter.Parse(in.Filter)
	if err != nil {
		return filter.Explanation{}, err
	}
	e, err := ws.Explain(ctx, visitor.ID(in.ID), where)
	return e, inText(in.Filter, err)
}

func (h *handler) getSchema(_ context.Context, ws *store.Workspace, _ *nothingInput) (Schema, error) {
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
	return s, nil
}

var orderLabels = map[store.Order]string{
	store.NewestFirst: "Newest first", store.OldestFirst: "Oldest first", store.RecentlySeen: "Recently seen",
	store.LeastRecentlySeen: "Longest not seen", store.RecentlyUpdated: "Recently updated", store.NameAZ: "Name A–Z", store.NameZA: "Name Z–A",
}

func (h *handler) checkFilter(ctx context.Context, ws *store.Workspace, in *bodyInput[FilterCheck]) (report FilterReport, err error) {
	var e filter.Expr
	text, form := in.Body.Text, in.Body.JSON
	switch {
	case (text == nil) == (form == nil):
		return report, invalid("text", "want either text or json")
	case text != nil:
		e, err = filter.Parse(*text)
	default:
		e, err = filter.Unmarshal(form)
	}
	if err != nil {
		return report, err
	}
	if _, err := ws.Bind(ctx, e); err != nil {
		if text != nil {
			err = inText(*text, err)
		}
		return report, err
	}
	if report.Text, err = filter.Format(e); err != nil {
		return report, err
	}
	if report.JSON, err = filter.Marshal(e); err != nil {
		return report, err
	}
	findings, err := ws.Lint(ctx, e)
	report.Findings = nonNil(findings)
	return report, err
}
