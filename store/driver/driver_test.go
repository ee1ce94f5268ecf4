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
	"github.com/contactpipeline/visitors/visitor/consent"
)

// TestBatches tests that Apply reads and writes visitors once for each batch: up to 1,000
// changes, or one change that must be made separately.
func TestBatches(t *testing.T) {
	t.Parallel()
	vip := newTag("VIP")
	description := "pays well"
	for _, c := range []struct {
		name    string
		changes int
		alone   []int // indexes of changes that update the tag instead, in a batch of their own
		want    int
	}{
		{"one change", 1, nil, 1},
		{"a full batch", 1_000, nil, 1},
		{"one change more than a batch", 1_001, nil, 2},
		{"three batches", 2_001, nil, 3},
		{"the first change separately", 3, []int{0}, 1},
		{"a change in the middle separately", 5, []int{2}, 2},
		{"the last change separately", 3, []int{2}, 1},
		{"two changes separately", 6, []int{2, 3}, 2},
		{"a change after a full batch separately", 1_002, []int{1_000}, 2},
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
		{"nil", nil, nil, "unknown change <nil>"},
		{"the id exists", driver.CreateVisitor{Visitor: ada}, driver.ErrExists, string(ada.ID)},
		{"the identity belongs to another visitor", driver.CreateVisitor{Visitor: same}, driver.ErrExists, "identity " + string(ada.ID)},
		{"the id has another time of creation", driver.CreateVisitor{Visitor: wrongID}, driver.ErrInvalid, "id: "},
		{"no such tag", driver.CreateVisitor{Visitor: person(4), Tags: []string{"gone"}}, driver.ErrNotFound, "tag: not found"},
		{"no such group", driver.CreateVisitor{Visitor: person(4), Groups: tooMany}, driver.ErrNotFound, "group"},
		{"no such visitor", driver.UpdateVisitor{ID: bob.ID}, driver.ErrNotFound, string(bob.ID)},
		{"another revision", driver.UpdateVisitor{ID: ada.ID, Patch: visitor.Patch{IfRevision: 7}}, driver.ErrConflict, string(ada.ID)},
		{"a visitor that was not merged", driver.UnmergeVisitor{From: ada.ID}, driver.ErrNotFound, string(ada.ID)},
		{"a rule mentions the tag", driver.DeleteTag{ID: vip.ID}, driver.ErrInUse, "mentions it: 1"},
		{"a rule mentions the id of a tag that does not exist", withRule(filter.Tag.HasID(tag.NewID(epoch))), driver.ErrInvalid, "a tag that does not exist"},
		{"a rule mentions the name of a tag that does not exist", withRule(filter.Not(filter.Tag.HasAny("vip", "gone"))), driver.ErrInvalid, "a tag that does not exist"},
		{"a rule mentions the id of a group that does not exist", withRule(filter.Group.HasID(group.NewID(epoch))), driver.ErrInvalid, "a group that does not exist"},
		{"a rule mentions the name of a group that does not exist", withRule(filter.Group.Has("gone")), driver.ErrInvalid, "a group that does not exist"},
		{"the rule of a new group mentions the group itself", withRule(filter.Group.Has("new")), driver.ErrInvalid, "a group that does not exist"},
		{"a rule mentions a group that has a rule", withRule(filter.Group.HasAny("team", "RULED")), driver.ErrInvalid, "a group that has a rule"},
		{"the rule of an existing group mentions the group itself", driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Rule: filter.Group.Has("Team")}}, driver.ErrInvalid, "a group that has a rule"},
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

// TestAliases tests that a change finds its visitor through several merges, made in the same
// batch and in earlier ones, and that Apply ends if stored merges form a cycle.
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

// TestFailingTx tests that Apply returns the error of any call of Tx and makes no call after
// it.
func TestFailingTx(t *testing.T) {
	t.Parallel()
	ada, bob, eve := person(0), person(1), person(2)
	ada.Email = "ada@example.com"
	joe := mailbox(3)
	vip, team := newTag("VIP"), group.Group{ID: group.NewID(epoch), Name: "Team"}
	tagged := group.Group{ID: group.NewID(epoch), Name: "Tagged", Rule: filter.Or(filter.Tag.Exists(), filter.Group.Exists(), filter.UpdatedAt.OlderThan(time.Hour))}
	later := audit.At.Add(24 * time.Hour)
	gold := "Gold"
	contact := func(id, email string) driver.Change {
		return driver.CaptureContact{
			Audit: audit, ID: visitor.NewID(epoch), Tags: []tag.Tag{newTag("New")}, Policy: visitor.Policy{ByEmail: visitor.MatchAny},
			Contact: visitor.Contact{Source: visitor.WhatsApp, ExternalID: id, Email: email, EventID: id},
		}
	}
	changes := []driver.Change{
		driver.CreateVisitor{Audit: audit, Visitor: ada}, driver.CreateVisitor{Audit: audit, Visitor: bob}, driver.CreateVisitor{Audit: audit, Visitor: eve},
		driver.CreateTag{Audit: audit, Tag: vip}, driver.CreateGroup{Audit: audit, Group: team}, driver.CreateGroup{Audit: audit, Group: tagged},
		driver.WatchGroup{Audit: audit, Group: tagged.ID, On: true, Events: true},
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
		driver.PutTopic{Audit: audit, Topic: consent.Topic{Key: "news"}}, driver.CreateVisitor{Audit: audit, Visitor: joe},
		said(addressOf(joe), consent.Granted, 1), driver.EraseVisitor{Audit: audit, ID: joe.ID}, driver.DeleteTopic{Audit: audit, Key: "news"},
		driver.AdvanceWatch{Audit: audit, To: later}, driver.AdvanceWatch{Audit: audit, To: later, Visitors: []visitor.ID{eve.ID}, Last: true},
		driver.UpdateGroup{Audit: audit, ID: tagged.ID, Patch: group.Patch{ClearRule: true}}, driver.WatchGroup{Audit: audit, Group: tagged.ID},
	}
	complete := newFakeTx()
	complete.apply(t, changes...)
	for _, method := range strings.Fields("Visitors WriteVisitors Owners ByAddress Tags Groups PutTag PutGroup DeleteTag DeleteGroup" +
		" Processed PutProcessed Aliases MergedInto Merge PutMerge DeleteMerges AppendEvents" +
		" Records PutRecords DeleteRecords Keys WithAddresses ForgetCopies Tagged InGroup") {
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

// TestCanceledContext tests that Apply returns the error of its context before it reads a
// batch.
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

// TestOutcomesAreIndependent tests that a caller who modifies an outcome modifies neither
// another outcome nor what is stored.
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

// TestDedupKey tests that the key depends on the source, the account and the event id only.
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
