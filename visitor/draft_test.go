package visitor_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
)

func TestRulesPatch(t *testing.T) {
	t.Parallel()
	name := " Ada  L "
	p := visitor.Patch{
		Name: &name, Email: new("A@B.co"), Phone: new(" "), Source: new(visitor.Source("Telegram")),
		Set:        visitor.Attributes{"city": visitor.Text(" x ")},
		Unset:      []string{"b", "a", "b"},
		IfRevision: 3,
	}
	got, err := visitor.Rules{}.Patch(p)
	require.NoError(t, err)
	require.Equal(t, visitor.Patch{
		Name: new("Ada L"), Email: new("A@b.co"), Phone: new(""), Source: new(visitor.Telegram),
		Set:        visitor.Attributes{"city": visitor.Text("x")},
		Unset:      []string{"a", "b"},
		IfRevision: 3,
	}, got)
	require.Equal(t, " Ada  L ", name, "left as it was")
	require.Equal(t, []string{"b", "a", "b"}, p.Unset, "left as it was")
	again, err := visitor.Rules{}.Patch(got)
	require.NoError(t, err)
	require.Equal(t, got, again)

	got, err = visitor.Rules{}.Patch(visitor.Patch{Set: visitor.Attributes{}, Unset: []string{}})
	require.NoError(t, err)
	require.Equal(t, visitor.Patch{}, got)
}

func TestRulesPatchRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in            visitor.Patch
		field, reason string
	}{
		"blank name": {visitor.Patch{Name: new(" \u200b")}, "name", "missing"},
		"email":      {visitor.Patch{Email: new("x")}, "email", "no @"},
		"phone":      {visitor.Patch{Phone: new("+1")}, "phone", "fewer than 7 digits"},
		"source":     {visitor.Patch{Source: new(visitor.Source(""))}, "source", "missing; known are instagram, whatsapp, chat, messenger, telegram"},
		"revision":   {visitor.Patch{IfRevision: -1}, "if_revision", "negative"},
		"set":        {visitor.Patch{Set: visitor.Attributes{"a": {}}}, "attribute a", "no value"},
		"unset":      {visitor.Patch{Unset: []string{"A"}}, "attribute", "a name has 1 to 64 lower-case letters, digits, _, - and ., and starts with a letter"},
		"both":       {visitor.Patch{Set: visitor.Attributes{"a": visitor.Bool(true)}, Unset: []string{"b", "a"}}, "attribute a", "both set and unset"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.Rules{}.Patch(c.in)
			refused(t, err, c.field, c.reason)
			require.Zero(t, got)
		})
	}
}

func TestPatchApply(t *testing.T) {
	t.Parallel()
	full := func() visitor.Visitor {
		return visitor.Visitor{
			ID: "i", Name: "Ada", Email: "a@b.co", Phone: "+4930123456", Source: visitor.Chat,
			Attributes: visitor.Attributes{"a": visitor.Number(1)}, UpdatedAt: now, Revision: 7,
		}
	}
	with := func(change func(*visitor.Visitor)) visitor.Visitor {
		v := full()
		change(&v)
		return v
	}
	for name, c := range map[string]struct {
		patch visitor.Patch
		want  visitor.Visitor
	}{
		"nothing":         {visitor.Patch{}, full()},
		"the same":        {visitor.Patch{Name: new("Ada"), Email: new("a@b.co"), Source: new(visitor.Chat)}, full()},
		"revision alone":  {visitor.Patch{IfRevision: 1}, full()},
		"same attribute":  {visitor.Patch{Set: visitor.Attributes{"a": visitor.Number(1)}, Unset: []string{"x"}}, full()},
		"name":            {visitor.Patch{Name: new("Bob")}, with(func(v *visitor.Visitor) { v.Name = "Bob" })},
		"clear email":     {visitor.Patch{Email: new("")}, with(func(v *visitor.Visitor) { v.Email = "" })},
		"clear phone":     {visitor.Patch{Phone: new("")}, with(func(v *visitor.Visitor) { v.Phone = "" })},
		"source":          {visitor.Patch{Source: new(visitor.Telegram)}, with(func(v *visitor.Visitor) { v.Source = visitor.Telegram })},
		"set and unset":   {visitor.Patch{Set: visitor.Attributes{"b": visitor.Bool(true)}, Unset: []string{"a"}}, with(func(v *visitor.Visitor) { v.Attributes = visitor.Attributes{"b": visitor.Bool(true)} })},
		"unset the last":  {visitor.Patch{Unset: []string{"a"}}, with(func(v *visitor.Visitor) { v.Attributes = nil })},
		"kind of a value": {visitor.Patch{Set: visitor.Attributes{"a": visitor.Bool(true)}}, with(func(v *visitor.Visitor) { v.Attributes = visitor.Attributes{"a": visitor.Bool(true)} })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := full()
			got, changed := c.patch.Apply(old, now)
			require.Equal(t, c.want, got)
			require.Equal(t, full(), old, "left as it was")
			again, twice := c.patch.Apply(got, now)
			require.Equal(t, got, again)
			require.Empty(t, twice)
			require.Equal(t, visitor.Changed(full(), c.want), changed)
		})
	}
}

func TestDraftJSON(t *testing.T) {
	t.Parallel()
	d, err := visitor.Rules{}.Draft(visitor.Draft{
		Name: "Ada", Source: visitor.Chat, Tags: []string{"vip"}, Groups: groups(2), Identities: identities(2), Attributes: attributes(2),
		CreatedAt: time.Date(2026, 1, 2, 0, 0, 0, 1_000, time.UTC),
	}, now)
	require.NoError(t, err)
	b, err := json.Marshal(d)
	require.NoError(t, err)
	var read visitor.Draft
	require.NoError(t, json.Unmarshal(b, &read))
	require.Equal(t, d, read)

	var p visitor.Patch
	require.NoError(t, json.Unmarshal([]byte(`{"name": "Ada", "email": "", "phone": null}`), &p))
	require.Equal(t, visitor.Patch{Name: new("Ada"), Email: new("")}, p, "null leaves, empty clears")
	require.Error(t, json.Unmarshal([]byte(`{"groups": ["42"]}`), &read))
}
