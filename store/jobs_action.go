package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// checkAction returns an action in normalized form.
func (w *Workspace) checkAction(a Action) (Action, error) {
	var err error
	if a.Where == nil && a.Filter != "" {
		if a.Where, err = filter.Parse(a.Filter); err != nil {
			return a, err
		}
	}
	if err := checkScope(&a); err != nil {
		return a, err
	}
	a.Filter = ""
	if a.Where != nil {
		if a.Filter, err = filter.Format(a.Where); err != nil {
			return a, err
		}
	}
	kinds := func(kinds ...ActionKind) bool { return slices.Contains(kinds, a.Kind) }
	for _, f := range []struct {
		name          string
		given, wanted bool
	}{
		{"tags", len(a.Tags) > 0, kinds(ActionTag, ActionUntag)},
		{"group", a.Group != "", kinds(ActionAddToGroup, ActionRemoveFromGroup)},
		{"set", len(a.Set) > 0, kinds(ActionSet)},
		{"unset", len(a.Unset) > 0, kinds(ActionUnset)},
	} {
		switch {
		case f.wanted && !f.given:
			return a, text.Refuse(f.name, "missing")
		case f.given && !f.wanted:
			return a, text.Refuse(f.name, "not used by this action")
		}
	}
	if a.Hold < 0 {
		return a, text.Refuse("hold", "negative")
	}
	switch a.Kind {
	case ActionAddToGroup, ActionRemoveFromGroup:
		a.Group, err = group.ParseID(string(a.Group))
	case ActionSet, ActionUnset:
		var p visitor.Patch
		if p, err = w.rules.Patch(visitor.Patch{Set: a.Set, Unset: a.Unset}); err == nil {
			a.Set, a.Unset = p.Set, slices.Compact(slices.Sorted(slices.Values(p.Unset)))
		}
	case ActionTag, ActionUntag, ActionDelete, ActionMerge:
	default:
		err = text.Refuse("kind", "unknown")
	}
	return a, err
}

// checkScope checks which visitors an action is about.
func checkScope(a *Action) error {
	given := 0
	for _, is := range []bool{a.Where != nil, a.IDs != nil, a.Pairs != nil} {
		if is {
			given++
		}
	}
	switch {
	case a.Kind == ActionMerge && (a.Pairs == nil || given > 1):
		return text.Refuse("pairs", "want these, and neither a filter nor ids")
	case a.Kind != ActionMerge && (a.Pairs != nil || given != 1):
		return text.Refuse("filter", "want either a filter or ids")
	}
	ids := map[visitor.ID]bool{}
	for _, one := range a.IDs {
		parsed, err := visitor.ParseID(string(one))
		if err != nil {
			return err
		}
		ids[parsed] = true
	}
	if a.IDs != nil {
		a.IDs = slices.Sorted(maps.Keys(ids))
	}
	a.Pairs = slices.Clone(a.Pairs)
	for n, p := range a.Pairs {
		into, from, err := parsed(p[0], p[1])
		if err != nil {
			return err
		}
		if into == from {
			return text.Refuse("pairs", fmt.Sprintf("pair %d is one visitor", n+1))
		}
		a.Pairs[n] = [2]visitor.ID{into, from}
	}
	return nil
}

// resolveAction looks up the tags and the group of a job.
func (w *Workspace) resolveAction(ctx context.Context, j *Job, now time.Time) error {
	a := &j.Action
	switch a.Kind {
	case ActionTag, ActionUntag:
		names := a.Tags
		a.Tags = nil
		for _, name := range names {
			d, err := tag.Draft{Name: name}.Normalize()
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(j.Tags, func(t tag.Tag) bool { return tag.Key(t.Name) == tag.Key(d.Name) }) {
				a.Tags, j.Tags = append(a.Tags, d.Name), append(j.Tags, newTag(d, now))
			}
		}
		if err := visitor.CheckLimit("tags", len(j.Tags), visitor.MaxTags); err != nil {
			return err
		}
		found, err := w.store.ListTags(ctx, w.id, driver.List{Keys: keysOf(a.Tags)})
		if err != nil {
			return err
		}
		for n, t := range j.Tags {
			at := slices.IndexFunc(found, func(f tag.Tag) bool { return tag.Key(f.Name) == tag.Key(t.Name) })
			if at >= 0 {
				j.Tags[n] = found[at]
			} else if a.Kind == ActionUntag {
				return driver.NotFound("tag", "") // its key is its name
			}
		}
	case ActionAddToGroup, ActionRemoveFromGroup:
		found, err := w.store.ListGroups(ctx, w.id, driver.List{IDs: []string{string(a.Group)}})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return driver.NotFound("group", string(a.Group))
		}
		j.Rule = found[0].Rule != nil
	case ActionMerge:
		j.Policy = &w.o.Capture
	}
	return nil
}
