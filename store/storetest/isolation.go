package storetest

import (
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var isolationPromises = []promise{
	{"the contents of another workspace are not found", "A workspace separates two customers of a host.", checkIsolationReads},
	{"a workspace can have the same ids, names and identities as another", "Two customers can know the same person, and a workspace can be a copy of another.", checkIsolationSameIDs},
	{"changes to one workspace change no other", "A condition on the workspace that is missing in one statement shows only here.", checkIsolationWrites},
	{"workspaces with similar names are different", "Case, punctuation and prefixes must not let one customer see another.", checkIsolationNames},
	{"a workspace without writes is empty", "Workspaces are not created; they exist as soon as something is in them.", checkIsolationEmpty},
	{"a position of another workspace reveals nothing of it", "Browsers hold cursors; one from another workspace must not give access to it.", checkIsolationPositions},
}

func checkIsolationReads(f *fixture) {
	vip, team := f.tag("their tag"), f.group("Their Group", nil)
	v := f.everything("Theirs", team.ID)
	f.inNeighbour(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(v, vip))
	ours := f.visitor("Ours")
	f.must(create(ours))
	_, err := f.st.GetVisitor(f.Context(), f.ws, v.ID)
	f.about(err, driver.ErrNotFound, "visitor", string(v.ID))
	at := f.now()
	f.refused(driver.ErrNotFound, "visitor", string(v.ID), 0, driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("x")}, Audit: driver.Audit{At: at}})
	f.refused(driver.ErrNotFound, "tag", "", 0, driver.AddTags{ID: ours.ID, Tags: keys(vip), Audit: driver.Audit{At: at}})
	f.refused(driver.ErrNotFound, "tag", string(vip.ID), 0, driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("x")}, Audit: driver.Audit{At: at}})
	f.refused(driver.ErrNotFound, "group", string(team.ID), 0, driver.UpdateGroup{ID: team.ID, Patch: group.Patch{Name: ptr("x")}, Audit: driver.Audit{At: at}})
	f.refused(driver.ErrNotFound, "group", string(team.ID), 0, driver.AddToGroup{Group: team.ID, ID: ours.ID, Audit: driver.Audit{At: at}})
	f.refused(driver.ErrNotFound, "group", string(team.ID), 0, driver.RemoveFromGroup{Group: team.ID, ID: ours.ID, Audit: driver.Audit{At: at}})
	f.effects(f.must(
		driver.DeleteVisitor{ID: v.ID, Audit: driver.Audit{At: at}}, driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: at}}, driver.RemoveTags{ID: ours.ID, Tags: keys(vip), Audit: driver.Audit{At: at}},
		driver.DeleteTag{ID: vip.ID, Audit: driver.Audit{At: at}}, driver.DeleteGroup{ID: team.ID, Audit: driver.Audit{At: at}},
	), driver.Missing, driver.Missing, driver.Unchanged, driver.Missing, driver.Missing)
	for _, e := range []filter.Expr{
		filter.ID.Is(v.ID), filter.Tag.HasID(vip.ID), filter.Tag.Exists(), filter.Group.Exists(), filter.Identity.Exists(), filter.Search("theirs"), filter.Attr("city").Exists(), filter.Email.Exists(),
	} {
		f.same(fmt.Sprintf("found by %+v", e), f.matches(e), "")
		f.same(fmt.Sprintf("counted by %+v", e), f.count(e), int64(0))
	}
	f.same("everyone", f.matches(filter.All()), "Ours")
	f.same("everyone, counted", f.count(filter.All()), int64(1))
	f.same("tags by id", f.listTags(driver.List{IDs: []string{string(vip.ID)}}), []tag.Tag(nil))
	f.same("tags by key", f.listTags(driver.List{Keys: keys(vip)}), []tag.Tag(nil))
	f.same("groups by id", f.listGroups(driver.List{IDs: []string{string(team.ID)}}), []group.Group(nil))
}

func checkIsolationSameIDs(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	f.given(changes...)
	other := f.newFixture(f.reporter)
	other.given(before...)
	f.must(create(f.visitor("Ours")))
	other.checkNeighbour()
}

func checkIsolationWrites(f *fixture) {
	before, changes := f.everyChange()
	f.given(before...)
	for _, c := range changes {
		f.must(c)
		f.checkNeighbour()
	}
}

func checkIsolationNames(f *fixture) {
	base := "s" + strings.TrimPrefix(string(f.ws), "st-")
	full := strings.Repeat(base+base+base, 3)[:63]
	alike := []string{base, base + "x", base + ".", base + "_", base + "-", base + "_-", base + "%", strings.ToUpper(base), strings.ToUpper(base[:1]) + base[1:], "_" + base, "-" + base, base[1:], full + "a", full + "A", full}
	var fixtures []*fixture
	for _, name := range alike {
		ws, err := store.ParseWorkspaceID(name)
		if err != nil {
			continue // not a valid name
		}
		other := *f
		other.ws = ws
		other.must(create(other.visitor(name)))
		fixtures = append(fixtures, &other)
	}
	if len(fixtures) < len(alike)-1 {
		f.Fatalf("only %d of %d names are valid", len(fixtures), len(alike))
	}
	for _, other := range fixtures {
		f.same("visitors of "+string(other.ws), other.matches(filter.All()), string(other.ws))
		f.same("count of "+string(other.ws), other.count(filter.All()), int64(1))
		f.same("search in "+string(other.ws), other.matches(filter.Search(base[2:])), string(other.ws))
		f.same("events of "+string(other.ws), len(other.events(other.ws, 0)), 1)
	}
}

func checkIsolationEmpty(f *fixture) {
	f.same("contents", f.dump(f.ws), dump{})
	for _, o := range driver.Orders() {
		f.same("order "+string(o), f.find(driver.Select{Where: f.bind(filter.All()), Order: o, Limit: 5}), []visitor.Visitor(nil))
	}
	f.effects(f.must(driver.DeleteVisitor{ID: visitor.ID(f.id(f.clock)), Audit: f.audit()}), driver.Missing)
	f.same("contents after a change without effect", f.dump(f.ws), dump{})
}

func checkIsolationPositions(f *fixture) {
	theirs := []visitor.Visitor{f.visitor("A1"), f.visitor("A2"), f.visitor("A3")}
	f.inNeighbour(create(theirs[0]), create(theirs[1]), create(theirs[2]))
	ours := f.visitor("B")
	f.must(create(ours))
	for _, o := range driver.Orders() {
		for _, v := range theirs {
			got := f.find(driver.Select{Where: f.bind(filter.All()), Order: o, After: ptr(driver.PositionOf(o, v)), Limit: 9})
			if len(got) > 1 || len(got) == 1 && got[0].ID != ours.ID {
				f.Errorf("order %s: found %s", o, names(got))
			}
		}
	}
}
