package storetest

import (
	"fmt"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var membershipPromises = []promise{
	{"a visitor is added to a group once and removed once", "Businesses send messages to lists.", checkMembershipOnce},
	{"a missing visitor is Missing and a missing group ErrNotFound, also if both are missing", "In bulk work some visitors are missing and are reported; a missing group is a mistake.", checkMembershipMissing},
	{"a group has the members by rule and by hand, without those removed by hand", "A visitor who was removed from a campaign must not be written to because a rule matches.", checkMembershipByRule},
	{"memberships change neither revision nor update time, and are ordered by id", "Adding to a list is not an edit of the profile.", checkMembershipOrder},
}

func checkMembershipOnce(f *fixture) {
	team, v, other := f.group("Team", nil), f.visitor("Ada"), f.visitor("Bob")
	f.given(driver.CreateGroup{Group: team}, create(v), create(other))
	first := f.audit()
	f.effects(f.must(
		driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: first},
		driver.AddToGroup{Group: team.ID, ID: v.ID, Audit: driver.Audit{At: f.now(), Actor: "bob"}},
	), driver.Updated, driver.Unchanged)
	want := v
	want.Memberships = []visitor.Membership{membership(team.ID, first)}
	f.same("the visitor", f.get(v.ID), want)
	f.same("members", f.matches(filter.Group.Has("team")), "Ada")
	f.effects(f.must(
		driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: f.audit()},
		driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: f.audit()},
		driver.RemoveFromGroup{Group: team.ID, ID: other.ID, Audit: f.audit()},
	), driver.Updated, driver.Unchanged, driver.Unchanged)
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{v, other})
	f.same("members", f.matches(filter.Group.Has("team")), "")
	f.same("number of members", f.count(filter.Group.Has("team")), int64(0))
}

func checkMembershipMissing(f *fixture) {
	team, gone := f.group("Team", nil), f.group("gone", nil)
	v, nobody := f.visitor("Ada"), f.visitor("Nobody")
	f.inNeighbour(driver.CreateGroup{Group: team}, driver.CreateGroup{Group: gone}, create(v), create(nobody))
	f.must(driver.CreateGroup{Group: team}, create(v))
	f.effects(f.must(
		driver.AddToGroup{Group: team.ID, ID: nobody.ID, Audit: f.audit()}, driver.RemoveFromGroup{Group: team.ID, ID: nobody.ID, Audit: f.audit()},
	), driver.Missing, driver.Missing)
	for _, id := range []visitor.ID{v.ID, nobody.ID} {
		f.refused(driver.ErrNotFound, "group", string(gone.ID), 0, driver.AddToGroup{Group: gone.ID, ID: id, Audit: f.audit()})
		f.refused(driver.ErrNotFound, "group", string(gone.ID), 0, driver.RemoveFromGroup{Group: gone.ID, ID: id, Audit: f.audit()})
	}
	f.same("number of members", f.count(filter.Group.Has("team")), int64(0))
}

func checkMembershipByRule(f *fixture) {
	rule := f.group("Chatters", filter.Source.Is(visitor.Chat))
	a, b, c, d := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Cleo"), f.visitor("Dan")
	a.Source, b.Source = visitor.Chat, visitor.Chat
	f.given(driver.CreateGroup{Group: rule}, create(a), create(b), create(c), create(d))
	members := func(when, want string) {
		f.Helper()
		f.same("members "+when, f.matches(filter.Group.Has("chatters")), want)
		f.same("number of members "+when, f.count(filter.Group.Has("chatters")), int64(len(f.find(driver.Select{Where: f.bind(filter.Group.Has("chatters")), Order: driver.NewestFirst, Limit: 9}))))
	}
	add := func(v visitor.Visitor, a driver.Audit) driver.Change {
		return driver.AddToGroup{Group: rule.ID, ID: v.ID, Audit: a}
	}
	remove := func(v visitor.Visitor) driver.Change {
		return driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.audit()}
	}
	members("by the rule", "Ada, Bob")
	added := f.audit()
	f.effects(f.must(add(c, added), remove(b), remove(b), remove(d)), driver.Updated, driver.Updated, driver.Unchanged, driver.Updated)
	members("after one was added and two were removed", "Ada, Cleo")
	c.Memberships = []visitor.Membership{membership(rule.ID, added)}
	b.Excluded, d.Excluded = []group.ID{rule.ID}, []group.ID{rule.ID}
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{a, b, c, d})
	f.must(driver.UpdateVisitor{ID: d.ID, Patch: visitor.Patch{Source: ptr(visitor.Chat)}, Audit: f.audit()})
	members("when the rule matches a visitor who was removed before", "Ada, Cleo")
	f.must(driver.UpdateVisitor{ID: a.ID, Patch: visitor.Patch{Source: ptr(visitor.Telegram)}, Audit: f.audit()})
	members("when the rule no longer matches", "Cleo")
	f.effects(f.must(add(b, f.audit())), driver.Updated)
	members("after one was added again", "Bob, Cleo")
	f.same("exclusions of the one added again", f.get(b.ID).Excluded, []group.ID(nil))
	f.effects(f.must(remove(c)), driver.Updated)
	members("after a member by hand was removed", "Bob")
	c.Memberships, c.Excluded = nil, []group.ID{rule.ID}
	f.same("the visitor who was removed", f.get(c.ID), c)
	f.same("members by hand of any group", f.matches(filter.Group.Exists()), "Bob")
}

func checkMembershipOrder(f *fixture) {
	v := f.visitor("Ada")
	changes := []driver.Change{create(v)}
	want, at := v, f.now()
	for i := range 40 {
		g := f.group(fmt.Sprintf("Group %02d", i), nil)
		if i%2 == 0 {
			g.Rule = filter.None()
		}
		g.ID = group.ID(f.id(at))
		changes = append(changes, driver.CreateGroup{Group: g})
		if a := f.audit(); i%4 == 0 {
			want.Excluded = append(want.Excluded, g.ID)
			changes = append(changes, driver.RemoveFromGroup{Group: g.ID, ID: v.ID, Audit: a})
		} else {
			want.Memberships = append(want.Memberships, membership(g.ID, a))
			changes = append(changes, driver.AddToGroup{Group: g.ID, ID: v.ID, Audit: a})
		}
	}
	for _, c := range changes {
		f.given(c)
	}
	want = want.Sorted()
	f.same("the visitor", f.get(v.ID), want)
	f.same("the visitor found", f.visitors(f.ws), []visitor.Visitor{want})
}
