package store

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Bind returns e with the ids of its tags and groups and the current time, so that
// filter.Match can test visitors that the caller already has. The result can also be used as
// an expression. The error matches ErrInvalid, as for Find.
func (w *Workspace) Bind(ctx context.Context, e filter.Expr) (filter.Bound, error) {
	bound, err := w.bind(ctx, e, w.now())
	return bound, fail("bind filter", err)
}

// errNoFilter refuses a query without a filter, which is more often a mistake than a query
// for every visitor.
var errNoFilter = &filter.Error{Reason: "missing: use filter.All() for every visitor"}

// bind binds e at the time now.
func (w *Workspace) bind(ctx context.Context, e filter.Expr, now time.Time) (filter.Bound, error) {
	env, err := w.env(ctx, e, now)
	if err != nil {
		return filter.Bound{}, err
	}
	return filter.Bind(e, env)
}

// env looks up the tags, groups, topics and jobs that e mentions.
func (w *Workspace) env(ctx context.Context, e filter.Expr, now time.Time) (*filter.Env, error) {
	if e == nil {
		return nil, errNoFilter
	}
	env := &filter.Env{
		Now: now, Zone: w.o.Zone, WeekStart: w.o.WeekStart, Sources: w.rules.Sources, Unknown: w.o.Unknown,
		Known: func(kind filter.Kind) []string { return w.known(ctx, kind) },
	}
	if err := filter.Validate(e); err != nil {
		return nil, err
	}
	refs := filter.References(e)
	if len(refs.Groups)+len(refs.GroupIDs) > 0 {
		env.Groups = make(map[string]filter.GroupRef, len(refs.Groups)+len(refs.GroupIDs))
		if err := w.groupEnv(ctx, refs, env); err != nil {
			return nil, err
		}
		inRules := refsOfRules(env)
		refs.Tags, refs.Topics = append(refs.Tags, inRules.Tags...), append(refs.Topics, inRules.Topics...)
		refs.Can = refs.Can || inRules.Can
		if err := w.groupEnv(ctx, inRules, env); err != nil { // these have no rules
			return nil, err
		}
	}
	if len(refs.Tags) > 0 {
		env.Tags = make(map[string]tag.ID, len(refs.Tags))
		for keys := range slices.Chunk(keysOf(refs.Tags), MaxLimit) {
			tags, err := w.store.ListTags(ctx, w.id, driver.List{Keys: keys})
			if err != nil {
				return nil, err
			}
			for _, t := range tags {
				env.Tags[tag.Key(t.Name)] = t.ID
			}
		}
	}
	if err := w.jobEnv(ctx, refs, env); err != nil {
		return nil, err
	}
	return env, w.permissionEnv(ctx, refs, env)
}

// jobEnv adds the visitors of the jobs that refs mention to env.
func (w *Workspace) jobEnv(ctx context.Context, refs filter.Refs, env *filter.Env) error {
	slices.Sort(refs.Jobs)
	for keys := range slices.Chunk(slices.Compact(refs.Jobs), MaxLimit) {
		found, err := w.store.Records(ctx, w.id, driver.RecordQuery{Kind: driver.JobRecords, Keys: keys})
		if err != nil {
			return err
		}
		if env.Jobs == nil {
			env.Jobs = make(map[string][]visitor.ID, len(found))
		}
		for _, r := range found {
			j, err := driver.JobOf(r)
			if err != nil {
				return err
			}
			if j.State == JobFreezing || j.State == JobDeleting { // some of its visitors are not known
				continue
			}
			ids := make([]visitor.ID, 0, j.Count)
			for part, err := range w.parts(ctx, driver.JobVisitors, r.Key, driver.JobVisitorsOf) {
				if err != nil {
					return err
				}
				if ids = append(ids, part...); len(ids) > filter.MaxBoundValues { // Bind refuses it
					break
				}
			}
			env.Jobs[r.Key] = ids
		}
	}
	return nil
}

// permissionEnv adds the topics that refs mention to env, and whether a suppression key is missing.
func (w *Workspace) permissionEnv(ctx context.Context, refs filter.Refs, env *filter.Env) error {
	if len(refs.Topics) > 0 {
		env.Topics = make(map[string]consent.Topic, len(refs.Topics))
	}
	slices.Sort(refs.Topics)
	for keys := range slices.Chunk(slices.Compact(refs.Topics), MaxLimit) {
		found, err := w.store.Records(ctx, w.id, driver.RecordQuery{Kind: driver.TopicRecords, Keys: keys})
		if err != nil {
			return err
		}
		for _, r := range found {
			if env.Topics[r.Key], err = driver.TopicOf(r); err != nil {
				return err
			}
		}
	}
	if !refs.Can {
		return nil
	}
	keys, err := w.store.Keys(ctx, w.id)
	env.KeyMissing = keys.Missing
	return err
}

// refsOfRules returns what the rules of the groups in env mention.
func refsOfRules(env *filter.Env) (all filter.Refs) {
	for _, g := range env.Groups {
		if g.Rule == nil {
			continue
		}
		refs := filter.References(g.Rule)
		all.Tags = append(all.Tags, refs.Tags...)
		all.Groups = append(all.Groups, refs.Groups...)
		all.GroupIDs = append(all.GroupIDs, refs.GroupIDs...)
		all.Topics = append(all.Topics, refs.Topics...)
		all.Can = all.Can || refs.Can
	}
	return all
}

// groupEnv adds the groups that refs mention to env.
func (w *Workspace) groupEnv(ctx context.Context, refs filter.Refs, env *filter.Env) error {
	add := func(l driver.List) error {
		groups, err := w.store.ListGroups(ctx, w.id, l)
		for _, g := range groups {
			ref := filter.GroupRef{ID: g.ID, Rule: g.Rule}
			env.Groups[group.Key(g.Name)], env.Groups[string(g.ID)] = ref, ref
		}
		return err
	}
	for keys := range slices.Chunk(keysOf(refs.Groups), MaxLimit) {
		if err := add(driver.List{Keys: keys}); err != nil {
			return err
		}
	}
	var ids []string
	for _, id := range refs.GroupIDs {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	for part := range slices.Chunk(slices.Compact(ids), MaxLimit) {
		if err := add(driver.List{IDs: part}); err != nil {
			return err
		}
	}
	return nil
}

func keysOf(names []string) []string {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = tag.Key(strings.TrimSpace(name))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// known lists the names of tags or groups, or the keys of topics, from which an error suggests a
// similar one.
func (w *Workspace) known(ctx context.Context, kind filter.Kind) []string {
	switch kind {
	case filter.TagKind:
		return namesOf(w.Tags(ctx), func(t tag.Tag) string { return t.Name })
	case filter.TopicKind:
		return namesOf(w.Topics(ctx), func(t consent.Topic) string { return t.Key })
	}
	return namesOf(w.Groups(ctx), func(g group.Group) string { return g.Name })
}

func namesOf[T any](all iter.Seq2[T, error], name func(T) string) (names []string) {
	const enough = 10_000 // with more names, the error would be slow
	for item, err := range all {
		if err != nil || len(names) == enough {
			break
		}
		names = append(names, name(item))
	}
	return names
}
