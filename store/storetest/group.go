package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

var groupPromises = []promise{
	{
		name: "a group reads as it was created, with its rule",
		why:  "A rule that comes back otherwise selects other people.",
		keep: func(r *room) {
			vip := r.tag("vip")
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
			changes := []store.Change{store.CreateTag{Tag: vip}}
			var groups []group.Group
			for i, rule := range rules {
				g := r.group(fmt.Sprintf("Group %02d", i), rule)
				if i%2 == 0 {
					g.Description = "line one\nline two"
				}
				groups, changes = append(groups, g), append(changes, store.CreateGroup{Group: g})
			}
			out := r.given(changes...)
			for i, g := range groups {
				r.same("outcome", out[i+1], store.Outcome{Effect: store.Created, Group: g})
			}
			r.same("groups", r.groups(r.ws), groups)
		},
	},
	{
		name: "spellings of one name are one group",
		why:  "Members would be spread over two groups that look alike.",
		keep: func(r *room) {
			team := r.group("Équipe Süd", nil)
			r.given(store.CreateGroup{Group: team})
			for _, spelling := range []string{"Équipe Süd", "EQUIPE  SUD", "équipe süd"} {
				r.refused(store.ErrExists, "group", string(team.ID), 0, store.CreateGroup{Group: r.group(spelling, nil)})
			}
			other := r.group("other", nil)
			other.ID = team.ID
			r.refused(store.ErrExists, "group", string(team.ID), 0, store.CreateGroup{Group: other})
		},
	},
	{
		name: "a group changes what is named and keeps its members",
		why:  "A campaign is renamed while it runs.",
		keep: func(r *room) {
			team, v := r.group("Team", nil), r.visitor("Ada")
			v.Groups = []group.ID{team.ID}
			r.given(store.CreateGroup{Group: team}, create(v))
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
				out := r.must(store.UpdateGroup{ID: team.ID, Patch: step.patch, At: r.now()})
				r.same("outcome", out, []store.Outcome{{Effect: store.Updated, Group: want}})
				r.same("groups", r.groups(r.ws), []group.Group{want})
				r.same("members", r.matches(filter.Group.HasID(team.ID)), "Ada")
			}
			r.same("the visitor", r.get(v.ID), v)
		},
	},
	{
		name: "an update of a group that changes nothing is none",
		why:  "Whoever reads the events must not be told of changes that were none.",
		keep: func(r *room) {
			team := r.group("Team", filter.And(filter.Source.Is(visitor.Chat), filter.Email.Exists()))
			r.given(store.CreateGroup{Group: team})
			for _, p := range []group.Patch{
				{},
				{Name: ptr("Team"), Description: ptr("")},
				{Rule: filter.And(filter.Source.Is(visitor.Chat), filter.Email.Exists())},
			} {
				out := r.must(store.UpdateGroup{ID: team.ID, Patch: p, At: r.now()})
				r.same("outcome", out, []store.Outcome{{Effect: store.Unchanged, Group: team}})
			}
			plain := r.group("Plain", nil)
			r.given(store.CreateGroup{Group: plain})
			r.effects(r.must(store.UpdateGroup{ID: plain.ID, Patch: group.Patch{ClearRule: true}, At: r.now()}), store.Unchanged)
		},
	},
	{
		name: "a group that is not there cannot be changed, nor take another's name",
		why:  "A change that went nowhere must be told.",
		keep: func(r *room) {
			team, crew, gone := r.group("Team", nil), r.group("Crew", nil), r.group("gone", nil)
			r.besides(store.CreateGroup{Group: gone})
			r.given(store.CreateGroup{Group: team}, store.CreateGroup{Group: crew})
			r.refused(store.ErrNotFound, "group", string(gone.ID), 0, store.UpdateGroup{ID: gone.ID, Patch: group.Patch{Name: ptr("new")}, At: r.now()})
			r.refused(store.ErrExists, "group", string(crew.ID), 0, store.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("ĆREW")}, At: r.now()})
		},
	},
	{
		name: "a rule that mentions groups or is bound already is refused",
		why:  "A rule that cannot be read again, or goes in a circle, breaks every group of the workspace.",
		keep: func(r *room) {
			team, other := r.group("Team", filter.All()), r.group("Other", nil)
			r.given(store.CreateGroup{Group: team})
			for _, rule := range []filter.Expr{
				filter.Group.Exists(),
				filter.Not(filter.Group.Has("Team")),
				r.bind(filter.Name.Is("Ada")),
				filter.Or(filter.Name.Is("Ada"), filter.Not(r.bind(filter.Group.Has("Team")))),
				r.bind(filter.Group.Exists()),
			} {
				other.Rule = rule
				for _, c := range []store.Change{store.CreateGroup{Group: other}, store.UpdateGroup{ID: team.ID, Patch: group.Patch{Rule: rule}, At: r.now()}} {
					if err := r.unchanged(c); !errors.Is(err, store.ErrInvalid) {
						r.Errorf("%T with the rule %+v: error %v, want one that matches ErrInvalid", c, rule, err)
					}
				}
				ws := r.open(nil)
				_, err := ws.CreateGroup(r.Context(), group.Draft{Name: "Other", Rule: rule})
				r.same("creating it by a handle is refused", errors.Is(err, store.ErrInvalid), true)
				_, err = ws.UpdateGroup(r.Context(), team.ID, group.Patch{Rule: rule})
				r.same("updating it by a handle is refused", errors.Is(err, store.ErrInvalid), true)
			}
			r.same("groups", r.groups(r.ws), []group.Group{team})
		},
	},
	{
		name: "a deleted group has no members, who stay visitors",
		why:  "Deleting a list must not delete the people on it.",
		keep: func(r *room) {
			team, rule := r.group("Team", nil), r.group("Rule", filter.All())
			a, b := r.visitor("Ada"), r.visitor("Bob")
			a.Groups, b.Groups = []group.ID{team.ID, rule.ID}, []group.ID{team.ID}
			r.given(store.CreateGroup{Group: team}, store.CreateGroup{Group: rule}, create(a), create(b), store.LeaveGroup{Group: rule.ID, ID: b.ID, At: r.now()})
			r.effects(r.must(store.DeleteGroup{ID: team.ID, At: r.now()}, store.DeleteGroup{ID: team.ID, At: r.now()}), store.Deleted, store.Missing)
			a.Groups, b.Groups, b.Excluded = []group.ID{rule.ID}, nil, []group.ID{rule.ID}
			r.same("the visitors", r.visitors(r.ws), []visitor.Visitor{a, b})
			r.same("members by hand of any group", r.matches(filter.Group.Exists()), "Ada")
			r.must(store.DeleteGroup{ID: rule.ID, At: r.now()})
			a.Groups, b.Excluded = nil, nil
			r.same("the visitors", r.visitors(r.ws), []visitor.Visitor{a, b})
			r.same("groups", len(r.groups(r.ws)), 0)
			r.must(store.CreateGroup{Group: team}, store.CreateGroup{Group: rule})
			r.same("members of the group made anew", r.matches(filter.Group.Has("Team")), "")
			r.same("members of the rule made anew", r.matches(filter.Group.Has("Rule")), "Ada, Bob")
			r.same("the visitors", r.visitors(r.ws), []visitor.Visitor{a, b})
		},
	},
}

