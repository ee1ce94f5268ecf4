package storetest

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// rulePromises are about rules that mention groups.
var rulePromises = []promise{
	{"a rule may mention groups without a rule, and its members are exact", "\"On list A but not on list B\" is the first segment that a team asks for.", checkRuleOfGroups},
	{"a rule that mentions a missing tag or group is refused", "Such a rule matches no visitor, or all.", checkRuleMentionsMissing},
	{"a rule that mentions a group with a rule is refused, also its own group", "Rules that depend on rules could depend on themselves.", checkRuleMentionsRule},
	{"a group that a rule mentions cannot get a rule", "The other rule would change its meaning.", checkMentionedGroupGetsRule},
}

// nested puts a condition deep into an expression that means the same.
func nested(e filter.Expr) filter.Expr {
	return filter.And(filter.All(), filter.Not(filter.Or(filter.None(), filter.Not(e))))
}

func checkRuleOfGroups(f *fixture) {
	vip := f.tag("vip")
	a, b := f.group("List A", nil), f.group("List B", nil)
	onlyA := f.group("Only A", filter.And(filter.Group.HasID(a.ID), filter.Not(filter.Group.HasID(b.ID))))
	either := f.group("Either or tagged", filter.Or(nested(filter.Group.Has("list b")), filter.Group.HasID(a.ID), filter.Tag.HasID(vip.ID)))
	both := f.group("Both", filter.Group.HasAll("List A", "List B"))
	anyGroup := f.group("Any", filter.Group.Exists())
	changes := []driver.Change{driver.CreateTag{Tag: vip}}
	for _, g := range []group.Group{a, b, onlyA, either, both, anyGroup} {
		changes = append(changes, driver.CreateGroup{Group: g})
	}
	var people []visitor.Visitor
	for i, in := range [][]group.ID{{}, {a.ID}, {b.ID}, {a.ID, b.ID}, {onlyA.ID}, {}} {
		people = append(people, inGroups(f.visitor(fmt.Sprint("v", i)), in...))
		changes = append(changes, create(people[i]))
	}
	f.given(append(changes, driver.AddTags{ID: people[5].ID, Tags: keys(vip), Audit: f.audit()})...)
	members := func(when string, wants ...string) {
		f.Helper()
		all := f.visitors(f.ws)
		for i, g := range []group.Group{onlyA, either, both, anyGroup} {
			byID, byName := filter.Group.HasID(g.ID), filter.Group.Has(g.Name)
			f.same("members of "+g.Name+" "+when, f.matches(byName), wants[i])
			f.agree(byID, all)
			f.agree(filter.Not(byID), all)
			f.agree(filter.And(byName, filter.Not(filter.Group.Has("List B"))), all)
			f.compareFacets("facets of "+g.Name+" "+when, byID, all)
		}
		f.compareFacets("facets "+when, filter.All(), all)
	}
	members("at first", "v1, v4", "v1, v2, v3, v5", "v3", "v1, v2, v3, v4")
	f.must(
		driver.RemoveFromGroup{Group: b.ID, ID: people[3].ID, Audit: f.audit()},
		driver.AddToGroup{Group: a.ID, ID: people[2].ID, Audit: f.audit()},
		driver.RemoveFromGroup{Group: either.ID, ID: people[1].ID, Audit: f.audit()},
		driver.RemoveTags{ID: people[5].ID, Tags: keys(vip), Audit: f.audit()},
	)
	members("after memberships changed", "v1, v3, v4", "v2, v3", "v2", "v1, v2, v3, v4")
	f.must(driver.UpdateGroup{ID: b.ID, Patch: group.Patch{Name: ptr("LIST B")}, Audit: f.audit()}, driver.DeleteVisitor{ID: people[2].ID, Audit: f.audit()})
	members("after a visitor was deleted", "v1, v3, v4", "v3", "", "v1, v3, v4")
	page, err := f.open(nil).Count(f.Context(), filter.Group.Has("Only A"))
	f.same("members as a Workspace counts them", []any{page, err}, []any{int64(3), error(nil)})
}

