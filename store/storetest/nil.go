package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var nilPromises = []promise{
	{"empty lists of a visitor are nil", "null in the answer of one back end and [] in that of another breaks a front end.", checkNilInVisitor},
	{"lists of a visitor that have become empty are nil", "A list that is empty again must look like one that always was.", checkNilAfterRemoval},
	{"empty results are nil", "JSON and a host's tests distinguish nil from empty.", checkNilResults},
}

func checkNilInVisitor(f *fixture) {
	v := f.visitor("Ada")
	given := v
	given.Identities, given.Memberships, given.Attributes = []visitor.Identity{}, []visitor.Membership{}, visitor.Attributes{}
	out := f.given(driver.CreateVisitor{Visitor: given, Tags: []string{}, Groups: []group.ID{}, Audit: auditAt(v.UpdatedAt)})
	f.same("the visitor in the outcome", out[0].Visitor, &v)
	f.same("the visitor that is read", f.get(v.ID), v)
	f.same("the visitor that is found", f.find(driver.Select{Where: f.bind(filter.All()), Order: driver.NewestFirst, Limit: 1}), []visitor.Visitor{v})
	f.same("the event", f.events(f.ws, 0), []driver.Event{{Seq: 1, Kind: driver.VisitorCreated, At: v.UpdatedAt, Visitor: v.ID, Actor: "ann", Cause: "import"}})
}

func checkNilAfterRemoval(f *fixture) {
	vip, team, rule, v := f.tag("vip"), f.group("Team", nil), f.group("Rule", filter.All()), f.visitor("Ada")
	made := v
	made.Attributes = visitor.Attributes{"n": visitor.Number(1)}
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule}, create(inGroups(made, team.ID), vip), driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.audit()})
	at := f.now()
	f.must(
		driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: at}}, driver.RemoveFromGroup{Group: team.ID, ID: v.ID, Audit: driver.Audit{At: at}}, driver.DeleteGroup{ID: rule.ID, Audit: driver.Audit{At: at}},
		driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Unset: []string{"n"}}, Audit: driver.Audit{At: at}},
	)
	v.UpdatedAt, v.Revision = at, 2
	f.same("the visitor", f.get(v.ID), v)
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{v})
}

func checkNilResults(f *fixture) {
	f.given(create(f.visitor("Ada")))
	none, err := f.st.FindVisitors(f.Context(), f.ws, driver.Select{Where: f.bind(filter.None()), Order: driver.NewestFirst, Limit: 5})
	if none != nil || err != nil {
		f.Errorf("visitors: %#v, error %v", none, err)
	}
	tags, err := f.st.ListTags(f.Context(), f.ws, driver.List{Limit: 5})
	if tags != nil || err != nil {
		f.Errorf("tags: %#v, error %v", tags, err)
	}
	groups, err := f.st.ListGroups(f.Context(), f.ws, driver.List{Limit: 5})
	if groups != nil || err != nil {
		f.Errorf("groups: %#v, error %v", groups, err)
	}
	events, err := f.st.Events(f.Context(), f.ws, driver.EventQuery{After: 1, Limit: 5})
	if events != nil || err != nil {
		f.Errorf("events: %#v, error %v", events, err)
	}
}
