package memory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// An Apply that changes only tags or groups reads only their ids. The time, actor and cause of
// the other tags and groups must stay as they were.
func TestChangesOfTagsAndGroupsKeepTheOthers(t *testing.T) {
	t.Parallel()
	st := New()
	ada := person(1, "Ada")
	a, b, c := newTag("a"), newTag("b"), newTag("c")
	x, y := group.Group{ID: group.NewID(epoch), Name: "x"}, group.Group{ID: group.NewID(epoch), Name: "y"}
	z := group.Group{ID: group.NewID(epoch), Name: "z", Rule: filter.Email.Exists()}
	ann := driver.Audit{At: epoch.Add(time.Hour), Actor: "ann", Cause: "import"}
	bob := driver.Audit{At: epoch.Add(2 * time.Hour), Actor: "bob"}
	apply(t, st, driver.CreateTag{Tag: a}, driver.CreateTag{Tag: b}, driver.CreateTag{Tag: c},
		driver.CreateGroup{Group: x}, driver.CreateGroup{Group: y}, driver.CreateGroup{Group: z},
		driver.CreateVisitor{Audit: ann, Visitor: ada, Tags: []string{"a", "c"}, Groups: []group.ID{x.ID}},
		driver.RemoveFromGroup{Audit: ann, ID: ada.ID, Group: z.ID})
	assignment := func(t tag.Tag, by driver.Audit) tag.Assignment {
		return tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: by.At, Actor: by.Actor, Cause: by.Cause}
	}
	membership := func(g group.Group, by driver.Audit) visitor.Membership {
		return visitor.Membership{Group: g.ID, At: by.At, Actor: by.Actor, Cause: by.Cause}
	}
	for _, step := range []struct {
		change driver.Change
		want   func(*visitor.Visitor)
	}{
		{driver.AddTags{Audit: bob, ID: ada.ID, Tags: []string{"b", "a"}}, func(v *visitor.Visitor) {
			v.Tags = []tag.Assignment{assignment(a, ann), assignment(b, bob), assignment(c, ann)}
			v.Memberships, v.Excluded = []visitor.Membership{membership(x, ann)}, []group.ID{z.ID}
		}},
		{driver.RemoveTags{Audit: bob, ID: ada.ID, Tags: []string{"a"}}, func(v *visitor.Visitor) {
			v.Tags = []tag.Assignment{assignment(b, bob), assignment(c, ann)}
		}},
		{driver.AddToGroup{Audit: bob, ID: ada.ID, Group: y.ID}, func(v *visitor.Visitor) {
			v.Memberships = append(v.Memberships, membership(y, bob))
		}},
		{driver.AddToGroup{Audit: bob, ID: ada.ID, Group: z.ID}, func(v *visitor.Visitor) {
			v.Memberships, v.Excluded = append(v.Memberships, membership(z, bob)), nil
		}},
		{driver.RemoveFromGroup{Audit: bob, ID: ada.ID, Group: x.ID}, func(v *visitor.Visitor) {
			v.Memberships = []visitor.Membership{membership(y, bob), membership(z, bob)}
		}},
	} {
		apply(t, st, step.change)
		step.want(&ada)
		ada = ada.Sorted()
		got, err := st.GetVisitor(t.Context(), acme, ada.ID)
		require.NoError(t, err)
		require.Equal(t, ada, got, "after %T", step.change)
		requireConsistent(t, workspaceOf(t, st, acme))
	}
}

func newTag(name string) tag.Tag {
	return tag.Tag{ID: tag.NewID(epoch), Name: name, Color: tag.ColorFor(name), CreatedAt: epoch}
}

func TestByAddress(t *testing.T) {
	t.Parallel()
	st := New()
	var ids []visitor.ID
	for second, v := range []visitor.Visitor{
		{Name: "Ada", Email: "ada@example.com", Phone: "+4915777788899"},
		{Name: "ada@example.com", Email: "other@example.com"},
		{Name: "Eve", Email: "ADA@example.com", Phone: "+49157777888990"},
		{Name: "+4915777788899", Phone: "+4915777788899"},
		{Name: "Bob", Email: "not.ada@example.com"},
	} {
		created := person(60-second, v.Name)
		created.Email, created.Phone = v.Email, v.Phone
		ids = append(ids, created.ID)
		apply(t, st, driver.CreateVisitor{Visitor: created})
	}
	tx := &tx{workspace: workspaceOf(t, st, acme), ctx: t.Context()}
	for _, c := range []struct {
		email, phone string
		limit        int
		want         []visitor.ID
	}{
		{"Ada@Example.com", "", 5, []visitor.ID{ids[2], ids[0]}},
		{"Ada@Example.com", "", 1, []visitor.ID{ids[2]}},
		{"", "+4915777788899", 5, []visitor.ID{ids[3], ids[0]}},
		{"nobody@example.com", "", 5, nil},
	} {
		got, err := tx.ByAddress(c.email, c.phone, c.limit)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s%s", c.email, c.phone)
	}
}

func TestEventsOfVisitor(t *testing.T) {
	t.Parallel()
	st := New()
	ada, bob := person(1, "Ada"), person(2, "Bob")
	numbers := func(q driver.EventQuery) (numbers []driver.Seq) {
		t.Helper()
		events, err := st.Events(t.Context(), acme, q)
		require.NoError(t, err)
		for _, e := range events {
			numbers = append(numbers, e.Seq)
		}
		return numbers
	}
	apply(t, st, driver.CreateTag{Tag: newTag("a")}, driver.CreateVisitor{Visitor: ada}, driver.CreateVisitor{Visitor: bob},
		driver.AddTags{ID: ada.ID, Tags: []string{"a"}})
	require.Equal(t, []driver.Seq{2, 4}, numbers(driver.EventQuery{Visitor: ada.ID, Limit: 9}))
	apply(t, st, driver.MergeVisitors{Into: bob.ID, From: ada.ID}, driver.RemoveTags{ID: ada.ID, Tags: []string{"a"}})
	require.Equal(t, []driver.Seq{2, 4, 5}, numbers(driver.EventQuery{Visitor: ada.ID, Limit: 9}))
	require.Equal(t, []driver.Seq{3, 5, 6}, numbers(driver.EventQuery{Visitor: bob.ID, Limit: 9}))
	require.Equal(t, []driver.Seq{4}, numbers(driver.EventQuery{Visitor: ada.ID, After: 2, Limit: 1}))
	require.Empty(t, numbers(driver.EventQuery{Visitor: ada.ID, After: 5, Limit: 9}))
	require.Empty(t, numbers(driver.EventQuery{Visitor: person(3, "").ID, Limit: 9}))
	require.Equal(t, []driver.Seq{5, 6}, numbers(driver.EventQuery{After: 4, Limit: 9}))
}
