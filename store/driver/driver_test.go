package driver_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// TestBatches counts the reads and writes of visitors: one of each for up to 1,000 changes
// in a row that need no batch of their own.
func TestBatches(t *testing.T) {
	t.Parallel()
	vip := newTag("VIP")
	description := "pays well"
	for _, c := range []struct {
		name    string
		changes int
		alone   []int // these changes update the tag instead
		want    int
	}{
		{"one", 1, nil, 1},
		{"a full batch", 1_000, nil, 1},
		{"one more", 1_001, nil, 2},
		{"three", 2_001, nil, 3},
		{"a change with a batch of its own comes first", 3, []int{0}, 1},
		{"in the middle", 5, []int{2}, 2},
		{"last", 3, []int{2}, 1},
		{"twice", 6, []int{2, 3}, 2},
		{"at the limit", 1_002, []int{1_000}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tx := newFakeTx()
			var create, change []driver.Change
			for n := range c.changes {
				v := person(n)
				create = append(create, driver.CreateVisitor{Audit: audit, Visitor: v})
				change = append(change, driver.AddTags{Audit: audit, ID: v.ID, Tags: []string{"vip"}})
			}
			for _, n := range c.alone {
				change[n] = driver.UpdateTag{Audit: audit, ID: vip.ID, Patch: tag.Patch{Description: &description}}
			}
			tx.apply(t, create...)
			tx.apply(t, driver.CreateTag{Audit: audit, Tag: vip})
			tx.calls = nil
			tx.apply(t, change...)
			require.Equal(t, c.want, tx.count("Visitors"))
			require.Equal(t, c.want, tx.count("WriteVisitors"))
			for _, v := range tx.visitors {
				if len(c.alone) == 0 {
					require.Equal(t, vip.ID, v.Tags[0].Tag)
				}
			}
		})
	}
}

// TestErrors tests that the error has the index and the cause of the change that fails.
func TestErrors(t *testing.T) {
	t.Parallel()
	ada, bob := person(0), person(1)
	wrongID := person(2)
	wrongID.CreatedAt = epoch
	same := person(3)
	same.Identities = ada.Identities
	vip, team := newTag("VIP"), group.Group{ID: group.NewID(epoch), Name: "Team"}
	ruled := group.Group{ID: group.NewID(epoch), Name: "Ruled", Rule: filter.Tag.Has("vip")}
	withRule := func(rule filter.Expr) driver.Change {
		return driver.CreateGroup{Audit: audit, Group: group.Group{ID: group.NewID(epoch), Name: "New", Rule: rule}}
	}
	tooMany := make([]group.ID, visitor.MaxGroups+1)
	for _, c := range []struct {
		name   string
		change driver.Change
		want   error
		text   string
	}{
		{"a pointer to a change", &driver.DeleteVisitor{ID: ada.ID}, nil, "unknown change *driver.DeleteVisitor"},
		{"no change", nil, nil, "unknown change <nil>"},
		{"a taken id", driver.CreateVisitor{Visitor: ada}, driver.ErrExists, string(ada.ID)},
		{"a taken identity", driver.CreateVisitor{Visitor: same}, driver.ErrExists, "identity " + string(ada.ID)},
		{"an id of another time", driver.CreateVisitor{Visitor: wrongID}, driver.ErrInvalid, "id: "},
		{"a missing tag", driver.CreateVisitor{Visitor: person(4), Tags: []string{"gone"}}, driver.ErrNotFound, "tag: not found"},
		{"a missing group", driver.CreateVisitor{Visitor: person(4), Groups: tooMany}, driver.ErrNotFound, "group"},
		{"a missing visitor", driver.UpdateVisitor{ID: bob.ID}, driver.ErrNotFound, string(bob.ID)},
		{"an old revision", driver.UpdateVisitor{ID: ada.ID, Patch: visitor.Patch{IfRevision: 7}}, driver.ErrConflict, string(ada.ID)},
		{"a visitor that was not merged", driver.UnmergeVisitor{From: ada.ID}, driver.ErrNotFound, string(ada.ID)},
		{"a used tag", driver.DeleteTag{ID: vip.ID}, driver.ErrInUse, "mentions it: 1"},
		{"a rule with a missing tag, by id", withRule(filter.Tag.HasID(tag.NewID(epoch))), driver.ErrInvalid, "a tag that does not exist"},
		{"a rule with a missing tag, by name", withRule(filter.Not(filter.Tag.HasAny("vip", "gone"))), driver.ErrInvalid, "a tag that does not exist"},
		{"a rule with a missing group, by id", withRule(filter.Group.HasID(group.NewID(epoch))), driver.ErrInvalid, "a group that does not exist"},
		{"a rule with a missing group, by name", withRule(filter.Group.Has("gone")), driver.ErrInvalid, "a group that does not exist"},
		{"a rule with its own group, by name", withRule(filter.Group.Has("new")), driver.ErrInvalid, "a group that does not exist"},
		{"a rule with a group that has one, by name", withRule(filter.Group.HasAny("team", "RULED")), driver.ErrInvalid, "a group that has a rule"},
		{"a rule for its own group, by name", driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Rule: filter.Group.Has("Team")}}, driver.ErrInvalid, "a group that has a rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tx := newFakeTx()
			tx.apply(t, driver.CreateVisitor{Visitor: ada}, driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: ruled})
			outcomes, err := driver.Apply(ctx, tx, []driver.Change{driver.EnsureTag{Tag: vip}, driver.DeleteVisitor{ID: bob.ID}, c.change, driver.EnsureTag{Tag: vip}})
			require.Empty(t, outcomes)
			var failed *driver.ChangeError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, 2, failed.Index)
			require.ErrorContains(t, err, c.text)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
		})
	}
}