func checkRuleMentionsMissing(f *fixture) {
	vip, team, gone, goneTag := f.tag("vip"), f.group("Team", nil), f.group("gone", nil), f.tag("gone")
	f.inNeighbour(driver.CreateGroup{Group: gone}, driver.CreateTag{Tag: goneTag})
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team})
	other := f.group("Other", filter.All())
	f.must(driver.CreateGroup{Group: other})
	for _, rule := range []filter.Expr{
		filter.Tag.HasID(goneTag.ID), filter.Group.HasID(gone.ID), nested(filter.Tag.HasID(goneTag.ID)), nested(filter.Group.HasID(gone.ID)),
		filter.Or(filter.Tag.HasID(vip.ID), filter.Tag.HasID(goneTag.ID)), filter.And(filter.Group.HasID(team.ID), filter.Group.HasID(gone.ID)),
		filter.Condition{Field: "tag", Op: filter.OpIn, Values: []filter.Value{{Kind: filter.IDValue, Text: string(vip.ID)}, {Kind: filter.IDValue, Text: string(goneTag.ID)}}},
		filter.Tag.HasID(tag.ID(team.ID)), filter.Group.HasID(group.ID(vip.ID)),
	} {
		f.invalid(0, driver.CreateGroup{Group: f.group("New", rule), Audit: f.audit()})
		f.invalid(0, driver.UpdateGroup{ID: other.ID, Patch: group.Patch{Rule: rule}, Audit: f.audit()})
		f.invalid(0, driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Rule: rule}, Audit: f.audit()})
	}
	upper := filter.Tag.HasID(tag.ID(strings.ToUpper(string(vip.ID))))
	f.effects(f.must(driver.UpdateGroup{ID: other.ID, Patch: group.Patch{Rule: upper}, Audit: f.audit()}), driver.Updated)
	ws := f.open(nil)
	for _, rule := range []filter.Expr{filter.Tag.Has("no such tag"), filter.Group.Has("no such group"), filter.Group.HasID(gone.ID)} {
		if _, err := ws.CreateGroup(f.Context(), group.Draft{Name: "New", Rule: rule}); err == nil {
			f.Errorf("a Workspace creates a group with the rule %s", format(rule))
		}
	}
}

func checkRuleMentionsRule(f *fixture) {
	plain, ruled, other := f.group("Plain", nil), f.group("Ruled", filter.All()), f.group("Other", filter.All())
	f.given(driver.CreateGroup{Group: plain}, driver.CreateGroup{Group: ruled}, driver.CreateGroup{Group: other})
	for _, e := range []filter.Expr{filter.Group.HasID(ruled.ID), nested(filter.Group.HasID(ruled.ID)), filter.Or(filter.Group.HasID(plain.ID), filter.Group.HasID(ruled.ID))} {
		f.invalid(0, driver.CreateGroup{Group: f.group("New", e), Audit: f.audit()})
		f.invalid(0, driver.UpdateGroup{ID: other.ID, Patch: group.Patch{Rule: e}, Audit: f.audit()})
		f.invalid(0, driver.UpdateGroup{ID: plain.ID, Patch: group.Patch{Rule: e}, Audit: f.audit()})
	}
	f.invalid(0, driver.UpdateGroup{ID: plain.ID, Patch: group.Patch{Rule: nested(filter.Group.HasID(plain.ID))}, Audit: f.audit()})
	f.invalid(0, driver.UpdateGroup{ID: ruled.ID, Patch: group.Patch{Rule: filter.Group.HasID(ruled.ID)}, Audit: f.audit()})
	// Without its rule a group can be mentioned.
	f.effects(f.must(
		driver.UpdateGroup{ID: ruled.ID, Patch: group.Patch{ClearRule: true}, Audit: f.audit()},
		driver.UpdateGroup{ID: other.ID, Patch: group.Patch{Rule: filter.Group.HasID(ruled.ID)}, Audit: f.audit()},
	), driver.Updated, driver.Updated)
}

func checkMentionedGroupGetsRule(f *fixture) {
	team, first := f.group("Team", nil), f.group("First", nil)
	first.Rule = nested(filter.Group.HasID(team.ID))
	second := f.group("Second", filter.Group.Has("TEAM"))
	f.given(driver.CreateGroup{Group: team}, driver.CreateGroup{Group: first}, driver.CreateGroup{Group: second})
	rule := driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Rule: filter.All()}, Audit: f.audit()}
	f.inUse("group", []group.ID{first.ID, second.ID}, 0, rule)
	f.must(driver.DeleteGroup{ID: second.ID, Audit: f.audit()})
	f.inUse("group", []group.ID{first.ID}, 0, rule)
	f.effects(f.must(driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("Crew"), Description: ptr("us")}, Audit: f.audit()}), driver.Updated)
	f.effects(f.must(driver.UpdateGroup{ID: first.ID, Patch: group.Patch{Rule: filter.Email.Exists()}, Audit: f.audit()}, rule), driver.Updated, driver.Updated)
}
