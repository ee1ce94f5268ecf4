package storetest

import (
	"errors"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// inUsePromises are about deleting what a group's rule mentions.
var inUsePromises = []promise{
	{"a tag that a rule mentions cannot be deleted", "The segment would silently change.", checkTagInUse},
	{"a group that a rule mentions cannot be deleted", "The segment would silently change.", checkGroupInUse},
	{"a topic that a rule mentions cannot be deleted", "The complement, people who may not be written to, would silently become everybody.", checkTopicInUse},
	{"what no rule mentions any more can be deleted", "An error that a person cannot resolve would be no help.", checkNoLongerInUse},
	{"a Workspace returns a *store.InUseError with the groups", "A host shows people which segments to change first.", checkWorkspaceInUse},
}

// users returns groups whose rules mention e, and one that does not.
func (f *fixture) users(e filter.Expr) (users []group.Group, other group.Group) {
	negated := f.group("Negated", filter.Not(e))
	deep := f.group("Deep", nested(nested(filter.And(filter.Source.Is(visitor.Chat), e))))
	return []group.Group{deep, negated}, f.group("Other", filter.Email.Exists())
}

func groupIDs(groups []group.Group) []group.ID {
	var ids []group.ID
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	return ids
}

func checkTagInUse(f *fixture) {
	vip, lead, v := f.tag("vip"), f.tag("lead"), f.visitor("Ada")
	users, other := f.users(filter.Tag.HasID(vip.ID))
	byName := f.group("By name", filter.Tag.HasAny("lead", "VIP"))
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateGroup{Group: users[0]}, driver.CreateGroup{Group: users[1]}, driver.CreateGroup{Group: other}, create(v, vip))
	f.inUse("tag", groupIDs(users), 0, driver.DeleteTag{ID: vip.ID, Audit: f.audit()})
	f.inUse("tag", groupIDs(users), 1, driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()}, driver.DeleteTag{ID: vip.ID, Audit: f.audit()})
	f.must(driver.CreateGroup{Group: byName})
	f.inUse("tag", append(groupIDs(users), byName.ID), 0, driver.DeleteTag{ID: vip.ID, Audit: f.audit()})
	f.inUse("tag", []group.ID{byName.ID}, 0, driver.DeleteTag{ID: lead.ID, Audit: f.audit()})
	f.same("the visitor", f.get(v.ID), with(v, vip))
	f.same("members", f.matches(filter.Group.Has("Negated")), "")
}

func checkGroupInUse(f *fixture) {
	team, v := f.group("Team", nil), f.visitor("Ada")
	users, other := f.users(filter.Group.HasID(team.ID))
	byName := f.group("By name", filter.Group.Has("TEAM"))
	f.given(driver.CreateGroup{Group: team}, driver.CreateGroup{Group: users[0]}, driver.CreateGroup{Group: users[1]}, driver.CreateGroup{Group: other}, create(inGroups(v, team.ID)))
	f.inUse("group", groupIDs(users), 0, driver.DeleteGroup{ID: team.ID, Audit: f.audit()})
	f.inUse("group", groupIDs(users), 1, driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: f.audit()}, driver.DeleteGroup{ID: team.ID, Audit: f.audit()})
	f.must(driver.CreateGroup{Group: byName})
	f.inUse("group", append(groupIDs(users), byName.ID), 0, driver.DeleteGroup{ID: team.ID, Audit: f.audit()})
	f.same("the visitor", f.get(v.ID), inGroups(v, team.ID))
	f.same("members", f.matches(filter.Group.Has("By name")), "Ada")
}

func checkTopicInUse(f *fixture) {
	news := consent.Topic{Key: "news"}
	users, other := f.users(filter.CanContact(consent.Email, "news"))
	f.given(driver.PutTopic{Topic: news, Audit: f.audit()}, driver.CreateGroup{Group: users[0]}, driver.CreateGroup{Group: users[1]}, driver.CreateGroup{Group: other})
	f.inUse("topic", groupIDs(users), 0, driver.DeleteTopic{Key: "news", Audit: f.audit()})
	f.must(driver.DeleteGroup{ID: users[0].ID, Audit: f.audit()}, driver.DeleteGroup{ID: users[1].ID, Audit: f.audit()},
		driver.DeleteTopic{Key: "news", Audit: f.audit()})
}

func checkNoLongerInUse(f *fixture) {
	vip, team := f.tag("vip"), f.group("Team", nil)
	updated := f.group("Updated", filter.And(filter.Tag.HasID(vip.ID), filter.Group.HasID(team.ID)))
	cleared, deleted := f.group("Cleared", updated.Rule), f.group("Deleted", updated.Rule)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: updated}, driver.CreateGroup{Group: cleared}, driver.CreateGroup{Group: deleted})
	users := []group.ID{updated.ID, cleared.ID, deleted.ID}
	for _, c := range []driver.Change{
		driver.UpdateGroup{ID: updated.ID, Patch: group.Patch{Rule: filter.Email.Exists()}, Audit: f.audit()},
		driver.UpdateGroup{ID: cleared.ID, Patch: group.Patch{ClearRule: true}, Audit: f.audit()},
		driver.DeleteGroup{ID: deleted.ID, Audit: f.audit()},
	} {
		f.inUse("tag", users, 0, driver.DeleteTag{ID: vip.ID, Audit: f.audit()})
		f.inUse("group", users, 0, driver.DeleteGroup{ID: team.ID, Audit: f.audit()})
		f.must(c)
		users = users[1:]
	}
	f.effects(f.must(driver.DeleteTag{ID: vip.ID, Audit: f.audit()}, driver.DeleteGroup{ID: team.ID, Audit: f.audit()}), driver.Deleted, driver.Deleted)
}

func checkWorkspaceInUse(f *fixture) {
	ctx, ws := f.Context(), f.open(nil)
	vip, team := f.tag("vip"), f.group("Team", nil)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team})
	g, err := ws.CreateGroup(ctx, group.Draft{Name: "Segment", Rule: filter.And(filter.Tag.Has("VIP"), filter.Group.Has("team"))})
	f.ok(err)
	_, ruled := ws.UpdateGroup(ctx, team.ID, group.Patch{Rule: filter.All()})
	for what, err := range map[string]error{"tag": ws.DeleteTag(ctx, vip.ID), "group": ws.DeleteGroup(ctx, team.ID), "group ": ruled} {
		var used *store.InUseError
		if !errors.Is(err, store.ErrInUse) || !errors.As(err, &used) || used.Kind != what[:len(used.Kind)] || !slices.Equal(used.Groups, []group.ID{g.ID}) {
			f.Errorf("%s: error %v, want a *store.InUseError with the group", what, err)
		}
	}
}
