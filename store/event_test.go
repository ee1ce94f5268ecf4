package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func TestAssignmentsRecordTimeActorAndCause(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	v := create(t, ws, visitor.Draft{Name: "Ada"})
	agent, err := ws.WithActor("agent-7", "called back")
	require.NoError(t, err)
	r, err := agent.Tag(ctx, []string{"hot-lead"}, v.ID)
	require.NoError(t, err)
	require.Equal(t, store.Bulk{Changed: 1}, r)
	r, err = ws.Tag(ctx, []string{"HOT-LEAD"}, v.ID)
	require.NoError(t, err)
	require.Equal(t, store.Bulk{Unchanged: 1}, r)

	v, err = ws.Get(ctx, v.ID)
	require.NoError(t, err)
	require.Len(t, v.Tags, 1)
	require.Equal(t, "agent-7", v.Tags[0].Actor)
	require.Equal(t, "called back", v.Tags[0].Cause)
	require.Equal(t, tag.ColorFor("hot-lead"), v.Tags[0].Color)
	require.True(t, v.Tags[0].At.After(v.CreatedAt))
	_, err = ws.WithActor("a\x00", "")
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestMembershipsRecordTimeActorAndCause(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "VIP"})
	require.NoError(t, err)
	agent, err := ws.WithActor("agent-7", "called back")
	require.NoError(t, err)
	v, err := agent.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat, Groups: []group.ID{g.ID}})
	require.NoError(t, err)
	want := []visitor.Membership{{Group: g.ID, At: v.UpdatedAt, Actor: "agent-7", Cause: "called back"}}
	require.Equal(t, want, v.Memberships)

	r, err := ws.AddToGroup(ctx, g.ID, v.ID)
	require.NoError(t, err)
	require.Equal(t, store.Bulk{Unchanged: 1}, r)
	v, err = ws.Get(ctx, v.ID)
	require.NoError(t, err)
	require.Equal(t, want, v.Memberships, "the first membership stays")

	r, err = agent.RemoveFromGroup(ctx, g.ID, v.ID)
	require.NoError(t, err)
	require.Equal(t, store.Bulk{Changed: 1}, r)
	r, err = ws.AddToGroup(ctx, g.ID, v.ID)
	require.NoError(t, err)
	require.Equal(t, store.Bulk{Changed: 1}, r)
	v, err = ws.Get(ctx, v.ID)
	require.NoError(t, err)
	require.Len(t, v.Memberships, 1)
	require.True(t, v.Memberships[0].At.After(want[0].At))
	require.Empty(t, v.Memberships[0].Actor)
	require.Empty(t, v.Memberships[0].Cause)
}

