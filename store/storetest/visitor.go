package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var visitorPromises = []promise{
	{"a visitor with every field is read back as it was created", "A profile is only useful if it is complete.", checkVisitorReads},
	{"a visitor with only a name and a source is read back as it was created", "A web chat often knows no more than a name: absent values must stay absent.", checkVisitorReadsBare},
	{"a missing id is ErrNotFound", "Callers distinguish a missing visitor from a broken store with errors.Is.", checkVisitorNotFound},
	{"a visitor id can be used once", "Creating over a visitor would silently replace one person by another.", checkVisitorIDIsUnique},
	{"a visitor with a tag or a group that does not exist is not created", "A tag or membership that refers to nothing would be counted and never shown.", checkVisitorMissingTagOrGroup},
	{"an update changes the given fields and nothing else", "Two people edit different fields of one visitor all day; neither may undo the other.", checkVisitorUpdate},
	{"an update that changes nothing changes neither revision nor time", "Channels report the same profile again and again; that must not look like a change.", checkVisitorUpdateUnchanged},
	{"an update changes no other visitor", "A condition that is missing in a statement would rename every visitor.", checkVisitorUpdateOnlyOne},
	{"attributes are set, replaced by another kind and unset", "A host's attributes are typed; a number that comes back as text no longer compares.", checkVisitorAttributes},
	{"every read sees a write at once", "A person who saves a form and does not see it in the list saves it again.", checkReadYourWrites},
}

func checkVisitorReads(f *fixture) {
	vip, lead, team := f.tag("vip"), f.tag("Hot Lead"), f.group("Team", nil)
	v := f.everything("Ada Lovelace", team.ID)
	out := f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateGroup{Group: team}, create(v, vip, lead))
	want := with(v, lead, vip)
	f.same("effect", out[3].Effect, driver.Created)
	f.same("the visitor in the outcome", out[3].Visitor, &want)
	f.same("the visitor that is read", f.get(v.ID), want)
	f.same("the visitors that are found", f.visitors(f.ws), []visitor.Visitor{want})
}

func checkVisitorReadsBare(f *fixture) {
	v := f.visitor("Bob")
	out := f.given(create(v))
	f.same("the visitor in the outcome", out[0].Visitor, &v)
	f.same("the visitor that is read", f.get(v.ID), v)
	f.same("the visitors that are found", f.visitors(f.ws), []visitor.Visitor{v})
}

func checkVisitorNotFound(f *fixture) {
	v := f.visitor("Bob")
	f.inNeighbour(create(v))
	_, err := f.st.GetVisitor(f.Context(), f.ws, v.ID)
	f.about(err, driver.ErrNotFound, "visitor", string(v.ID))
	f.refused(driver.ErrNotFound, "visitor", string(v.ID), 0, driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve")}, Audit: f.audit()})
}

func checkVisitorIDIsUnique(f *fixture) {
	v := f.visitor("Bob")
	f.given(create(v))
	again := v
	again.Name, again.Email = "Eve", "eve@example.com"
	f.refused(driver.ErrExists, "visitor", string(v.ID), 0, create(again))
}

func checkVisitorMissingTagOrGroup(f *fixture) {
	tag, team := f.tag("vip"), f.group("Team", nil)
	f.inNeighbour(driver.CreateTag{Tag: tag}, driver.CreateGroup{Group: team})
	v := f.visitor("Bob")
	f.refused(driver.ErrNotFound, "tag", "", 0, create(v, tag))
	v = inGroups(v, team.ID)
	f.refused(driver.ErrNotFound, "group", string(team.ID), 0, create(v))
}

func checkVisitorUpdate(f *fixture) {
	vip, team := f.tag("vip"), f.group("Team", nil)
	v := f.everything("Ada", team.ID)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(v, vip))
	want, cleared := with(v, vip), f.now()
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
		at := f.now()
		step.edit(&want)
		want.UpdatedAt, want.Revision = at, want.Revision+1
		if len(step.clear) == 2 {
			cleared = at
		}
		want.Provenance = nil
		for i, field := range step.clear { // recorded, because channels know the visitor
			if i == 0 {
				want.Provenance = visitor.Provenances{}
			}
			want.Provenance[field] = visitor.Provenance{At: cleared}
		}
		out := f.must(driver.UpdateVisitor{ID: v.ID, Patch: step.patch, Audit: driver.Audit{At: at}})
		f.effects(out, driver.Updated)
		f.same("the visitor in the outcome", out[0].Visitor, &want)
		f.same("the visitor that is read", f.get(v.ID), want)
	}
}

