package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// WatchForm begins to watch a group.
type WatchForm struct {
	Events bool `json:"events,omitempty" doc:"The present members get an event too. Default: only visitors that enter or leave from now on."`
}

// RuleForm is a rule as JSON or as text.
type RuleForm struct {
	Rule      json.RawMessage `json:"rule,omitempty"`
	RuleText  string          `json:"rule_text,omitempty"`
	ClearRule bool            `json:"clear_rule,omitempty" doc:"The group would have no rule."`
}

// RulePreview counts who would enter and leave a group.
type RulePreview struct {
	Entered int64 `json:"entered"`
	Left    int64 `json:"left"`
}

// UpcomingList is who enters and leaves a group by the passing of time alone, by time.
type UpcomingList struct {
	Changes []Upcoming `json:"changes"`
	More    bool       `json:"more" doc:"There are more than limit."`
}

// Upcoming is a store.UpcomingChange as JSON.
type Upcoming struct {
	Visitor visitor.ID `json:"visitor"`
	At      time.Time  `json:"at"`
	Entered bool       `json:"entered"`
}

type upcomingInput struct {
	scope
	ID    string    `path:"id" format:"uuid"`
	Until time.Time `query:"until" required:"true" doc:"A time in the future."`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of changes. Default: 100."`
}

func (h *handler) watchRoutes(r routes) {
	change(r, "PUT /groups/{id}/watch", "watchGroup", "Record who enters and leaves a group, as events", h.watchGroup)
	change(r, "DELETE /groups/{id}/watch", "unwatchGroup", "Record no longer who enters and leaves a group", h.unwatchGroup)
	query(r, "POST /groups/{id}/preview", "previewRule", "Count who would enter and leave a group with another rule", body(h.previewRule))
	query(r, "GET /groups/{id}/upcoming", "listUpcomingChanges", "List who enters and leaves a group by a time, if nothing else changes",
		body(h.upcoming))
}

func (h *handler) watchGroup(ctx context.Context, ws *store.Workspace, in *patchInput[WatchForm]) (*struct{}, error) {
	return nil, ws.WatchGroup(ctx, group.ID(in.ID), true, &store.WatchOptions{Events: in.Body.Events})
}

func (h *handler) unwatchGroup(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	return nil, ws.WatchGroup(ctx, group.ID(in.ID), false, nil)
}

func (h *handler) previewRule(ctx context.Context, ws *store.Workspace, in *patchInput[RuleForm]) (RulePreview, error) {
	rule, err := ruleOf(in.Body.Rule, in.Body.RuleText)
	if err == nil && (rule == nil) != in.Body.ClearRule {
		err = invalid("rule", "want a rule, or clear_rule")
	}
	if err != nil {
		return RulePreview{}, err
	}
	p, err := ws.PreviewRule(ctx, group.ID(in.ID), rule)
	return RulePreview(p), inRule(in.Body.RuleText, err)
}

func (h *handler) upcoming(ctx context.Context, ws *store.Workspace, in *upcomingInput) (UpcomingList, error) {
	list, limit := UpcomingList{Changes: []Upcoming{}}, cmp.Or(in.Limit, 100)
	for c, err := range ws.UpcomingChanges(ctx, group.ID(in.ID), in.Until) {
		if err != nil {
			return UpcomingList{}, err
		}
		if list.More = len(list.Changes) == limit; list.More {
			break
		}
		list.Changes = append(list.Changes, Upcoming(c))
	}
	return list, nil
}
