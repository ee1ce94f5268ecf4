//go:build cgo

package sqlite_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/visitor"
)

// TestPagesUseIndexes asks SQLite how it runs the statements of a page: none reads a whole
// table, and a page in the order of an index sorts nothing but itself.
func TestPagesUseIndexes(t *testing.T) {
	town := cityOf(t, 2_000)
	st, noted, db := spyOn(t, town.path)
	for name, c := range map[string]struct {
		where filter.Expr
		order driver.Order
		index string // that must be used
	}{
		"all":             {filter.All(), driver.NewestFirst, "visitors_visitor_id (ws=?)"},
		"a source":        {filter.Source.Is(visitor.Telegram), driver.NewestFirst, "visitors_visitor_source (ws=? AND source=?)"},
		"a tag":           {filter.Tag.Has("tag 010"), driver.NewestFirst, "SEARCH d USING PRIMARY KEY (ws=? AND tag_id=?)"},
		"a tag, a source": {filter.And(filter.Tag.Has(crowd.OldTag), filter.Source.Is(visitor.WhatsApp)), driver.NewestFirst, "SEARCH d USING PRIMARY KEY (ws=? AND tag_id=?)"},
		"not a tag":       {filter.Not(filter.Tag.Has("tag 000")), driver.NewestFirst, "visitors_visitor_id (ws=?)"},
		"a group":         {filter.Group.Has("vip"), driver.NewestFirst, "SEARCH d USING PRIMARY KEY (ws=? AND group_id=? AND excluded=?"},
		"by name":         {filter.All(), driver.NameAZ, "visitors_visitor_name (ws=?)"},
		"last seen":       {filter.All(), driver.RecentlySeen, "visitors_visitor_seen (ws=?)"},
		"last updated":    {filter.All(), driver.RecentlyUpdated, "visitors_visitor_updated (ws=?)"},
		"a search":        {filter.Search("zykov"), driver.NewestFirst, "f VIRTUAL TABLE INDEX"},
		"an id":           {filter.ID.In(visitor.NewID(crowd.Start)), driver.NewestFirst, "visitors_visitor_id (ws=? AND id=?"},
		"an identity":     {filter.Identity.Is(visitor.Chat, "1", "42"), driver.NewestFirst, "SEARCH i USING COVERING INDEX visitors_by_identity_account (ws=? AND source=? AND account=? AND external_id=?)"},
		"a rare inbox":    {filter.And(filter.Inbox.Is("1055"), filter.Name.Contains("z")), driver.NewestFirst, "SEARCH x USING PRIMARY KEY (ws=? AND inbox=?)"},
		"an e-mail":       {filter.Email.Is("nobody@example.com"), driver.NewestFirst, "f VIRTUAL TABLE INDEX"},
		"a whole name":    {filter.Name.Is("Nobody"), driver.NewestFirst, "visitors_visitor_name (ws=? AND name_fold=?)"},
	} {
		noted.take()
		_, err := st.FindVisitors(t.Context(), "acme", driver.Select{Where: town.bind(t, c.where), Order: c.order, Limit: 51})
		require.NoError(t, err, name)
		var plans []string
		for _, q := range noted.take() {
			plans = append(plans, explain(t, db, q))
		}
		all := strings.Join(plans, "\n")
		require.Contains(t, all, c.index, name)
		for _, step := range strings.Split(all, "\n") {
			for _, table := range []string{"v", "l", "i", "a", "x"} {
				require.NotEqual(t, "SCAN "+table, step, "%s reads a whole table:\n%s", name, all)
			}
		}
	}
}

