package storetest

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

var deletePromises = []promise{
	{
		name: "a deleted visitor is gone from every way of reading",
		why:  "Deletion is a legal duty: a person who asked to be forgotten must not turn up in a search.",
		keep: func(r *room) {
			vip, team, rule := r.tag("vip"), r.group("Team", nil), r.group("Rule", filter.Source.Is(visitor.WhatsApp))
			v, other := r.everything("Ada", team.ID), r.visitor("Bob")
			other.Groups = []group.ID{team.ID}
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, store.CreateGroup{Group: rule},
				create(v, vip), create(other, vip), store.LeaveGroup{Group: rule.ID, ID: v.ID, At: r.now()})
			r.effects(r.must(store.DeleteVisitor{ID: v.ID, At: r.now()}), store.Deleted)
			_, err := r.st.GetVisitor(r.Context(), r.ws, v.ID)
			r.about(err, store.ErrNotFound, "visitor", string(v.ID))
			for _, e := range []filter.Expr{
				filter.ID.Is(v.ID), filter.Name.Is("ada"), filter.Email.Exists(), filter.Phone.Exists(), filter.Search("lovelace"), filter.Search("5511"),
				filter.Source.Is(visitor.WhatsApp), filter.Identity.Exists(), filter.Attr("city").Exists(), filter.LastSeenAt.Exists(),
			} {
				r.same("visitors found by what it had", r.matches(e), "")
				r.same("visitors counted by what it had", r.count(e), int64(0))
			}
			for _, e := range []filter.Expr{filter.Tag.Has("vip"), filter.Group.Has("Team"), filter.All()} {
				r.same("visitors found by what another shares", r.matches(e), "Bob")
				r.same("visitors counted by what another shares", r.count(e), int64(1))
			}
			r.same("tags", len(r.tags(r.ws)), 1)
			r.same("groups", len(r.groups(r.ws)), 2)
		},
	},
	{
		name: "what has the id of a deleted visitor inherits nothing",
		why:  "Rows that were left behind are personal data of somebody who asked for them to be deleted.",
		keep: func(r *room) {
			vip, team, rule := r.tag("vip"), r.group("Team", nil), r.group("Rule", filter.All())
			v := r.everything("Ada", team.ID)
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, store.CreateGroup{Group: rule},
				create(v, vip), store.LeaveGroup{Group: rule.ID, ID: v.ID, At: r.now()})
			r.must(store.DeleteVisitor{ID: v.ID, At: r.now()})
			bare := visitor.Visitor{ID: v.ID, Name: "Bob", Source: visitor.Chat, CreatedAt: v.CreatedAt, UpdatedAt: v.CreatedAt, Revision: 1}
			r.same("the visitor in the outcome", r.must(create(bare))[0].Visitor, bare)
			r.same("the visitor that is got", r.get(v.ID), bare)
			for _, e := range []filter.Expr{
				filter.Tag.Exists(), filter.Group.Has("Team"), filter.Group.Exists(), filter.Identity.Exists(), filter.Attr("city").Exists(), filter.Search("ada"), filter.Email.Exists(),
			} {
				r.same("visitors found by what it had before", r.matches(e), "")
				r.same("visitors counted by what it had before", r.count(e), int64(0))
			}
			r.same("members of the group it was taken out of", r.matches(filter.Group.Has("Rule")), "Bob")
		},
	},
	{
		name: "the identities of a deleted visitor are free again",
		why:  "A person who was deleted may write again, and is then somebody new.",
		keep: func(r *room) {
			v := r.everything("Ada")
			r.given(create(v))
			r.must(store.DeleteVisitor{ID: v.ID, At: r.now()})
			again := r.everything("Ada again")
			again.Identities = v.Identities
			r.must(create(again))
			r.same("the new visitor", r.get(again.ID), again)
		},
	},
	{
		name: "deleting what is not there is no error",
		why:  "A deletion that was retried after a lost reply has to succeed.",
		keep: func(r *room) {
			v := r.visitor("Bob")
			r.given(create(v))
			r.effects(r.must(store.DeleteVisitor{ID: v.ID, At: r.now()}, store.DeleteVisitor{ID: v.ID, At: r.now()}), store.Deleted, store.Missing)
			r.effects(r.must(store.DeleteVisitor{ID: v.ID, At: r.now()}), store.Missing)
			r.effects(r.must(store.DeleteVisitor{ID: visitor.ID(r.id(r.clock)), At: r.now()}), store.Missing)
		},
	},
	{
		name: "deleting one visitor deletes no other",
		why:  "A deletion cannot be undone.",
		keep: func(r *room) {
			var changes []store.Change
			var kept []visitor.Visitor
			at := r.now()
			for i := range 40 {
				v := r.visitorAt("Bob", at)
				v.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: string(v.ID)}}
				v.Attributes = visitor.Attributes{"n": visitor.Number(float64(i))}
				changes = append(changes, create(v))
				kept = append(kept, v)
			}
			r.given(changes...)
			for len(kept) > 20 {
				i := len(kept) / 2
				r.must(store.DeleteVisitor{ID: kept[i].ID, At: r.now()})
				kept = append(kept[:i], kept[i+1:]...)
			}
			for _, v := range kept {
				r.same("a visitor that was not deleted", r.get(v.ID), v)
			}
			r.same("count", r.count(filter.All()), int64(len(kept)))
		},
	},
	{
		name: "errors about visitors hold nothing of a person",
		why:  "Errors end up in logs, where personal data has no place.",
		keep: func(r *room) {
			v := r.everything("Ada Lovelace")
			r.given(create(v))
			clash := r.everything("Ada Lovelace")
			_, created := r.apply(create(v))
			_, taken := r.apply(create(clash))
			_, stale := r.apply(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ada King"), IfRevision: 7}, At: r.now()})
			for _, err := range []error{created, taken, stale} {
				if err == nil {
					r.Fatalf("no error")
				}
				for _, private := range []string{"Ada", "ada", "King", "example.com", "5511987654321", "9007199254740993"} {
					if strings.Contains(err.Error(), private) {
						r.Errorf("the error %q holds %q", err, private)
					}
				}
			}
		},
	},
	{
		name: "a visitor may have been created long ago",
		why:  "Imports bring the history of years, and pages run in the order of creation.",
		keep: func(r *room) {
			old := r.visitorAt("Old", time.UnixMicro(1).UTC())
			mid := r.visitorAt("Mid", time.Date(1999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
			now := r.visitor("Now")
			mid.UpdatedAt = now.CreatedAt
			r.given(create(now), create(old), create(mid))
			r.same("oldest first", r.matches(filter.All()), "Old, Mid, Now")
			r.same("the visitor from 1970", r.get(old.ID), old)
			r.same("the visitor from 1999", r.get(mid.ID), mid)
		},
	},
}
