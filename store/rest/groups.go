package rest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
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
	RuleText    string          `json:"rule_text,omitempty" doc:"The rule in the text form."`
	Watched     bool            `json:"watched,omitempty" doc:"Events record who enters and leaves it."`
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
	ClearRule   bool            `json:"clear_rule,omitempty" doc:"Removes the rule. Members that were added stay."`
}

func (h *handler) groupRoutes(r routes) {
	query(r, "GET /groups", "listGroups", "List all groups", body(h.listGroups))
	change(r.creating(), "POST /groups", "createGroup", "Create a group", h.createGroup)
	change(r, "PATCH /groups/{id}", "updateGroup", "Change the name, description or rule of a group", body(h.updateGroup))
	change(r, "DELETE /groups/{id}", "deleteGroup", "Delete a group; its members stay visitors", h.deleteGroup)
}

// groupEncoder converts groups to JSON. A rule is stored with the ids of tags and groups; the
// text form has their names, which the encoder reads once.
type groupEncoder struct {
	ws      *store.Workspace
	names   map[string]string // of tags and groups, by id
	watched map[group.ID]bool // nil: not read yet
}

func (e *groupEncoder) encode(ctx context.Context, g group.Group) (Group, error) {
	if e.watched == nil {
		ids, err := e.ws.WatchedGroups(ctx)
		if err != nil {
			return Group{}, err
		}
		e.watched = map[group.ID]bool{}
		for _, id := range ids {
			e.watched[id] = true
		}
	}
	out := Group{ID: g.ID, Name: g.Name, Description: g.Description, Watched: e.watched[g.ID], CreatedAt: g.CreatedAt}
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

func (h *handler) listGroups(ctx context.Context, ws *store.Workspace, _ *nothingInput) (GroupList, error) {
	list := GroupList{[]Group{}}
	enc := groupEncoder{ws: ws}
	for g, err := range ws.Groups(ctx) {
		if err != nil {
			return GroupList{}, err
		}
		form, err := enc.encode(ctx, g)
		if err != nil {
			return GroupList{}, err
		}
		list.Groups = append(list.Groups, form)
	}
	return list, nil
}

func (h *handler) createGroup(ctx context.Context, ws *store.Workspace, in *bodyInput[GroupDraft]) (*createdOutput[Group], error) {
	rule, err := ruleOf(in.Body.Rule, in.Body.RuleText)
	if err != nil {
		return nil, err
	}
	g, err := ws.CreateGroup(ctx, group.Draft{Name: in.Body.Name, Description: in.Body.Description, Rule: rule})
	if err != nil {
		return nil, renameField(inRule(in.Body.RuleText, err), groupNames)
	}
	form, err := (&groupEncoder{ws: ws}).encode(ctx, g)
	return &createdOutput[Group]{"groups/" + string(g.ID), form}, err
}

func (h *handler) updateGroup(ctx context.Context, ws *store.Workspace, in *patchInput[GroupPatch]) (Group, error) {
	rule, err := ruleOf(in.Body.Rule, in.Body.RuleText)
	if err != nil {
		return Group{}, err
	}
	if rule != nil && in.Body.ClearRule {
		return Group{}, invalid("clear_rule", "want a rule or clear_rule, not both")
	}
	g, err := ws.UpdateGroup(ctx, group.ID(in.ID), group.Patch{
		Name: in.Body.Name, Description: in.Body.Description, Rule: rule, ClearRule: in.Body.ClearRule,
	})
	if err != nil {
		return Group{}, renameField(inRule(in.Body.RuleText, err), groupNames)
	}
	return (&groupEncoder{ws: ws}).encode(ctx, g)
}

func (h *handler) deleteGroup(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	return nil, ws.DeleteGroup(ctx, group.ID(in.ID))
}