// TestLimits tests that no change makes a visitor exceed a limit.
func TestLimits(t *testing.T) {
	t.Parallel()
	tx := newFakeTx()
	var changes []driver.Change
	var keys []string
	var groups []group.ID
	for n := range visitor.MaxTags + 1 {
		keys = append(keys, fmt.Sprintf("tag %d", n))
		changes = append(changes, driver.CreateTag{Tag: newTag(keys[n])})
	}
	for n := range visitor.MaxGroups + 1 {
		groups = append(groups, group.NewID(epoch))
		changes = append(changes, driver.CreateGroup{Group: group.Group{ID: groups[n], Name: fmt.Sprintf("group %d", n)}})
	}
	full := person(0)
	tx.apply(t, append(changes, driver.CreateVisitor{Visitor: full, Tags: keys[1:], Groups: groups[1:]})...)
	for name, c := range map[string]driver.Change{
		"create with tags":   driver.CreateVisitor{Visitor: person(1), Tags: keys},
		"create with groups": driver.CreateVisitor{Visitor: person(1), Groups: groups},
		"add tags":           driver.AddTags{ID: full.ID, Tags: keys[:1]},
		"add to a group":     driver.AddToGroup{ID: full.ID, Group: groups[0]},
		"capture": driver.CaptureContact{
			Contact: visitor.Contact{Source: visitor.Telegram, ExternalID: string(full.ID)}, Tags: []tag.Tag{newTag(keys[0])},
		},
	} {
		_, err := driver.Apply(ctx, tx, []driver.Change{c})
		require.ErrorIs(t, err, driver.ErrInvalid, name)
		require.ErrorContains(t, err, "more than", name)
	}
}

