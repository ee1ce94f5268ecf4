package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// overwrite changes everything within v that can be changed.
func overwrite(v *visitor.Visitor) {
	for i := range v.Identities {
		for n := range v.Identities[i].Inboxes {
			v.Identities[i].Inboxes[n], v.Identities[i].InboxTimes[n] = "overwritten", v.CreatedAt
		}
		v.Identities[i] = visitor.Identity{Source: "overwritten", ExternalID: "overwritten"}
	}
	for i := range v.Tags {
		v.Tags[i] = tag.Assignment{Name: "overwritten"}
	}
	for i := range v.Memberships {
		v.Memberships[i] = visitor.Membership{Group: "overwritten"}
	}
	for i := range v.Excluded {
		v.Excluded[i] = "overwritten"
	}
	for name, value := range v.Attributes {
		if items := value.List(); items != nil {
			items[0] = "overwritten"
		}
		v.Attributes[name] = visitor.Text("overwritten")
	}
	if v.Attributes != nil {
		v.Attributes["overwritten"] = visitor.Text("overwritten")
	}
	for field := range v.Provenance {
		v.Provenance[field] = visitor.Provenance{Source: "overwritten"}
	}
	v.Tags = append(v.Tags[:0], tag.Assignment{Name: "overwritten"})
	v.Memberships = append(v.Memberships[:0], visitor.Membership{Group: "overwritten"})
	v.Name = "overwritten"
}

// full creates a visitor with every field, and returns it as it must be afterwards.
func (f *fixture) full() (visitor.Visitor, driver.CreateVisitor) {
	f.Helper()
	vip, team, rule := f.tag("vip"), f.group("Team", nil), f.group("Rule", filter.Or(filter.Tag.Has("vip"), filter.Email.Exists()))
	v := f.everything("Ada", team.ID)
	c := create(v.Clone(), vip)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule}, c, driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.audit()})
	want := with(v, vip)
	want.Excluded = []group.ID{rule.ID}
	return want, c
}

var copyPromises = []promise{
	{"callers may modify what a store returns", "A store in memory that returns its own slices is changed by a caller who sorts them.", checkResultsAreCopies},
	{"callers may reuse what they passed to a store", "Importers reuse one buffer.", checkArgumentsAreCopied},
	{"an outcome holds the visitor as it was after its change", "A caller who keeps a returned visitor must not see it change.", checkOutcomesDoNotChange},
}

func checkResultsAreCopies(f *fixture) {
	want, _ := f.full()
	before := f.dump(f.ws)
	got := f.get(want.ID)
	overwrite(&got)
	f.same("the visitor after the result of get was overwritten", f.get(want.ID), want)
	for _, o := range driver.Orders() {
		found := f.find(driver.Select{Where: f.bind(filter.All()), Order: o, Limit: 5})
		for i := range found {
			overwrite(&found[i])
		}
	}
	f.same("the visitor after the result of find was overwritten", f.get(want.ID), want)
	out := f.must(driver.UpdateVisitor{ID: want.ID, Patch: visitor.Patch{Name: ptr("Ada")}, Audit: f.audit()})
	overwrite(out[0].Visitor)
	f.same("the visitor after an outcome was overwritten", f.get(want.ID), want)
	events := f.events(f.ws, 0)
	for i := range events {
		for j := range events[i].Tags {
			events[i].Tags[j] = "overwritten"
		}
		for j := range events[i].Groups {
			events[i].Groups[j] = "overwritten"
		}
		for j := range events[i].Fields {
			events[i].Fields[j] = "overwritten"
		}
		events[i].Kind = "overwritten"
	}
	tags, groups := f.tags(f.ws), f.groups(f.ws)
	tags[0], groups[0] = tag.Tag{}, group.Group{}
	f.same("the workspace after all results were overwritten", f.dump(f.ws), before)
	f.same("found by what it had", f.matches(filter.And(filter.Tag.Has("vip"), filter.Group.Has("Team"), filter.Identity.On(visitor.Telegram), filter.Attr("langs").Is("pt"))), "Ada")
}

func checkArgumentsAreCopied(f *fixture) {
	want, given := f.full()
	before := f.dump(f.ws)
	overwrite(&given.Visitor)
	given.Tags[0] = "overwritten"
	f.same("the workspace after the change was overwritten", f.dump(f.ws), before)
	set, unset, name := visitor.Attributes{"new": visitor.List("a", "b")}, []string{"score"}, "Eve"
	at := f.now()
	f.must(driver.UpdateVisitor{ID: want.ID, Patch: visitor.Patch{Name: &name, Set: set, Unset: unset}, Audit: driver.Audit{At: at}})
	name, unset[0] = "overwritten", "city"
	set["new"], set["overwritten"] = visitor.Text("overwritten"), visitor.Text("overwritten")
	want.Name, want.UpdatedAt, want.Revision = "Eve", at, 2
	want.Attributes = want.Attributes.Merge(visitor.Attributes{"new": visitor.List("a", "b")}, []string{"score"})
	want.Provenance = visitor.Provenances{"attr.score": {At: at}}
	f.same("the visitor after the patch was overwritten", f.get(want.ID), want)
	keys := []string{"second"}
	f.must(driver.CreateTag{Tag: f.tag("second")}, driver.CreateTag{Tag: f.tag("third")}, driver.AddTags{ID: want.ID, Tags: keys, Audit: f.audit()})
	keys[0] = "third"
	f.same("who has the tag", f.matches(filter.Tag.Has("second")), "Eve")
	f.same("who has the other tag", f.matches(filter.Tag.Has("third")), "")
}

func checkOutcomesDoNotChange(f *fixture) {
	vip, v := f.tag("vip"), f.visitor("Ada")
	f.inNeighbour(driver.CreateTag{Tag: vip}, create(v))
	out := f.must(driver.CreateTag{Tag: vip}, create(v),
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), Set: visitor.Attributes{"n": visitor.Number(1)}}, Audit: driver.Audit{At: v.UpdatedAt}},
		driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: v.UpdatedAt}},
		driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("best")}, Audit: driver.Audit{At: v.UpdatedAt}},
		driver.DeleteVisitor{ID: v.ID, Audit: driver.Audit{At: v.UpdatedAt}})
	updated := v
	updated.Name, updated.Revision, updated.Attributes = "Eve", 2, visitor.Attributes{"n": visitor.Number(1)}
	f.same("what was created", out[1].Visitor, &v)
	f.same("what was updated", out[2].Visitor, &updated)
	f.same("the tag that was created", out[0].Tag, &vip)
}
