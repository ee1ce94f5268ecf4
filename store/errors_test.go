package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func TestErrorsSayWhatWasDoneAndToWhat(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	missing := visitor.NewID(start)

	_, err := ws.Get(ctx, missing)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.EqualError(t, err, "get visitor: visitor "+string(missing)+": not found")
	var known *store.Error
	require.ErrorAs(t, err, &known)
	require.Equal(t, "visitor", known.Kind)
	require.Equal(t, string(missing), known.Key)

	_, err = ws.Create(ctx, visitor.Draft{Name: "Ada", Source: visitor.Chat, Email: "secret-address"})
	require.ErrorIs(t, err, store.ErrInvalid)
	require.NotContains(t, err.Error(), "secret")
	require.True(t, strings.HasPrefix(err.Error(), "create visitor: email: "), err.Error())

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = ws.Get(cancelled, missing)
	require.Equal(t, context.Canceled, err)
}

func TestErrorsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	secret := visitor.Draft{
		Name: "secret name", Email: "secret@example.com", Phone: "+493012345678", Source: visitor.Telegram, Tags: []string{"secret tag"},
		Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: "secret id", Username: "secret user"}},
		Attributes: visitor.Attributes{"city": visitor.Text("secret city")},
	}
	v := create(t, ws, secret)
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "secret group", Rule: filter.Tag.Has("secret tag")})
	require.NoError(t, err)
	gone := visitor.NewID(start)

	var errs []error
	check := func(want, err error) {
		t.Helper()
		require.ErrorIs(t, err, want)
		errs = append(errs, err)
	}
	_, err = ws.Create(ctx, secret)
	check(store.ErrExists, err)
	_, err = ws.Link(ctx, create(t, ws, visitor.Draft{Name: "other"}).ID, secret.Identities[0])
	check(store.ErrExists, err)
	_, err = ws.CreateTag(ctx, tag.Draft{Name: "SECRET tag"})
	check(store.ErrExists, err)
	_, err = ws.CreateGroup(ctx, group.Draft{Name: "SECRET group"})
	check(store.ErrExists, err)
	_, err = ws.Update(ctx, v.ID, visitor.Patch{Name: new("secret too"), IfRevision: v.Revision + 1})
	check(store.ErrConflict, err)
	_, err = ws.Update(ctx, gone, visitor.Patch{Name: new("secret too")})
	check(store.ErrNotFound, err)
	_, err = ws.Update(ctx, v.ID, visitor.Patch{Email: new("secret")})
	check(store.ErrInvalid, err)
	_, err = ws.Lookup(ctx, visitor.Telegram, "", "secret too")
	check(store.ErrNotFound, err)
	check(store.ErrInUse, ws.DeleteTag(ctx, v.Tags[0].Tag))
	_, err = ws.AddToGroup(ctx, group.NewID(start), v.ID)
	check(store.ErrNotFound, err)
	_, err = ws.Merge(ctx, v.ID, gone)
	check(store.ErrNotFound, err)
	require.NoError(t, ws.DeleteGroup(ctx, g.ID))
	check(store.ErrNotFound, ws.DeleteGroup(ctx, g.ID))
	for _, err := range errs {
		require.NotContains(t, strings.ToLower(err.Error()), "secret")
		require.NotContains(t, err.Error(), "3012345678")
		var known *store.Error
		require.ErrorAs(t, err, &known)
		require.NotEmpty(t, known.Op)
	}
}

