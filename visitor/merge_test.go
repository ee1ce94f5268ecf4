package visitor_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// member returns a membership, minutes after a fixed time.
func member(g visitor.GroupID, minutes int, actor string) visitor.Membership {
	return visitor.Membership{Group: g, At: now.UTC().Truncate(time.Microsecond).Add(time.Duration(minutes) * time.Minute), Actor: actor, Cause: actor + "'s reason"}
}

func TestMergeKeepsWhenByWhomAndWhy(t *testing.T) {
	t.Parallel()
	into := visitor.Visitor{
		ID: "a", Name: "Ada", Source: visitor.Chat,
		Memberships: []visitor.Membership{member("1", 5, "ann"), member("2", 5, "ann")},
		Excluded:    []visitor.GroupID{"4"},
	}
	from := visitor.Visitor{
		ID: "b", Name: "Ada", Source: visitor.Chat,
		Memberships: []visitor.Membership{member("0", 1, "bob"), member("2", 1, "bob"), member("3", 1, "bob"), member("4", 1, "bob")},
		Excluded:    []visitor.GroupID{"1", "5"},
	}
	m := visitor.Merged{Into: into, From: from, Result: visitor.Policy{}.Merge(into, from)}
	require.Equal(t, []visitor.Membership{member("0", 1, "bob"), member("1", 5, "ann"), member("2", 5, "ann"), member("3", 1, "bob")}, m.Result.Memberships)
	require.Equal(t, []visitor.GroupID{"4", "5"}, m.Result.Excluded)

	back, other := m.Undo(m.Result)
	require.Equal(t, into, back)
	require.Equal(t, from, other)

	// After the merge, the visitor was removed from groups 0 and 2, removed from 3 and added
	// again, and added to 6.
	now := m.Result.Clone()
	now.Memberships = []visitor.Membership{member("1", 5, "ann"), member("3", 9, "eve"), member("6", 9, "eve")}
	back, other = m.Undo(now)
	require.Equal(t, []visitor.Membership{member("1", 5, "ann"), member("3", 9, "eve"), member("6", 9, "eve")}, back.Memberships)
	require.Equal(t, []visitor.Membership{member("2", 1, "bob"), member("3", 1, "bob"), member("4", 1, "bob")}, other.Memberships)
}

// A membership that differs from that of the merge only in its actor, cause or time was added
// after the merge, and stays with the survivor. The same applies to tags.
func TestUndoTellsWhatWasAddedAgain(t *testing.T) {
	t.Parallel()
	first := member("1", 1, "bob")
	for name, again := range map[string]visitor.Membership{
		"time":  {Group: "1", At: first.At.Add(time.Microsecond), Actor: first.Actor, Cause: first.Cause},
		"actor": {Group: "1", At: first.At, Actor: "eve", Cause: first.Cause},
		"cause": {Group: "1", At: first.At, Actor: first.Actor, Cause: "another reason"},
	} {
		into := visitor.Visitor{ID: "a", Source: visitor.Chat}
		from := visitor.Visitor{
			ID: "b", Source: visitor.Chat, Memberships: []visitor.Membership{first},
			Tags: []tag.Assignment{{Tag: "1", Name: "vip", At: first.At, Actor: first.Actor, Cause: first.Cause}},
		}
		m := visitor.Merged{Into: into, From: from, Result: visitor.Policy{}.Merge(into, from)}
		back, _ := m.Undo(m.Result)
		require.Empty(t, back.Memberships, name)
		require.Empty(t, back.Tags, name)
		now := m.Result.Clone()
		now.Memberships[0] = again
		now.Tags[0].At, now.Tags[0].Actor, now.Tags[0].Cause = again.At, again.Actor, again.Cause
		back, other := m.Undo(now)
		require.Equal(t, now.Memberships, back.Memberships, name)
		require.Equal(t, now.Tags, back.Tags, name)
		require.Equal(t, from.Memberships, other.Memberships, name)
		require.Equal(t, from.Tags, other.Tags, name)
	}
}