// TestListsLeaveOtherConditions reads a page from a list of attributes, while other conditions
// look into the same table.
func TestListsLeaveOtherConditions(t *testing.T) {
	town := cityOf(t, 2_000)
	find := func(where filter.Expr) (found []visitor.Visitor) {
		found, err := town.FindVisitors(t.Context(), "acme", driver.Select{Where: town.bind(t, where), Order: driver.NewestFirst, Limit: 51})
		require.NoError(t, err)
		return found
	}
	score, pro := filter.Attr("score").Between(10, 14), filter.Attr("plan").Is("pro")
	var with, without []visitor.Visitor
	for _, v := range find(score) {
		if v.Attributes["plan"].Text() == "pro" {
			with = append(with, v)
		} else {
			without = append(without, v)
		}
	}
	require.NotEmpty(t, with)
	require.NotEmpty(t, without)
	require.Equal(t, with, find(filter.And(score, pro)))
	require.Equal(t, without, find(filter.And(score, filter.Not(pro))))
}

// TestCapturesUseIndexes captures contacts that match by identity, by event, and by e-mail and
// phone: no statement reads a whole table.
func TestCapturesUseIndexes(t *testing.T) {
	town := cityOf(t, 2_000)
	st, noted, db := spyOn(t, restore(t, dump(t, town.path)))
	var changes []driver.Change
	for _, external := range []string{"new-1", "new-2"} {
		changes = append(changes, driver.CaptureContact{
			ID: visitor.NewID(crowd.Start), Policy: visitor.Policy{ByEmail: visitor.MatchAny, ByPhone: visitor.MatchAny},
			Contact: visitor.Contact{
				Source: visitor.Telegram, ExternalID: external, EventID: external, Email: "nobody@example.com", Phone: "+999123456", OccurredAt: crowd.Start,
			}, Audit: driver.Audit{At: crowd.Start},
		})
	}
	known, err := st.FindVisitors(t.Context(), "acme", driver.Select{Where: town.bind(t, filter.All()), Order: driver.NewestFirst, Limit: 1})
	require.NoError(t, err)
	merge := driver.MergeVisitors{Into: changes[0].(driver.CaptureContact).ID, From: known[0].ID, Audit: driver.Audit{At: crowd.Start}}
	for _, some := range [][]driver.Change{changes, {merge}, {driver.UnmergeVisitor{From: merge.From, Audit: driver.Audit{At: crowd.Start}}}, {driver.DeleteVisitor{ID: merge.Into, Audit: driver.Audit{At: crowd.Start}}}} {
		noted.take()
		_, err := st.Apply(t.Context(), "acme", some)
		require.NoError(t, err)
		for _, q := range noted.take() {
			plan := explain(t, db, q)
			for _, step := range strings.Split(plan, "\n") {
				name, scans := strings.CutPrefix(step, "SCAN ")
				made := strings.Contains(plan, "CO-ROUTINE "+name) // a subquery, not a table
				require.False(t, scans && !made && (len(name) == 1 && name != "j" || strings.HasPrefix(name, "visitors_")), "%s reads a whole table:\n%s", q.text, plan)
			}
		}
	}
}

// TestEventsOfAVisitorUseIndexes asks SQLite how it finds the events about one visitor.
func TestEventsOfAVisitorUseIndexes(t *testing.T) {
	town := cityOf(t, 2_000)
	st, noted, db := spyOn(t, town.path)
	newest, err := st.FindVisitors(t.Context(), "acme", driver.Select{Where: town.bind(t, filter.All()), Order: driver.NewestFirst, Limit: 1})
	require.NoError(t, err)
	noted.take()
	events, err := st.Events(t.Context(), "acme", driver.EventQuery{Visitor: newest[0].ID, Limit: 50})
	require.NoError(t, err)
	require.Len(t, events, 1)
	queries := noted.take()
	require.Len(t, queries, 2, "of the workspace and of the events")
	plan := explain(t, db, queries[1])
	require.Contains(t, plan, "SEARCH e USING INDEX visitors_event_visitor (ws=? AND <expr>=? AND seq>?)")
	require.Contains(t, plan, "SEARCH e USING INDEX visitors_event_other (ws=? AND other_id=? AND seq>?)")
	require.NotContains(t, plan, "SCAN visitors_event")
}