// TestAliases follows chains of merges, in and across batches, and a cycle, which old data
// may have.
func TestAliases(t *testing.T) {
	t.Parallel()
	tx := newFakeTx()
	var people []visitor.Visitor
	for n := range 5 {
		people = append(people, person(n))
		tx.apply(t, driver.CreateVisitor{Visitor: people[n]})
	}
	merge := func(from, into int) driver.Change {
		return driver.MergeVisitors{Audit: audit, From: people[from].ID, Into: people[into].ID}
	}
	name := "Eve"
	rename := driver.UpdateVisitor{Audit: audit, ID: people[0].ID, Patch: visitor.Patch{Name: &name}}
	for _, outcome := range tx.apply(t, merge(0, 1), rename, merge(1, 2), rename, merge(0, 3), rename) {
		require.NotEqual(t, driver.Missing, outcome.Effect)
	}
	require.Equal(t, "Eve", tx.visitors[people[3].ID].Name)
	require.Len(t, tx.visitors, 2)
	outcomes := tx.apply(t, merge(0, 3), driver.DeleteVisitor{ID: people[1].ID}, driver.DeleteVisitor{ID: people[0].ID}, driver.CreateVisitor{Visitor: people[2]})
	require.Equal(t, []driver.Effect{driver.Unchanged, driver.Deleted, driver.Missing, driver.Created},
		[]driver.Effect{outcomes[0].Effect, outcomes[1].Effect, outcomes[2].Effect, outcomes[3].Effect})
	require.Empty(t, tx.merges)

	tx.merges[people[0].ID] = visitor.Merged{Into: people[1]}
	tx.merges[people[1].ID] = visitor.Merged{Into: people[0]}
	require.Equal(t, driver.Missing, tx.apply(t, driver.DeleteVisitor{ID: people[0].ID})[0].Effect)
}

// TestFailingTx fails every call of Tx in turn: Apply returns that error and makes no
// further call.
func TestFailingTx(t *testing.T) {
	t.Parallel()
	ada, bob, eve := person(0), person(1), person(2)
	ada.Email = "ada@example.com"
	vip, team := newTag("VIP"), group.Group{ID: group.NewID(epoch), Name: "Team"}
	gold := "Gold"
	contact := func(id, email string) driver.Change {
		return driver.CaptureContact{
			Audit: audit, ID: visitor.NewID(epoch), Tags: []tag.Tag{newTag("New")}, Policy: visitor.Policy{ByEmail: visitor.MatchAny},
			Contact: visitor.Contact{Source: visitor.WhatsApp, ExternalID: id, Email: email, EventID: id},
		}
	}
	changes := []driver.Change{
		driver.CreateVisitor{Audit: audit, Visitor: ada}, driver.CreateVisitor{Audit: audit, Visitor: bob}, driver.CreateVisitor{Audit: audit, Visitor: eve},
		driver.CreateTag{Audit: audit, Tag: vip}, driver.CreateGroup{Audit: audit, Group: team},
		driver.AddTags{Audit: audit, ID: ada.ID, Tags: []string{"vip"}}, driver.RemoveTags{Audit: audit, ID: ada.ID, Tags: []string{"vip"}},
		driver.AddToGroup{Audit: audit, ID: ada.ID, Group: team.ID}, driver.RemoveFromGroup{Audit: audit, ID: ada.ID, Group: team.ID},
		driver.UpdateVisitor{Audit: audit, ID: ada.ID, Patch: visitor.Patch{Name: &gold}},
		contact("1", "ada@example.com"), contact("2", ""), driver.EnsureTag{Audit: audit, Tag: newTag("Ensured")},
		driver.LinkIdentity{Audit: audit, ID: bob.ID, Identity: visitor.Identity{Source: visitor.Chat, ExternalID: "3"}},
		driver.UnlinkIdentity{Audit: audit, ID: bob.ID, Identity: visitor.Identity{Source: visitor.Chat, ExternalID: "3"}},
		driver.UpdateTag{Audit: audit, ID: vip.ID, Patch: tag.Patch{Name: &gold}},
		driver.UpdateGroup{Audit: audit, ID: team.ID, Patch: group.Patch{Name: &gold, Rule: filter.And(filter.Tag.HasID(vip.ID), filter.Tag.Has("gold"))}},
		driver.UpdateGroup{Audit: audit, ID: team.ID, Patch: group.Patch{ClearRule: true}},
		driver.MergeVisitors{Audit: audit, From: ada.ID, Into: bob.ID}, driver.UnmergeVisitor{Audit: audit, From: ada.ID},
		driver.MergeVisitors{Audit: audit, From: ada.ID, Into: bob.ID}, driver.MergeVisitors{Audit: audit, From: bob.ID, Into: eve.ID},
		driver.DeleteVisitor{Audit: audit, ID: ada.ID}, driver.DeleteTag{Audit: audit, ID: vip.ID}, driver.DeleteGroup{Audit: audit, ID: team.ID},
	}
	complete := newFakeTx()
	complete.apply(t, changes...)
	for _, method := range strings.Fields("Visitors WriteVisitors Owners ByAddress Tags Groups PutTag PutGroup DeleteTag DeleteGroup" +
		" Processed PutProcessed Aliases MergedInto Merge PutMerge DeleteMerges AppendEvents") {
		require.Contains(t, complete.calls, method)
	}
	for n := range complete.calls {
		tx := newFakeTx()
		tx.fails = n + 1
		outcomes, err := driver.Apply(ctx, tx, changes)
		require.ErrorIs(t, err, errBroken, "call %d", n)
		require.Empty(t, outcomes)
		require.Equal(t, complete.calls[:n+1], tx.calls)
	}
}

