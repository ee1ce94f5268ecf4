package storetest

import (
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
			want, cleared := with(v, vip), r.now()
			for _, step := range []struct {
				patch visitor.Patch
				edit  func(*visitor.Visitor)
				clear []string // fields that were cleared by hand and not given again
			}{
				{visitor.Patch{Name: ptr("Ada King")}, func(v *visitor.Visitor) { v.Name = "Ada King" }, nil},
				{visitor.Patch{Email: ptr("king@example.org")}, func(v *visitor.Visitor) { v.Email = "king@example.org" }, nil},
				{visitor.Patch{Phone: ptr("+442079460000")}, func(v *visitor.Visitor) { v.Phone = "+442079460000" }, nil},
				{visitor.Patch{Source: ptr(visitor.Telegram)}, func(v *visitor.Visitor) { v.Source = visitor.Telegram }, nil},
				{visitor.Patch{Email: ptr(""), Phone: ptr("")}, func(v *visitor.Visitor) { v.Email, v.Phone = "", "" }, []string{"email", "phone"}},
				{visitor.Patch{Name: ptr("A"), Email: ptr("a@example.com")}, func(v *visitor.Visitor) { v.Name, v.Email = "A", "a@example.com" }, []string{"phone"}},
			} {
				at := r.now()
				step.edit(&want)
				want.UpdatedAt, want.Revision = at, want.Revision+1
				if len(step.clear) == 2 {
					cleared = at
				}
				want.Origins = nil
				for i, field := range step.clear { // noted, since channels know the visitor
					if i == 0 {
						want.Origins = visitor.Origins{}
					}
					want.Origins[field] = visitor.Origin{At: cleared}
				}
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
