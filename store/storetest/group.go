package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var groupPromises = []promise{
	{"a group reads as it was created, with its rule", "A rule that is read back differently selects other people.", checkGroupReads},
	{"spellings of one name are one group", "Members would be spread over two groups that look alike.", checkGroupNamesAreFolded},
	{"an update of a group changes the given fields and keeps the members", "A campaign is renamed while it runs.", checkGroupUpdate},
	{"an update of a group that changes nothing is Unchanged", "Readers of events must not see changes without an effect.", checkGroupUpdateUnchanged},
	{"an update of a missing group or to another group's name is refused", "A change without a result must not look like a success.", checkGroupUpdateRefused},
	{"a rule that is already bound is refused", "A rule that cannot be read again breaks every group of the workspace.", checkBoundRule},
	{"deleting a group ends its memberships and keeps the visitors", "Deleting a list must not delete the people on it.", checkGroupDelete},
}

func checkGroupReads(f *fixture) {
	vip := f.tag("vip")
	rules := []filter.Expr{
		nil,
		filter.All(),
		filter.None(),
		filter.Source.In(visitor.Instagram, visitor.Telegram),
		filter.Tag.Has("vip"),
		filter.Not(filter.Tag.HasID(vip.ID)),
		filter.And(filter.LastSeenAt.Within(30*24*time.Hour), filter.CreatedAt.Before(time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.UTC))),
		filter.Or(filter.CreatedAt.During(filter.LastMonth), filter.UpdatedAt.On(2026, time.February, 28), filter.Search(`"a" 'b' %_\`)),
		filter.And(filter.Attr("score").Between(-0.1, 1e21), filter.Attr("vip").IsFalse(), filter.Attr("city").In("São Paulo", "?", "$1")),
		filter.Or(filter.Identity.Is(visitor.Telegram, "bot", "42"), filter.Phone.HasPrefix("+55"), filter.Attr("born").Time().Exists()),
	}
	changes := []driver.Change{driver.CreateTag{Tag: vip}}
	var groups []group.Group
	for i, rule := range rules {
		g := f.group(fmt.Sprintf("Group %02d", i), rule)
		if i%2 == 0 {
			g.Description = "line one\nline two"
		}
		groups, changes = append(groups, g), append(changes, driver.CreateGroup{Group: g})
	}
	out := f.given(changes...)
	for i, g := range groups {
		f.same("outcome", out[i+1], driver.Outcome{Effect: driver.Created, Group: &g})
	}
	f.same("groups", f.groups(f.ws), groups)
}

func checkGroupNamesAreFolded(f *fixture) {
	team := f.group("Équipe Süd", nil)
	f.given(driver.CreateGroup{Group: team})
	for _, spelling := range []string{"Équipe Süd", "EQUIPE  SUD", "équipe süd"} {
		f.refused(driver.ErrExists, "group", string(team.ID), 0, driver.CreateGroup{Group: f.group(spelling, nil)})
	}
	other := f.group("other", nil)
	other.ID = team.ID
	f.refused(driver.ErrExists, "group", string(team.ID), 0, driver.CreateGroup{Group: other})
}

func checkGroupUpdate(f *fixture) {
	team, v := f.group("Team", nil), f.visitor("Ada")
	v = inGroups(v, team.ID)
	f.given(driver.CreateGroup{Group: team}, create(v))
	want := team
	for _, step := range []struct {
		patch group.Patch
		edit  func(*group.Group)
	}{
		{group.Patch{Name: ptr("Crew")}, func(g *group.Group) { g.Name = "Crew" }},
		{group.Patch{Description: ptr("all of us")}, func(g *group.Group) { g.Description = "all of us" }},
		{group.Patch{Rule: filter.Source.Is(visitor.Chat)}, func(g *group.Group) { g.Rule = filter.Source.Is(visitor.Chat) }},
		{group.Patch{Rule: filter.Email.Exists(), Name: ptr("CREW")}, func(g *group.Group) { g.Rule, g.Name = filter.Email.Exists(), "CREW" }},
		{group.Patch{ClearRule: true}, func(g *group.Group) { g.Rule = nil }},
		{group.Patch{Description: ptr("")}, func(g *group.Group) { g.Description = "" }},
	} {
		step.edit(&want)
		out := f.must(driver.UpdateGroup{ID: team.ID, Patch: step.patch, Audit: f.audit()})
		f.same("outcome", out, []driver.Outcome{{Effect: driver.Updated, Group: &want}})
		f.same("groups", f.groups(f.ws), []group.Group{want})
		f.same("members", f.matches(filter.Group.HasID(team.ID)), "Ada")
	}
	f.same("the visitor", f.get(v.ID), v)
}

func checkGroupUpdateUnchanged(f *fixture) {
	team := f.group("Team", filter.And(filter.Source.Is(visitor.Chat), filter.Email.Exists()))
	f.given(driver.CreateGroup{Group: team})
	for _, p := range []group.Patch{
		{},
		{Name: ptr("Team"), Description: ptr("")},
		{Rule: filter.And(filter.Source.Is(visitor.Chat), filter.Email.Exists())},
	} {
		out := f.must(driver.UpdateGroup{ID: team.ID, Patch: p, Audit: f.audit()})
		f.same("outcome", out, []driver.Outcome{{Effect: driver.Unchanged, Group: &team}})
	}
	plain := f.group("Plain", nil)
	f.given(driver.CreateGroup{Group: plain})
	f.effects(f.must(driver.UpdateGroup{ID: plain.ID, Patch: group.Patch{ClearRule: true}, Audit: f.audit()}), driver.Unchanged)
}

func checkGroupUpdateRefused(f *fixture) {
	team, crew, gone := f.group("Team", nil), f.group("Crew", nil), f.group("gone", nil)
	f.inNeighbour(driver.CreateGroup{Group: gone})
	f.given(driver.CreateGroup{Group: team}, driver.CreateGroup{Group: crew})
	f.refused(driver.ErrNotFound, "group", string(gone.ID), 0, driver.UpdateGroup{ID: gone.ID, Patch: group.Patch{Name: ptr("new")}, Audit: f.audit()})
	f.refused(driver.ErrExists, "group", string(crew.ID), 0, driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("ĆREW")}, Audit: f.audit()})
}

func checkGroupDelete(f *fixture) {
	team, rule := f.group("Team", nil), f.group("Rule", filter.All())
	a, b := f.visitor("Ada"), f.visitor("Bob")
	a, b = inGroups(a, team.ID, rule.ID), inGroups(b, team.ID)
	f.given(driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule}, create(a), create(b), driver.RemoveFromGroup{Group: rule.ID, ID: b.ID, Audit: f.audit()})
	f.effects(f.must(driver.DeleteGroup{ID: team.ID, Audit: f.audit()}, driver.DeleteGroup{ID: team.ID, Audit: f.audit()}), driver.Deleted, driver.Missing)
	a, b = inGroups(a, rule.ID), inGroups(b)
	b.Excluded = []group.ID{rule.ID}
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{a, b})
	f.same("members by hand of any group", f.matches(filter.Group.Exists()), "Ada")
	f.must(driver.DeleteGroup{ID: rule.ID, Audit: f.audit()})
	a, b.Excluded = inGroups(a), nil
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{a, b})
	f.same("groups", len(f.groups(f.ws)), 0)
	f.must(driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule})
	f.same("members of the group after it was created again", f.matches(filter.Group.Has("Team")), "")
	f.same("members of the group with a rule after it was created again", f.matches(filter.Group.Has("Rule")), "Ada, Bob")
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{a, b})
}

func checkBoundRule(f *fixture) {
	team, other := f.group("Team", filter.All()), f.group("Other", nil)
	f.given(driver.CreateGroup{Group: team, Audit: f.audit()})
	for _, rule := range []filter.Expr{
		f.bind(filter.Name.Is("Ada")),
		filter.Or(filter.Name.Is("Ada"), filter.Not(f.bind(filter.Group.Has("Team")))),
		f.bind(filter.Group.Exists()),
	} {
		other.Rule = rule
		for _, c := range []driver.Change{
			driver.CreateGroup{Group: other, Audit: f.audit()},
			driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Rule: rule}, Audit: f.audit()},
		} {
			if err := f.unchanged(c); !errors.Is(err, driver.ErrInvalid) {
				f.Errorf("%T with the rule %+v: error %v, want one that matches ErrInvalid", c, rule, err)
			}
		}
		ws := f.open(nil)
		_, err := ws.CreateGroup(f.Context(), group.Draft{Name: "Other", Rule: rule})
		f.same("creating it through a workspace is refused", errors.Is(err, driver.ErrInvalid), true)
		_, err = ws.UpdateGroup(f.Context(), team.ID, group.Patch{Rule: rule})
		f.same("updating it through a workspace is refused", errors.Is(err, driver.ErrInvalid), true)
	}
	f.same("groups", f.groups(f.ws), []group.Group{team})
}