// TestCanceledContext stops between batches.
func TestCanceledContext(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	tx := newFakeTx()
	_, err := driver.Apply(canceled, tx, []driver.Change{driver.EnsureTag{Tag: newTag("VIP")}})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, tx.calls)
	outcomes, err := driver.Apply(canceled, tx, nil)
	require.NoError(t, err)
	require.Empty(t, outcomes)
}

// TestOutcomesAreIndependent changes what Apply has returned.
func TestOutcomesAreIndependent(t *testing.T) {
	t.Parallel()
	tx, ada := newFakeTx(), person(0)
	ada.LastSeenAt = epoch
	tx.apply(t, driver.CreateVisitor{Visitor: ada})
	contact := driver.CaptureContact{Contact: visitor.Contact{Source: visitor.Telegram, ExternalID: string(ada.ID), UpdateOnly: true}}
	outcomes := tx.apply(t, contact, contact)
	for _, o := range outcomes {
		require.Equal(t, driver.Unchanged, o.Effect)
	}
	outcomes[0].Visitor.Identities[0].ExternalID = "changed"
	require.Equal(t, string(ada.ID), outcomes[1].Visitor.Identities[0].ExternalID)

	bob, city, name := person(1), visitor.Attributes{"city": visitor.Text("Rio")}, "Bob"
	bob.Attributes = city
	update := driver.UpdateVisitor{ID: bob.ID, Patch: visitor.Patch{Name: &name}}
	for _, o := range tx.apply(t, driver.CreateVisitor{Visitor: bob}, update, update) {
		require.Equal(t, city, o.Visitor.Attributes)
		o.Visitor.Attributes["city"] = visitor.Text("changed")
	}
	require.Equal(t, visitor.Attributes{"city": visitor.Text("Rio")}, city)
	require.Equal(t, city, tx.apply(t, update)[0].Visitor.Attributes)
}

// TestDedupKey tests that the key depends on the channel, its account and the event alone.
func TestDedupKey(t *testing.T) {
	t.Parallel()
	c := visitor.Contact{Source: visitor.Telegram, Account: "bot", ExternalID: "1", EventID: "e"}
	key := driver.DedupKeyOf(c)
	for name, same := range map[string]func(*visitor.Contact) bool{
		"person": func(c *visitor.Contact) bool {
			c.ExternalID, c.Name, c.OccurredAt = "2", "Ada", time.Now()
			return true
		},
		"source":  func(c *visitor.Contact) bool { c.Source = visitor.WhatsApp; return false },
		"account": func(c *visitor.Contact) bool { c.Account = "bot2"; return false },
		"event":   func(c *visitor.Contact) bool { c.EventID = "f"; return false },
	} {
		other := c
		want := same(&other)
		require.Equal(t, want, driver.DedupKeyOf(other) == key, name)
	}
}