func TestTagsAndGroupsInUseStay(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	v := create(t, ws, visitor.Draft{Name: "Ada", Tags: []string{"customer"}})
	leads, err := ws.CreateGroup(ctx, group.Draft{Name: "Leads", Rule: filter.Not(filter.Tag.Has("customer"))})
	require.NoError(t, err)
	all, err := ws.CreateGroup(ctx, group.Draft{Name: "Everyone called customer", Rule: filter.Or(filter.Tag.Has("customer"), filter.Search("customer"))})
	require.NoError(t, err)

	err = ws.DeleteTag(ctx, v.Tags[0].Tag)
	require.ErrorIs(t, err, store.ErrInUse)
	var used *store.InUseError
	require.ErrorAs(t, err, &used)
	require.Equal(t, "tag", used.Kind)
	require.ElementsMatch(t, []group.ID{leads.ID, all.ID}, used.Groups)
	n, err := ws.Count(ctx, filter.Tag.Has("customer"))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	require.NoError(t, ws.DeleteGroup(ctx, leads.ID))
	require.ErrorIs(t, ws.DeleteTag(ctx, v.Tags[0].Tag), store.ErrInUse)
	_, err = ws.UpdateGroup(ctx, all.ID, group.Patch{ClearRule: true})
	require.NoError(t, err)
	require.NoError(t, ws.DeleteTag(ctx, v.Tags[0].Tag))
	require.ErrorIs(t, ws.DeleteTag(ctx, v.Tags[0].Tag), store.ErrNotFound)
}

func TestARuleMayMentionGroupsWithoutARule(t *testing.T) {
	t.Parallel()
	ctx, ws := context.Background(), open(t, nil)
	ada, bob := create(t, ws, visitor.Draft{Name: "Ada"}), create(t, ws, visitor.Draft{Name: "Bob", Email: "bob@example.com"})
	team, err := ws.CreateGroup(ctx, group.Draft{Name: "Team"})
	require.NoError(t, err)
	_, err = ws.AddToGroup(ctx, team.ID, ada.ID, bob.ID)
	require.NoError(t, err)
	reachable, err := ws.CreateGroup(ctx, group.Draft{Name: "Reachable", Rule: filter.And(filter.Group.Has("team"), filter.Email.Exists())})
	require.NoError(t, err)
	page, err := ws.Find(ctx, store.Query{Where: filter.Group.Has("reachable")})
	require.NoError(t, err)
	require.Equal(t, []string{"Bob"}, names(page))
	newName := "The team"
	_, err = ws.UpdateGroup(ctx, team.ID, group.Patch{Name: &newName})
	require.NoError(t, err)
	n, err := ws.Count(ctx, filter.Group.HasID(reachable.ID))
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "a renamed group keeps the rule")

	var used *store.InUseError
	_, err = ws.UpdateGroup(ctx, team.ID, group.Patch{Rule: filter.All()})
	require.ErrorIs(t, err, store.ErrInUse)
	require.ErrorAs(t, err, &used)
	require.Equal(t, &store.InUseError{Kind: "group", Groups: []group.ID{reachable.ID}}, used)
	require.ErrorIs(t, ws.DeleteGroup(ctx, team.ID), store.ErrInUse)
	for name, rule := range map[string]filter.Expr{
		"a group with a rule":         filter.Group.HasID(reachable.ID),
		"a group that does not exist": filter.Not(filter.Group.HasID(group.NewID(start))),
		"a tag that does not exist":   filter.Not(filter.Tag.HasID(tag.NewID(start))),
		"a name that does not exist":  filter.Tag.Has("nobody has it"),
	} {
		_, err := ws.CreateGroup(ctx, group.Draft{Name: "Other", Rule: rule})
		require.ErrorIs(t, err, store.ErrInvalid, name)
		_, err = ws.UpdateGroup(ctx, team.ID, group.Patch{Rule: rule})
		require.ErrorIs(t, err, store.ErrInvalid, name)
	}
	require.NoError(t, ws.DeleteGroup(ctx, reachable.ID))
	_, err = ws.UpdateGroup(ctx, team.ID, group.Patch{Rule: filter.Group.HasID(team.ID)})
	require.ErrorIs(t, err, store.ErrInvalid, "the group itself")
	_, err = ws.UpdateGroup(ctx, team.ID, group.Patch{Rule: filter.All()})
	require.NoError(t, err)
}
