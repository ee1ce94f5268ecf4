package faulttest

import (
	"context"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// replayed is a visitor as its events describe it.
type replayed struct {
	revision int64
	tags     map[tag.ID]bool
	groups   map[group.ID]bool
}

// replay requires that replaying the events leads to the visitors that exist: none is missing,
// repeated, or of a change without effect.
func (c *crowd) replay() {
	t, ctx := c.t, context.Background()
	visitors := map[visitor.ID]*replayed{}
	tags := map[tag.ID]bool{}
	seq := store.Seq(0)
	for e, err := range c.Events(ctx, 0) {
		require.NoError(t, err)
		seq++
		require.Equal(t, seq, e.Seq, "number of an event")
		r := visitors[e.Visitor]
		if e.Visitor != "" && e.Kind != store.VisitorCreated {
			require.NotNil(t, r, "%s of a visitor who does not exist", e.Kind)
		}
		switch e.Kind {
		case store.VisitorCreated:
			require.Nil(t, r, "a visitor is created twice")
			r = &replayed{revision: 1, tags: map[tag.ID]bool{}, groups: map[group.ID]bool{}}
			visitors[e.Visitor] = r
			set(c, r.tags, e.Tags, true)
			set(c, r.groups, e.Groups, true)
		case store.VisitorUpdated:
			r.revision++
		case store.VisitorDeleted:
			delete(visitors, e.Visitor)
		case store.VisitorTagged:
			set(c, r.tags, e.Tags, true)
		case store.VisitorUntagged:
			set(c, r.tags, e.Tags, false)
		case store.VisitorJoined:
			set(c, r.groups, e.Groups, true)
		case store.VisitorLeft:
			set(c, r.groups, e.Groups, false)
		case store.TagCreated:
			set(c, tags, e.Tags, true)
		}
	}
	owners := map[string]visitor.ID{}
	for v, err := range c.All(ctx, store.Query{Where: filter.All()}) {
		require.NoError(t, err)
		r := visitors[v.ID]
		require.NotNil(t, r, "a visitor without events")
		delete(visitors, v.ID)
		require.Equal(t, r.revision, v.Revision)
		has := map[tag.ID]bool{}
		for _, a := range v.Tags {
			has[a.Tag] = true
		}
		require.Equal(t, r.tags, has, "tags")
		require.Equal(t, slices.Sorted(maps.Keys(r.groups)), v.Groups(), "groups")
		for _, i := range v.Identities {
			require.Empty(t, owners[i.ExternalID], "an identity of two visitors")
			owners[i.ExternalID] = v.ID
		}
	}
	require.Empty(t, visitors, "visitors of events that do not exist")
	keys := map[string]bool{}
	for made, err := range c.Tags(ctx) {
		require.NoError(t, err)
		require.True(t, tags[made.ID], "a tag without an event")
		require.False(t, keys[tag.Key(made.Name)], "two tags with one name")
		keys[tag.Key(made.Name)] = true
	}
	require.Len(t, keys, len(tags))
}

// set adds keys to a set or removes them. Each must be in the other state before.
func set[K comparable](c *crowd, in map[K]bool, which []K, there bool) {
	for _, k := range which {
		require.NotEqual(c.t, there, in[k], "an event without effect")
		if there {
			in[k] = true
		} else {
			delete(in, k)
		}
	}
}
