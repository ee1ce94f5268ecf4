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

type upcomingInput struct {
	scope
	ID    string    `path:"id" format:"uuid"`
	Until time.Time `query:"until" required:"true" doc:"To when to look ahead."`
	Limit int       `query:"limit" minimum:"1" maximum:"1000" doc:"Maximum number of changes. Default: 100."`
}

// Watch is the body of POST /groups/{id}/watch.
type Watch struct {
	Events bool `json:"events,omitempty" doc:"Also record that everybody who is a member now enters."`
}

// WatchedGroups lists the groups that are watched.
type WatchedGroups struct {
	Groups []group.ID `json:"groups"`
}

// RuleDraft is a rule as JSON or as text.
type RuleDraft struct {
	Rule     json.RawMessage `json:"rule,omitempty"`
	RuleText string          `json:"rule_text,omitempty" doc:"The rule in the text form. Without a rule, only visitors that were added are members."`
}

// RulePreview counts who would enter and leave.
type RulePreview struct {
	Entered int64 `json:"entered"`
	Left    int64 `json:"left"`
}

// UpcomingChanges lists visitors that enter or leave a group by the passing of time alone.
type UpcomingChanges struct {
	Changes []UpcomingChange `json:"changes" doc:"In the order of the instants, if no visitor changes until then."`
}

// UpcomingChange is store.UpcomingChange as JSON.
type UpcomingChange struct {
	Visitor visitor.ID `json:"visitor"`
	At      time.Time  `json:"at"`
	Entered bool       `json:"entered"`
}

func (h *handler) watchRoutes(r routes) {
	query(r, "GET /groups/watched", "listWatchedGroups", "List the groups that are watched", body(h.listWatchedGroups))
	change(r, "POST /groups/{id}/watch", "watchGroup", "Record who enters and leaves a group, as events", h.watchGroup)
	change(r, "DELETE /groups/{id}/watch", "unwatchGroup", "End to watch a group", h.unwatchGroup)
	query(r, "POST /groups/{id}/preview", "previewRule", "Count who would enter and leave a group with another rule", body(h.previewRule))
	query(r, "GET /groups/{id}/upcoming", "listUpcomingChanges", "List who will enter and leave a group by the passing of time",
		body(h.listUpcoming))
}

func (h *handler) listWatchedGroups(ctx context.Context, ws *store.Workspace, _ *nothingInput) (WatchedGroups, error) {
	ids, err := ws.WatchedGroups(ctx)
	return WatchedGroups{nonNil(ids)}, err
}

func (h *handler) watchGroup(ctx context.Context, ws *store.Workspace, in *patchInput[Watch]) (*struct{}, error) {
	return nil, ws.WatchGroup(ctx, group.ID(in.ID), true, &store.WatchOptions{Events: in.Body.Events})
}

func (h *handler) unwatchGroup(ctx context.Context, ws *store.Workspace, in *idInput) (*struct{}, error) {
	return nil, ws.WatchGroup(ctx, group.ID(in.ID), false, nil)
}

func (h *handler) previewRule(ctx context.Context, ws *store.Workspace, in *patchInput[RuleDraft]) (RulePreview, error) {
	rule, err := ruleOf(in.Body.Rule, in.Body.RuleText)
	if err != nil {
		return RulePreview{}, err
	}
	p, err := ws.PreviewRule(ctx, group.ID(in.ID), rule)
	if err != nil {
		return RulePreview{}, renameField(inRule(in.Body.RuleText, err), groupNames)
	}
	return RulePreview(p), nil
}

func (h *handler) listUpcoming(ctx context.Context, ws *store.Workspace, in *upcomingInput) (UpcomingChanges, error) {
	list := UpcomingChanges{[]UpcomingChange{}}
	for c, err := range ws.UpcomingChanges(ctx, group.ID(in.ID), in.Until) {
		if err != nil {
			return UpcomingChanges{}, err
		}
		list.Changes = append(list.Changes, UpcomingChange(c))
		if len(list.Changes) == cmp.Or(in.Limit, 100) {
			break
		}
	}
	return list, nil
}
