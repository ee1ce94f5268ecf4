package storetest

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

var visitorPromises = []promise{
	{
		name: "a visitor with everything reads as it was created",
		why:  "What a business keeps of a person is only worth something when it comes back complete.",
		keep: func(r *room) {
			vip, lead, team := r.tag("vip"), r.tag("Hot Lead"), r.group("Team", nil)
			v := r.everything("Ada Lovelace", team.ID)
			out := r.given(store.CreateTag{Tag: vip}, store.CreateTag{Tag: lead}, store.CreateGroup{Group: team}, create(v, vip, lead))
			want := with(v, lead, vip)
			r.same("effect", out[3].Effect, store.Created)
			r.same("the visitor in the outcome", out[3].Visitor, want)
			r.same("the visitor that is got", r.get(v.ID), want)
			r.same("the visitors that are found", r.visitors(r.ws), []visitor.Visitor{want})
		},
	},
	{
		name: "a visitor with a name and a source alone reads as it was created",
		why:  "A web chat often tells no more than a name: what is absent must stay absent.",
		keep: func(r *room) {
			v := r.visitor("Bob")
			out := r.given(create(v))
			r.same("the visitor in the outcome", out[0].Visitor, v)
			r.same("the visitor that is got", r.get(v.ID), v)
			r.same("the visitors that are found", r.visitors(r.ws), []visitor.Visitor{v})
		},
	},
	{
		name: "an id that no visitor has is not found",
		why:  "Callers tell a visitor that is gone from a store that is broken with errors.Is.",
		keep: func(r *room) {
			v := r.visitor("Bob")
			r.besides(create(v))
			_, err := r.st.GetVisitor(r.Context(), r.ws, v.ID)
			r.about(err, store.ErrNotFound, "visitor", string(v.ID))
			r.refused(store.ErrNotFound, "visitor", string(v.ID), 0, store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, At: r.now()})
		},
	},
	{
		name: "an id is taken once",
		why:  "Creating over a visitor would silently replace one person by another.",
		keep: func(r *room) {
			v := r.visitor("Bob")
			r.given(create(v))
			again := v
			again.Name, again.Email = "Eve", "eve@example.com"
			r.refused(store.ErrExists, "visitor", string(v.ID), 0, create(again))
		},
	},
	{
		name: "a visitor with a tag or a group that does not exist is not created",
		why:  "A tag or membership that points nowhere would be counted and never shown.",
		keep: func(r *room) {
			tag, team := r.tag("vip"), r.group("Team", nil)
			r.besides(store.CreateTag{Tag: tag}, store.CreateGroup{Group: team})
			v := r.visitor("Bob")
			r.refused(store.ErrNotFound, "tag", "", 0, create(v, tag))
			v.Groups = []group.ID{team.ID}
			r.refused(store.ErrNotFound, "group", string(team.ID), 0, create(v))
		},
	},
	{
		name: "an update changes what it names and nothing else",
		why:  "Two people edit different fields of one visitor all day; neither may undo the other.",
		keep: func(r *room) {
			vip, team := r.tag("vip"), r.group("Team", nil)
			v := r.everything("Ada", team.ID)
			r.given(store.CreateTag{Tag: vip}, store.CreateGroup{Group: team}, create(v, vip))
			want := with(v, vip)
			for _, step := range []struct {
				patch visitor.Patch
				edit  func(*visitor.Visitor)
			}{
				{visitor.Patch{Name: ptr("Ada King")}, func(v *visitor.Visitor) { v.Name = "Ada King" }},
				{visitor.Patch{Email: ptr("king@example.org")}, func(v *visitor.Visitor) { v.Email = "king@example.org" }},
				{visitor.Patch{Phone: ptr("+442079460000")}, func(v *visitor.Visitor) { v.Phone = "+442079460000" }},
				{visitor.Patch{Source: ptr(visitor.Telegram)}, func(v *visitor.Visitor) { v.Source = visitor.Telegram }},
				{visitor.Patch{Email: ptr(""), Phone: ptr("")}, func(v *visitor.Visitor) { v.Email, v.Phone = "", "" }},
				{visitor.Patch{Name: ptr("A"), Email: ptr("a@example.com")}, func(v *visitor.Visitor) { v.Name, v.Email = "A", "a@example.com" }},
			} {
				at := r.now()
				step.edit(&want)
				want.UpdatedAt, want.Revision = at, want.Revision+1
				out := r.must(store.UpdateVisitor{ID: v.ID, Patch: step.patch, At: at})
				r.effects(out, store.Updated)
				r.same("the visitor in the outcome", out[0].Visitor, want)
				r.same("the visitor that is got", r.get(v.ID), want)
			}
		},
	},
	{
		name: "an update that changes nothing changes neither revision nor time",
		why:  "Channels report the same profile again and again; that is no change, and must not look like one.",
		keep: func(r *room) {
			v := r.everything("Ada")
			r.given(create(v))
			for _, p := range []visitor.Patch{
				{},
				{Name: ptr("Ada"), Email: ptr(v.Email), Phone: ptr(v.Phone), Source: ptr(v.Source)},
				{Set: visitor.Attributes{"city": visitor.Text("São Paulo"), "vip": visitor.Bool(true)}, Unset: []string{"missing"}},
				{Name: ptr("Ada"), IfRevision: 1},
			} {
				out := r.must(store.UpdateVisitor{ID: v.ID, Patch: p, At: r.now()})
				r.effects(out, store.Unchanged)
				r.same("the visitor in the outcome", out[0].Visitor, v)
				r.same("the visitor that is got", r.get(v.ID), v)
			}
		},
	},
	{
		name: "an update leaves other visitors alone",
		why:  "A condition lost on the way to the database would rename everybody.",
		keep: func(r *room) {
			a, b := r.everything("Ada"), r.visitor("Bob")
			r.given(create(a), create(b))
			r.must(store.UpdateVisitor{ID: b.ID, Patch: visitor.Patch{Name: ptr("Eve"), Set: visitor.Attributes{"city": visitor.Text("Rio")}}, At: r.now()})
			r.same("the other visitor", r.get(a.ID), a)
		},
	},
	{
		name: "attributes are set, replaced by another kind and unset",
		why:  "A host's own facts are typed; a number that comes back as text no longer compares.",
		keep: func(r *room) {
			v := r.visitor("Bob")
			r.given(create(v))
			want := v
			for _, step := range []struct {
				set   visitor.Attributes
				unset []string
				left  visitor.Attributes
			}{
				{set: visitor.Attributes{"a": visitor.Text("1"), "b": visitor.Number(1)}, left: visitor.Attributes{"a": visitor.Text("1"), "b": visitor.Number(1)}},
				{set: visitor.Attributes{"a": visitor.Number(1)}, left: visitor.Attributes{"a": visitor.Number(1), "b": visitor.Number(1)}},
				{set: visitor.Attributes{"a": visitor.List("x", "y")}, left: visitor.Attributes{"a": visitor.List("x", "y"), "b": visitor.Number(1)}},
				{set: visitor.Attributes{"a": visitor.List("y", "x")}, left: visitor.Attributes{"a": visitor.List("y", "x"), "b": visitor.Number(1)}},
				{set: visitor.Attributes{"a": visitor.List("z")}, left: visitor.Attributes{"a": visitor.List("z"), "b": visitor.Number(1)}},
				{set: visitor.Attributes{"a": visitor.Bool(true)}, unset: []string{"b"}, left: visitor.Attributes{"a": visitor.Bool(true)}},
				{set: visitor.Attributes{"a": visitor.Time(v.CreatedAt)}, left: visitor.Attributes{"a": visitor.Time(v.CreatedAt)}},
				{unset: []string{"a"}, left: nil},
			} {
				at := r.now()
				want.Attributes, want.UpdatedAt, want.Revision = step.left, at, want.Revision+1
				out := r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: step.set, Unset: step.unset}, At: at})
				r.effects(out, store.Updated)
				r.same("the visitor in the outcome", out[0].Visitor, want)
				r.same("the visitor that is got", r.get(v.ID), want)
			}
			r.same("visitors with the attribute", r.matches(filter.Attr("a").Exists()), "")
		},
	},
	{
		name: "what is written is read at once, by every way of reading",
		why:  "A person who saves a form and does not see it in the list saves it again.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			reads := []filter.Expr{
				filter.ID.Is(v.ID), filter.Name.Is("ada"), filter.Search("ada"), filter.Source.Is(visitor.Instagram), filter.All(),
				filter.CreatedAt.Since(v.CreatedAt), filter.Not(filter.Email.Exists()),
			}
			r.given(create(v))
			for _, e := range reads {
				r.same("after create", r.matches(e), "Ada")
				r.same("count after create", r.count(e), int64(1))
			}
			r.must(store.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), Email: ptr("eve@example.com"), Source: ptr(visitor.Chat)}, At: r.now()})
			for _, e := range []filter.Expr{filter.Name.Is("ada"), filter.Search("ada"), filter.Source.Is(visitor.Instagram), filter.Not(filter.Email.Exists())} {
				r.same("by what it was before", r.matches(e), "")
				r.same("count by what it was before", r.count(e), int64(0))
			}
			for _, e := range []filter.Expr{filter.Name.Is("eve"), filter.Search("eve"), filter.Search("example"), filter.Source.Is(visitor.Chat), filter.Email.Exists()} {
				r.same("after update", r.matches(e), "Eve")
				r.same("count after update", r.count(e), int64(1))
			}
			r.must(store.DeleteVisitor{ID: v.ID, At: r.now()})
			for _, e := range append(reads, filter.Search("eve")) {
				r.same("after delete", r.matches(e), "")
				r.same("count after delete", r.count(e), int64(0))
			}
		},
	},
}

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