func checkVisitorUpdateUnchanged(f *fixture) {
	v := f.everything("Ada")
	f.given(create(v))
	for _, p := range []visitor.Patch{
		{},
		{Name: ptr("Ada"), Email: ptr(v.Email), Phone: ptr(v.Phone), Source: ptr(v.Source)},
		{Set: visitor.Attributes{"city": visitor.Text("São Paulo"), "vip": visitor.Bool(true)}, Unset: []string{"missing"}},
		{Name: ptr("Ada"), IfRevision: 1},
	} {
		out := f.must(driver.UpdateVisitor{ID: v.ID, Patch: p, Audit: f.audit()})
		f.effects(out, driver.Unchanged)
		f.same("the visitor in the outcome", out[0].Visitor, &v)
		f.same("the visitor that is read", f.get(v.ID), v)
	}
}

func checkVisitorUpdateOnlyOne(f *fixture) {
	a, b := f.everything("Ada"), f.visitor("Bob")
	f.given(create(a), create(b))
	f.must(driver.UpdateVisitor{ID: b.ID, Patch: visitor.Patch{Name: ptr("Eve"), Set: visitor.Attributes{"city": visitor.Text("Rio")}}, Audit: f.audit()})
	f.same("the other visitor", f.get(a.ID), a)
}

func checkVisitorAttributes(f *fixture) {
	v := f.visitor("Bob")
	f.given(create(v))
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
		at := f.now()
		want.Attributes, want.UpdatedAt, want.Revision = step.left, at, want.Revision+1
		out := f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Set: step.set, Unset: step.unset}, Audit: driver.Audit{At: at}})
		f.effects(out, driver.Updated)
		f.same("the visitor in the outcome", out[0].Visitor, &want)
		f.same("the visitor that is read", f.get(v.ID), want)
	}
	f.same("visitors with the attribute", f.matches(filter.Attr("a").Exists()), "")
}

func checkReadYourWrites(f *fixture) {
	v := f.visitor("Ada")
	reads := []filter.Expr{
		filter.ID.Is(v.ID), filter.Name.Is("ada"), filter.Search("ada"), filter.Source.Is(visitor.Instagram), filter.All(),
		filter.CreatedAt.Since(v.CreatedAt), filter.Not(filter.Email.Exists()),
	}
	f.given(create(v))
	for _, e := range reads {
		f.same("after create", f.matches(e), "Ada")
		f.same("count after create", f.count(e), int64(1))
	}
	f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), Email: ptr("eve@example.com"), Source: ptr(visitor.Chat)}, Audit: f.audit()})
	for _, e := range []filter.Expr{filter.Name.Is("ada"), filter.Search("ada"), filter.Source.Is(visitor.Instagram), filter.Not(filter.Email.Exists())} {
		f.same("by its old values", f.matches(e), "")
		f.same("count by its old values", f.count(e), int64(0))
	}
	for _, e := range []filter.Expr{filter.Name.Is("eve"), filter.Search("eve"), filter.Search("example"), filter.Source.Is(visitor.Chat), filter.Email.Exists()} {
		f.same("after update", f.matches(e), "Eve")
		f.same("count after update", f.count(e), int64(1))
	}
	f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()})
	for _, e := range append(reads, filter.Search("eve")) {
		f.same("after delete", f.matches(e), "")
		f.same("count after delete", f.count(e), int64(0))
	}
}