// TestMergeAndUndoOfEveryField sets each field of the profile in the first of two visitors, in
// the second, and in both.
func TestMergeAndUndoOfEveryField(t *testing.T) {
	t.Parallel()
	fields := map[string]func(v *visitor.Visitor, value string){
		"name":      func(v *visitor.Visitor, value string) { v.Name = value },
		"email":     func(v *visitor.Visitor, value string) { v.Email = value },
		"phone":     func(v *visitor.Visitor, value string) { v.Phone = value },
		"attr.city": func(v *visitor.Visitor, value string) { v.Attributes = visitor.Attributes{"city": visitor.Text(value)} },
	}
	for field, set := range fields {
		with := func(id visitor.ID, value string) visitor.Visitor {
			v := visitor.Visitor{ID: id, Source: visitor.Chat}
			if value != "" {
				set(&v, value)
			}
			return v
		}
		for _, c := range []struct{ into, from, result string }{
			{"x", "", "x"}, {"", "y", "y"}, {"x", "y", "x"}, {"x", "x", "x"},
		} {
			m := visitor.Merged{Into: with("a", c.into), From: with("b", c.from)}
			m.Result = visitor.Policy{}.Merge(m.Into, m.From)
			require.Equal(t, with("a", c.result), m.Result, "%s: %v", field, c)
			choices := []visitor.Choice{{Field: field, Into: c.into, From: c.from, Result: c.result}}
			if c.into == c.from {
				choices = nil
			}
			require.Equal(t, choices, m.Choices(), "%s: %v", field, c)
			into, from := m.Undo(m.Result)
			require.Equal(t, m.Into, into, "%s: %v", field, c)
			require.Equal(t, m.From, from, "%s: %v", field, c)

			edited := m.Result.Clone()
			set(&edited, "z")
			require.Equal(t, []string{field}, visitor.Changed(m.Result, edited))
			into, from = m.Undo(edited)
			require.Equal(t, with("a", "z"), into, "%s: %v", field, c)
			require.Equal(t, m.From, from, "%s: %v", field, c)
		}
	}
}

func TestSourceIsOfWhoWasCreatedFirst(t *testing.T) {
	t.Parallel()
	old, young := visitor.Visitor{ID: "a", Name: "Ada", Source: visitor.Chat}, visitor.Visitor{ID: "b", Name: "Ada", Source: visitor.Telegram}
	require.Equal(t, visitor.Chat, visitor.Policy{}.Merge(old, young).Source)
	m := visitor.Merged{Into: young, From: old, Result: visitor.Policy{}.Merge(young, old)}
	require.Equal(t, visitor.Chat, m.Result.Source)
	require.Equal(t, []visitor.Choice{{Field: "source", Into: "telegram", From: "chat", Result: "chat"}}, m.Choices())
	into, from := m.Undo(m.Result)
	require.Equal(t, young, into)
	require.Equal(t, old, from)
	edited := m.Result
	edited.Source = visitor.WhatsApp
	into, from = m.Undo(edited)
	require.Equal(t, visitor.WhatsApp, into.Source)
	require.Equal(t, visitor.Chat, from.Source)
}

func TestSorted(t *testing.T) {
	t.Parallel()
	v := visitor.Visitor{
		Identities:  []visitor.Identity{{Source: visitor.Telegram, ExternalID: "1"}, {Source: visitor.Chat, ExternalID: "2"}},
		Tags:        []tag.Assignment{{Tag: "1", Name: "b"}, {Tag: "2", Name: "a"}},
		Memberships: []visitor.Membership{member("2", 1, "ann"), member("1", 2, "bob")},
		Excluded:    []visitor.GroupID{"4", "3"},
	}.Sorted()
	require.Equal(t, visitor.Visitor{
		Identities:  []visitor.Identity{{Source: visitor.Chat, ExternalID: "2"}, {Source: visitor.Telegram, ExternalID: "1"}},
		Tags:        []tag.Assignment{{Tag: "2", Name: "a"}, {Tag: "1", Name: "b"}},
		Memberships: []visitor.Membership{member("1", 2, "bob"), member("2", 1, "ann")},
		Excluded:    []visitor.GroupID{"3", "4"},
	}, v)
	require.Equal(t, v, v.Clone().Sorted())
	require.Equal(t, visitor.Visitor{}, visitor.Visitor{
		Identities: []visitor.Identity{}, Tags: []tag.Assignment{}, Memberships: []visitor.Membership{}, Excluded: []visitor.GroupID{},
		Attributes: visitor.Attributes{}, Provenance: visitor.Provenances{},
	}.Sorted())
}

func TestGroupsOfAVisitor(t *testing.T) {
	t.Parallel()
	var v visitor.Visitor
	require.Nil(t, v.Groups())
	require.False(t, v.MemberOf("1"))
	v.Memberships, v.Excluded = []visitor.Membership{member("1", 1, "ann"), {Group: "2"}}, []visitor.GroupID{"3"}
	require.Equal(t, []visitor.GroupID{"1", "2"}, v.Groups())
	for g, want := range map[visitor.GroupID]bool{"1": true, "2": true, "3": false, "": false} {
		require.Equal(t, want, v.MemberOf(g), g)
	}
}