func TestEventsRecordActorAndCause(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	agent, err := ws.WithActor("agent-7", "campaign")
	require.NoError(t, err)
	changes := func(ws *store.Workspace, name string) {
		t.Helper()
		i := visitor.Identity{Source: visitor.Telegram, ExternalID: name}
		v := create(t, ws, visitor.Draft{Name: name, Tags: []string{name}})
		_, err := ws.Link(ctx, v.ID, i)
		require.NoError(t, err)
		_, err = ws.Capture(ctx, visitor.Contact{Source: i.Source, ExternalID: i.ExternalID, Tags: []string{name + " 2"}})
		require.NoError(t, err)
		g, err := ws.CreateGroup(ctx, group.Draft{Name: name})
		require.NoError(t, err)
		_, err = ws.AddToGroup(ctx, g.ID, v.ID)
		require.NoError(t, err)
		_, err = ws.RemoveFromGroup(ctx, g.ID, v.ID)
		require.NoError(t, err)
		_, err = ws.UpdateGroup(ctx, g.ID, group.Patch{Description: new("x")})
		require.NoError(t, err)
		_, err = ws.UpdateTag(ctx, v.Tags[0].Tag, tag.Patch{Description: new("x")})
		require.NoError(t, err)
		_, err = ws.Untag(ctx, []string{name}, v.ID)
		require.NoError(t, err)
		_, err = ws.Tag(ctx, []string{name}, v.ID)
		require.NoError(t, err)
		_, err = ws.Update(ctx, v.ID, visitor.Patch{Name: new(name + "!")})
		require.NoError(t, err)
		other := create(t, ws, visitor.Draft{Name: "other"})
		_, err = ws.Merge(ctx, v.ID, other.ID)
		require.NoError(t, err)
		_, _, err = ws.Unmerge(ctx, other.ID)
		require.NoError(t, err)
		_, err = ws.Delete(ctx, other.ID)
		require.NoError(t, err)
		require.NoError(t, ws.DeleteTag(ctx, v.Tags[0].Tag))
		require.NoError(t, ws.DeleteGroup(ctx, g.ID))
	}
	changes(ws, "first")
	last := store.Seq(0)
	for e, err := range ws.Events(ctx, 0) {
		require.NoError(t, err)
		require.Empty(t, e.Actor+e.Cause, e.Kind)
		last = e.Seq
	}
	changes(agent, "second")
	kinds := map[store.EventKind]bool{}
	for e, err := range ws.Events(ctx, last) {
		require.NoError(t, err)
		require.Equal(t, "agent-7", e.Actor, e.Kind)
		require.Equal(t, "campaign", e.Cause, e.Kind)
		require.True(t, e.At.After(start))
		kinds[e.Kind] = true
	}
	require.Len(t, kinds, 15, "every kind but visitor.seen")
}

func TestEventsOfOneVisitor(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	ada, bob := create(t, ws, visitor.Draft{Name: "Ada", Tags: []string{"new"}}), create(t, ws, visitor.Draft{Name: "Bob"})
	_, err := ws.Tag(ctx, []string{"vip"}, ada.ID, bob.ID)
	require.NoError(t, err)
	_, err = ws.Merge(ctx, ada.ID, bob.ID)
	require.NoError(t, err)
	_, err = ws.Update(ctx, bob.ID, visitor.Patch{Name: new("Ada B.")}) // Bob's id is an alias of Ada's
	require.NoError(t, err)
	kinds := func(id visitor.ID) (kinds []store.EventKind) {
		t.Helper()
		last := store.Seq(0)
		for e, err := range ws.EventsOf(ctx, id) {
			require.NoError(t, err)
			require.Greater(t, e.Seq, last)
			require.Contains(t, []visitor.ID{e.Visitor, e.Other}, visitor.ID(strings.ToLower(string(id))))
			kinds, last = append(kinds, e.Kind), e.Seq
		}
		return kinds
	}
	require.Equal(t, []store.EventKind{store.VisitorCreated, store.VisitorTagged, store.VisitorMerged, store.VisitorUpdated}, kinds(ada.ID))
	require.Equal(t, []store.EventKind{store.VisitorCreated, store.VisitorTagged, store.VisitorMerged}, kinds(bob.ID))
	require.Equal(t, kinds(ada.ID), kinds(visitor.ID(strings.ToUpper(string(ada.ID)))))
	require.Empty(t, kinds(visitor.NewID(start)))
	var errs []error
	for _, err := range ws.EventsOf(ctx, "42") {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], store.ErrInvalid)
}

func TestEventsResumeWhereTheyStopped(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	v := create(t, ws, visitor.Draft{Name: "Ada", Tags: []string{"new"}})
	_, err := ws.Delete(ctx, v.ID)
	require.NoError(t, err)
	var kinds []store.EventKind
	var last store.Seq
	for e, err := range ws.Events(ctx, 0) {
		require.NoError(t, err)
		kinds = append(kinds, e.Kind)
		last = e.Seq
	}
	require.Equal(t, []store.EventKind{store.TagCreated, store.VisitorCreated, store.VisitorDeleted}, kinds)
	for range ws.Events(ctx, last) {
		t.Fatal("an event after the last one")
	}
}