var memberPromises = []promise{
	{
		name: "a visitor joins a group once and leaves it once",
		why:  "Lists are what a business writes to.",
		keep: func(r *room) {
			team, v, other := r.group("Team", nil), r.visitor("Ada"), r.visitor("Bob")
			r.given(store.CreateGroup{Group: team}, create(v), create(other))
			r.effects(r.must(
				store.JoinGroup{Group: team.ID, ID: v.ID, At: r.now()},
				store.JoinGroup{Group: team.ID, ID: v.ID, At: r.now()},
			), store.Updated, store.Unchanged)
			want := v
			want.Groups = []group.ID{team.ID}
			r.same("the visitor", r.get(v.ID), want)
			r.same("members", r.matches(filter.Group.Has("team")), "Ada")
			r.effects(r.must(
				store.LeaveGroup{Group: team.ID, ID: v.ID, At: r.now()},
				store.LeaveGroup{Group: team.ID, ID: v.ID, At: r.now()},
				store.LeaveGroup{Group: team.ID, ID: other.ID, At: r.now()},
			), store.Updated, store.Unchanged, store.Unchanged)
			r.same("the visitors", r.visitors(r.ws), []visitor.Visitor{v, other})
			r.same("members", r.matches(filter.Group.Has("team")), "")
			r.same("how many members", r.count(filter.Group.Has("team")), int64(0))
		},
	},
	{
		name: "a visitor or a group that is not there cannot meet",
		why:  "In a bulk somebody is missing and is told; a group that is missing is a mistake.",
		keep: func(r *room) {
			team, gone := r.group("Team", nil), r.group("gone", nil)
			v, nobody := r.visitor("Ada"), r.visitor("Nobody")
			r.besides(store.CreateGroup{Group: team}, store.CreateGroup{Group: gone}, create(v), create(nobody))
			r.must(store.CreateGroup{Group: team}, create(v))
			r.effects(r.must(
				store.JoinGroup{Group: team.ID, ID: nobody.ID, At: r.now()}, store.LeaveGroup{Group: team.ID, ID: nobody.ID, At: r.now()},
			), store.Missing, store.Missing)
			r.refused(store.ErrNotFound, "group", string(gone.ID), 0, store.JoinGroup{Group: gone.ID, ID: v.ID, At: r.now()})
			r.refused(store.ErrNotFound, "group", string(gone.ID), 0, store.LeaveGroup{Group: gone.ID, ID: v.ID, At: r.now()})
			r.same("how many members", r.count(filter.Group.Has("team")), int64(0))
		},
	},
	{
		name: "a rule makes members, hands put in and take out",
		why:  "Whoever was taken out of a campaign by hand must not be written to because a rule says so.",
		keep: func(r *room) {
			rule := r.group("Chatters", filter.Source.Is(visitor.Chat))
			a, b, c, d := r.visitor("Ada"), r.visitor("Bob"), r.visitor("Cleo"), r.visitor("Dan")
			a.Source, b.Source = visitor.Chat, visitor.Chat
			r.given(store.CreateGroup{Group: rule}, create(a), create(b), create(c), create(d))
			members := func(when, want string) {
				r.Helper()
				r.same("members "+when, r.matches(filter.Group.Has("chatters")), want)
				r.same("count of members "+when, r.count(filter.Group.Has("chatters")), int64(len(r.find(store.Select{Where: r.bind(filter.Group.Has("chatters")), Order: store.NewestFirst, Limit: 9}))))
			}
			members("by the rule", "Ada, Bob")
			r.effects(r.must(
				store.JoinGroup{Group: rule.ID, ID: c.ID, At: r.now()},
				store.LeaveGroup{Group: rule.ID, ID: b.ID, At: r.now()},
				store.LeaveGroup{Group: rule.ID, ID: b.ID, At: r.now()},
				store.LeaveGroup{Group: rule.ID, ID: d.ID, At: r.now()},
			), store.Updated, store.Updated, store.Unchanged, store.Updated)
			members("after joining and leaving", "Ada, Cleo")
			c.Groups, b.Excluded, d.Excluded = []group.ID{rule.ID}, []group.ID{rule.ID}, []group.ID{rule.ID}
			r.same("the visitors", r.visitors(r.ws), []visitor.Visitor{a, b, c, d})
			r.must(store.UpdateVisitor{ID: d.ID, Patch: visitor.Patch{Source: ptr(visitor.Chat)}, At: r.now()})
			members("when the rule matches who was taken out before", "Ada, Cleo")
			r.must(store.UpdateVisitor{ID: a.ID, Patch: visitor.Patch{Source: ptr(visitor.Telegram)}, At: r.now()})
			members("when the rule no longer matches", "Cleo")
			r.effects(r.must(store.JoinGroup{Group: rule.ID, ID: b.ID, At: r.now()}), store.Updated)
			members("after joining again", "Bob, Cleo")
			r.same("exclusions after joining again", r.get(b.ID).Excluded, []group.ID(nil))
			r.effects(r.must(store.LeaveGroup{Group: rule.ID, ID: c.ID, At: r.now()}), store.Updated)
			members("after a member by hand has left", "Bob")
			c.Groups, c.Excluded = nil, []group.ID{rule.ID}
			r.same("the visitor who left", r.get(c.ID), c)
			r.same("members by hand of any group", r.matches(filter.Group.Exists()), "Bob")
		},
	},
	{
		name: "groups touch neither revision nor time of a visitor, and come in order",
		why:  "Joining a list is no edit of the profile.",
		keep: func(r *room) {
			var changes []store.Change
			v := r.visitor("Ada")
			want := v
			at := r.now()
			for i := range 40 {
				g := r.group(fmt.Sprintf("Group %02d", i), nil)
				if i%2 == 0 {
					g.Rule = filter.None()
				}
				g.ID = group.ID(r.id(at))
				changes = append(changes, store.CreateGroup{Group: g})
				if i%4 == 0 {
					want.Excluded = append(want.Excluded, g.ID)
				} else {
					want.Groups = append(want.Groups, g.ID)
				}
			}
			r.given(append(changes, create(v))...)
			for _, g := range want.Groups {
				r.must(store.JoinGroup{Group: g, ID: v.ID, At: r.now()})
			}
			for _, g := range want.Excluded {
				r.must(store.LeaveGroup{Group: g, ID: v.ID, At: r.now()})
			}
			want.Groups, want.Excluded = sorted(want.Groups), sorted(want.Excluded)
			r.same("the visitor", r.get(v.ID), want)
			r.same("the visitor found", r.visitors(r.ws), []visitor.Visitor{want})
		},
	},
}
