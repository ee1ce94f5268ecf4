package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
)

// WatchOptions configure WatchGroup. A nil *WatchOptions and the zero value of each field mean the
// default.
type WatchOptions struct {
	// Events records that everybody who is a member now enters the group; if the call ends before that
	// is complete, the next call of Advance records the rest. Default: only visitors that enter or leave
	// from now on get events.
	Events bool
}

// WatchGroup begins to record, or with on false stops recording, who enters and who leaves a group, with or
// without a rule: an event GroupEntered or GroupLeft for each visitor, whose At is the instant from
// which the visitor is a member or not any more. See Event.Flip for why.
//
// What changes of visitors do is recorded together with the change. What the passing of time does,
// to rules such as seen:<30d, is recorded by Advance, which Run calls in time. The events are the
// same however often it is called: they are in the order of commits, and At is exact. Days and
// periods in the rule are those of Options.Zone and Options.WeekStart of this handle from now on.
//
// It is done already: nothing changes. The error matches ErrNotFound if the group does not exist, or
// ErrInvalid if it cannot be watched: its rule has a condition on can or consent, the zone is not one
// of the IANA database, or 1,000 other groups are watched.
func (w *Workspace) WatchGroup(ctx context.Context, id group.ID, on bool, o *WatchOptions) error {
	const op = "watch group"
	id, err := group.ParseID(string(id))
	if err != nil {
		return fail(op, err)
	}
	if o == nil {
		o = &WatchOptions{}
	}
	zone, err := zoneName(w.o.Zone, w.now())
	if err != nil && on {
		return fail(op, err)
	}
	out, err := w.applyLast(ctx, op, driver.WatchGroup{
		Audit: w.audit(w.now()), Group: id, On: on, Zone: zone, WeekStart: *w.o.WeekStart, Events: o.Events,
	})
	if err != nil || out.Effect == driver.Unchanged || !on || !o.Events {
		return err
	}
	_, _ = w.advance(ctx, w.now(), 0) // the group is watched; what is not recorded now is recorded later
	return nil
}

// zoneName returns the name by which a zone is found again, "" for UTC.
func zoneName(zone *time.Location, now time.Time) (string, error) {
	if zone == time.UTC {
		return "", nil
	}
	again, err := time.LoadLocation(zone.String())
	same := err == nil && zone != time.Local && zone.String() != ""
	for month := range 24 {
		if at := now.AddDate(0, month-12, 0); same {
			_, offset := at.In(zone).Zone()
			_, expected := at.In(again).Zone()
			same = offset == expected
		}
	}
	if !same {
		return "", text.Refuse("zone", "want one of the IANA database, loaded by its name")
	}
	return zone.String(), nil
}

// WatchedGroups returns the ids of the groups that are watched, in order.
func (w *Workspace) WatchedGroups(ctx context.Context) ([]group.ID, error) {
	watching, err := w.watching(ctx)
	if err != nil || watching == nil {
		return nil, fail("list watched groups", err)
	}
	var ids []group.ID
	for _, s := range watching.Groups {
		ids = append(ids, s.Group)
	}
	slices.Sort(ids)
	return ids, nil
}

// Flip says why a visitor entered or left a watched group.
type Flip struct {
	Group   group.ID
	Entered bool
	Cause   FlipCause
	Rule    int  // version of the rule: 1 when the group began to be watched, one more with each edit
	Bulk    bool // part of an import; see Workspace.Load
}

// FlipCause says why a visitor entered or left a group.
type FlipCause = driver.FlipCause

// The causes.
const (
	ByChange FlipCause = driver.ByChange // of the visitor: the events before this one say which
	ByClock  FlipCause = driver.ByClock  // the time has passed
	ByRule   FlipCause = driver.ByRule   // the rule was edited, or the group began to be watched
	ByMerge  FlipCause = driver.ByMerge  // two visitors were merged or unmerged
	ByDelete FlipCause = driver.ByDelete // the visitor was deleted
)

// Flip returns the details of an event of the kind GroupEntered or GroupLeft, false for others.
func (e Event) Flip() (Flip, bool) {
	if e.Kind != GroupEntered && e.Kind != GroupLeft || len(e.Groups) != 1 || len(e.Fields) < 2 {
		return Flip{}, false
	}
	f := Flip{Group: e.Groups[0], Entered: e.Kind == GroupEntered, Cause: FlipCause(e.Fields[0]), Bulk: slices.Contains(e.Fields, "bulk")}
	f.Rule, _ = strconv.Atoi(strings.TrimPrefix(e.Fields[1], "rule:"))
	return f, true
}

// watching returns the watched groups, nil if there are none.
func (w *Workspace) watching(ctx context.Context) (*driver.Watching, error) {
	return driver.ReadWatching(func(q driver.RecordQuery) ([]driver.Record, error) { return w.store.Records(ctx, w.id, q) }, w.bound)
}

// RulePreview counts who would enter and who would leave a group.
type RulePreview struct{ Entered, Left int64 }

// PreviewRule counts who would enter and who would leave a group if UpdateGroup gave it that rule now;
// with nil, if it had none. It changes nothing. The group need not be watched. Errors are as for
// UpdateGroup.
func (w *Workspace) PreviewRule(ctx context.Context, id group.ID, rule filter.Expr) (RulePreview, error) {
	const op = "preview rule"
	id, err := group.ParseID(string(id))
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	if err := group.CheckRule(rule); err != nil {
		return RulePreview{}, fail(op, err)
	}
	if rule, err = w.resolve(ctx, rule); err != nil {
		return RulePreview{}, fail(op, err)
	}
	found, err := w.store.ListGroups(ctx, w.id, driver.List{IDs: []string{string(id)}})
	if err == nil && len(found) == 0 {
		err = driver.NotFound("group", string(id))
	}
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	members := filter.Group.HasID(id)
	mentioned := members
	if rule != nil {
		mentioned = filter.And(members, rule)
	}
	env, err := w.env(ctx, mentioned, w.now())
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	before, err := filter.Bind(members, env)
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	env.Groups[string(id)] = filter.GroupRef{ID: id, Rule: rule}
	after, err := filter.Bind(members, env)
	if err != nil {
		return RulePreview{}, fail(op, err)
	}
	var p RulePreview
	if p.Entered, err = w.count(ctx, filter.And(after, filter.Not(before)), 0); err != nil {
		return RulePreview{}, fail(op, err)
	}
	p.Left, err = w.count(ctx, filter.And(before, filter.Not(after)), 0)
	return p, fail(op, err)
}
