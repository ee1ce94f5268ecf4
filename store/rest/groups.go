package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
)

type (
	groupsOutput     struct{ Body GroupList }
	createGroupInput struct {
		scope
		Body GroupDraft
	}
	updateGroupInput struct {
		scope
		ID   string `path:"id" format:"uuid"`
		Body GroupPatch
	}
	groupOutput        struct{ Body Group }
	createdGroupOutput struct {
		Location string `header:"Location"`
		Body     Group
	}
)

// GroupList lists all groups, ordered by folded name.
type GroupList struct {
	Groups []Group `json:"groups"`
}

// Group is a group.Group as JSON.
type Group struct {
	ID          group.ID        `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Rule        json.RawMessage `json:"rule,omitempty"`
	RuleText    string          `json:"rule_text,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
}

// GroupDraft is a group.Draft as JSON, with the rule as JSON or as text.
type GroupDraft struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Rule        json.RawMessage `json:"rule,omitempty"`
	RuleText    string          `json:"rule_text,omitempty"`
}

// GroupPatch is a group.Patch as JSON, with the rule as JSON or as text.
type GroupPatch struct {
	Name        *string         `json:"name,omitempty"`
	Description *string         `json:"description,omitempty"`
	Rule        json.RawMessage `json:"rule,omitempty"`
	RuleText    string          `json:"rule_text,omitempty"`
	ClearRule   bool            `json:"clear_rule,omitempty"`
}

func (h *handler) groupRoutes(api huma.API) {
	query(h, api, huma.Operation{OperationID: "listGroups", Method: http.MethodGet, Path: "/groups", Tags: []string{"groups"},
		Summary: "List all groups"}, h.listGroups)
	operation(h, api, huma.Operation{OperationID: "createGroup", Method: http.MethodPost, Path: "/groups", Tags: []string{"groups"},
		Summary: "Create a group", DefaultStatus: http.StatusCreated}, h.createGroup)
	operation(h, api, huma.Operation{OperationID: "updateGroup", Method: http.MethodPatch, Path: "/groups/{id}", Tags: []string{"groups"},
		Summary: "Change the name, description or rule of a group"}, h.updateGroup)
	operation(h, api, huma.Operation{OperationID: "deleteGroup", Method: http.MethodDelete, Path: "/groups/{id}", Tags: []string{"groups"},
		Summary: "Delete a group; its members stay visitors", DefaultStatus: http.StatusNoContent}, h.deleteGroup)
}

// groupEncoder converts groups to JSON. A rule is stored with the ids of tags and groups; the
// text form has their names, which the encoder reads once.
type groupEncoder struct {
	ws    *store.Workspace
	names map[string]string // of tags and groups, by id
}

func (e *groupEncoder) encode(ctx context.Context, g group.Group) (Group, error) {
	out := Group{ID: g.ID, Name: g.Name, Description: g.Description, CreatedAt: g.CreatedAt}
	if g.Rule == nil {
		return out, nil
	}
	if err := e.readNames(ctx); err != nil {
		return Group{}, err
	}
	var err error
	if out.Rule, err = filter.Marshal(g.Rule); err != nil {
		return Group{}, err
	}
	out.RuleText, err = filter.Format(filter.DisplayNames(g.Rule, func(_ filter.Kind, id string) string { return e.names[id] }))
	return out, err
}

func (e *groupEncoder) readNames(ctx context.Context) error {
	if e.names != nil {
		return nil
	}
	names := map[string]string{}
	for t, err := range e.ws.Tags(ctx) {
		if err != nil {
			return err
		}
		names[string(t.ID)] = t.Name
	}
	for g, err := range e.ws.Groups(ctx) {
		if err != nil {
			return err
		}
		names[string(g.ID)] = g.Name
	}
	e.names = names
	return nil
}

// ruleOf returns the rule that is given as JSON or as text, or nil.
func ruleOf(form json.RawMessage, text string) (filter.Expr, error) {
	switch {
	case form != nil && text != "":
		return nil, invalid("rule_text", "want rule or rule_text, not both")
	case form != nil:
		e, err := filter.Unmarshal(form)
		return e, inField("rule", err)
	case text != "":
		e, err := filter.Parse(text)
		return e, inField("rule_text", err)
	}
	return nil, nil
}

// inField sets the field of an error about a filter.
func inField(field string, err error) error {
	if err == nil {
		return nil
	}
	p := problemOf(err)
	p.Field = field
	return p
}

// inRule sets field and position of an error about a rule.
func inRule(text string, err error) error {
	var p *Problem
	if !errors.As(inText(text, err), &p) {
		return err
	}
	if text != "" {
		return inField("rule_text", p)
	}
	return inField("rule", p)
}

func (h *handler) listGroups(ctx context.Context, ws *store.Workspace, _ *nothingInput) (*groupsOutput, error) {
	out := &groupsOutput{GroupList{[]Group{}}}
	enc := groupEncoder{ws: ws}
	for g, err := range ws.Groups(ctx) {
		if err != nil {
			return nil, err
		}
		form, err := enc.encode(ctx, g)
		if err != nil {
			return nil, err
		}
		out.Body.Groups = append(out.Body.Groups, form)
	}
	return out, nil
}

func (h *handler) createGroup(ctx context.Context, ws *store.Workspace, in *createGroupInput) (*createdGroupOutput, error) {
	rule, err := ruleOf(in.Body.Rule, in.Body.RuleText)
	if err != nil {
		return nil, err
	}
	g, err := ws.CreateGroup(ctx, group.Draft{Name: in.Body.Name, Description: in.Body.Description, Rule: rule})
	if err != nil {
		return nil, renameField(inRule(in.Body.RuleText, err), groupNames)
	}
	body, err := (&groupEncoder{ws: ws}).encode(ctx, g)
	return &createdGroupOutput{"groups/" + string(g.ID), body}, err
}

func (h *handler) updateGroup(ctx context.Context, ws *store.Workspace, in *updateGroupInput) (*groupOutput, error) {
	rule, err := ruleOf(in.Body.Rule, in.Body.RuleText)
	if err != nil {
		return nil, err
	}
	if rule != nil && in.Body.ClearRule {
		return nil, invalid("clear_rule", "want a rule or clear_rule, not both")
	}
	g, err := ws.UpdateGroup(ctx, group.ID(in.ID), group.Patch{
		Name: in.Body.Name, Description: in.Body.Description, Rule: rule, ClearRule: in.Body.ClearRule,
	})
	if err != nil {
		return nil, renameField(inRule(in.Body.RuleText, err), groupNames)
	}
	body, err := (&groupEncoder{ws: ws}).encode(ctx, g)
	return &groupOutput{body}, err
}

func (h *handler) deleteGroup(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	return nil, ws.DeleteGroup(ctx, group.ID(in.ID))
}
