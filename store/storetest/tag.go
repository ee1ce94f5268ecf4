package storetest

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var tagPromises = []promise{
	{"a tag reads as it was created", "Teams recognise tags by name and colour.", checkTagReads},
	{"spellings of one name are one tag", "Two tags that look alike split a segment, and nobody notices.", checkTagNamesAreFolded},
	{"EnsureTag creates a tag once", "Tags are created on the fly; the first spelling is the one that people see.", checkEnsureTag},
	{"a tag id can be used once", "Saved rules refer to tags by id.", checkTagIDIsUnique},
	{"a tag assignment has the time, actor and cause of the first assignment", "A campaign asks who tagged a person and when; tagging again must not overwrite that.", checkTagAssignmentAudit},
	{"tags are removed, and missing ones are ignored", "Removing a tag from a list of people must work although some do not have it.", checkTagRemove},
	{"tagging a missing visitor is Missing, not an error", "In bulk work on a thousand people somebody has always just been deleted.", checkTagMissingVisitor},
	{"adding a tag that does not exist is refused", "A misspelt tag that is silently dropped is a lost lead.", checkTagMissing},
	{"a renamed tag stays on its visitors", "Renaming changes words, not what was said about people.", checkTagRename},
	{"a tag can be respelled but not get another tag's name", "Two tags with one name cannot be told apart.", checkTagRenameTaken},
	{"an update of a tag that changes nothing is Unchanged, and of a missing tag ErrNotFound", "Readers of events must not see changes without an effect.", checkTagUpdateUnchanged},
	{"a deleted tag is removed from every visitor", "A tag that remains on people can never be removed.", checkTagDelete},
	{"tags change neither revision nor update time of a visitor", "Tagging a thousand people must not make edits that others have open fail.", checkTagKeepsRevision},
	{"a tag that is added after it was removed has a new assignment", "A customer who returns has been tagged since today.", checkTagAgain},
	{"one visitor has many tags and one tag is on many visitors", "Limits of a statement or a page must not truncate lists of tags.", checkTagMany},
}

func checkTagReads(f *fixture) {
	vip := f.tag("VIP Kunde")
	vip.Color, vip.Description = "#123456", "pays at once\nand returns"
	out := f.given(driver.CreateTag{Tag: vip})
	f.same("outcome", out, []driver.Outcome{{Effect: driver.Created, Tag: &vip}})
	f.same("tags", f.tags(f.ws), []tag.Tag{vip})
}

func checkTagNamesAreFolded(f *fixture) {
	cafe := f.tag("Café Gäste")
	f.given(driver.CreateTag{Tag: cafe})
	for _, spelling := range []string{"Café Gäste", "café gäste", "CAFE GASTE", "Cafe\u0301 Ga\u0308ste", "Ｃａｆé  gäste"} {
		again := f.tag(spelling)
		f.refused(driver.ErrExists, "tag", string(cafe.ID), 0, driver.CreateTag{Tag: again})
		out := f.must(driver.EnsureTag{Tag: again})
		f.same("outcome", out, []driver.Outcome{{Effect: driver.Unchanged, Tag: &cafe}})
	}
	f.same("tags", f.tags(f.ws), []tag.Tag{cafe})
}

func checkEnsureTag(f *fixture) {
	first, second := f.tag("Hot Lead"), f.tag("hot lead")
	out := f.given(driver.EnsureTag{Tag: first}, driver.EnsureTag{Tag: second})
	f.same("outcomes", out, []driver.Outcome{{Effect: driver.Created, Tag: &first}, {Effect: driver.Unchanged, Tag: &first}})
	f.same("tags", f.tags(f.ws), []tag.Tag{first})
}

func checkTagIDIsUnique(f *fixture) {
	vip, other := f.tag("vip"), f.tag("other")
	f.given(driver.CreateTag{Tag: vip})
	other.ID = vip.ID
	f.refused(driver.ErrExists, "tag", string(vip.ID), 0, driver.CreateTag{Tag: other})
}

func checkTagAssignmentAudit(f *fixture) {
	vip, lead, cold := f.tag("vip"), f.tag("Hot Lead"), f.tag("cold")
	v := f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateTag{Tag: cold}, create(v))
	want, at := v, f.now()
	want.Tags = []tag.Assignment{{Tag: vip.ID, Name: "vip", Color: vip.Color, At: at, Actor: "ann", Cause: "call"}}
	f.effects(f.must(driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: at, Actor: "ann", Cause: "call"}}), driver.Updated)
	f.same("the visitor", f.get(v.ID), want)
	f.effects(f.must(driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: f.now(), Actor: "bob", Cause: "mail"}}), driver.Unchanged)
	f.same("the visitor tagged again", f.get(v.ID), want)
	more := f.now()
	want.Tags = []tag.Assignment{
		{Tag: lead.ID, Name: "Hot Lead", Color: lead.Color, At: more}, {Tag: cold.ID, Name: "cold", Color: cold.Color, At: more}, want.Tags[0],
	}
	f.effects(f.must(driver.AddTags{ID: v.ID, Tags: keys(vip, cold, lead), Audit: driver.Audit{At: more}}), driver.Updated)
	f.same("the visitor with more tags", f.get(v.ID), want)
	f.same("the visitor found", f.visitors(f.ws), []visitor.Visitor{want})
}

func checkTagRemove(f *fixture) {
	vip, lead, cold := f.tag("vip"), f.tag("Hot Lead"), f.tag("cold")
	v, other := f.visitor("Ada"), f.visitor("Bob")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, driver.CreateTag{Tag: cold}, create(v, vip, lead), create(other, vip, lead))
	f.effects(f.must(
		driver.RemoveTags{ID: v.ID, Tags: []string{"cold"}, Audit: f.audit()},
		driver.RemoveTags{ID: v.ID, Tags: []string{"no such tag"}, Audit: f.audit()},
		driver.RemoveTags{ID: v.ID, Tags: []string{"cold", "no such tag", "vip"}, Audit: f.audit()},
		driver.RemoveTags{ID: v.ID, Tags: []string{"vip"}, Audit: f.audit()},
	), driver.Unchanged, driver.Unchanged, driver.Updated, driver.Unchanged)
	f.same("the visitor", f.get(v.ID), with(v, lead))
	f.same("the other visitor", f.get(other.ID), with(other, lead, vip))
	f.same("who has the tag", f.matches(filter.Tag.Has("vip")), "Bob")
}

func checkTagMissingVisitor(f *fixture) {
	vip, v, nobody := f.tag("vip"), f.visitor("Ada"), f.visitor("Nobody")
	f.inNeighbour(driver.CreateTag{Tag: vip}, create(v), create(nobody))
	f.must(driver.CreateTag{Tag: vip}, create(v))
	f.effects(f.must(
		driver.AddTags{ID: nobody.ID, Tags: keys(vip), Audit: f.audit()},
		driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()},
		driver.RemoveTags{ID: nobody.ID, Tags: keys(vip), Audit: f.audit()},
	), driver.Missing, driver.Updated, driver.Missing)
	f.same("who has the tag", f.matches(filter.Tag.Has("vip")), "Ada")
	f.same("how many have the tag", f.count(filter.Tag.Has("vip")), int64(1))
}

func checkTagMissing(f *fixture) {
	vip, v := f.tag("vip"), f.visitor("Ada")
	lead := f.tag("Hot Lead")
	f.inNeighbour(driver.CreateTag{Tag: lead})
	f.given(driver.CreateTag{Tag: vip}, create(v))
	f.refused(driver.ErrNotFound, "tag", "", 0, driver.AddTags{ID: v.ID, Tags: keys(vip, lead), Audit: f.audit()})
}

func checkTagRename(f *fixture) {
	vip, lead := f.tag("vip"), f.tag("Hot Lead")
	v := f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, create(v, vip, lead))
	renamed := vip
	renamed.Name, renamed.Color, renamed.Description = "Best", "#abcdef", "the best"
	out := f.must(driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("Best"), Color: ptr(tag.Color("#abcdef")), Description: ptr("the best")}, Audit: f.audit()})
	f.same("outcome", out, []driver.Outcome{{Effect: driver.Updated, Tag: &renamed}})
	f.same("tags", f.tags(f.ws), []tag.Tag{renamed, lead})
	want := with(v, renamed, lead)
	f.same("the visitor", f.get(v.ID), want)
	f.same("the visitor found", f.find(driver.Select{Where: f.bind(filter.Tag.Has("best")), Order: driver.NewestFirst, Limit: 9}), []visitor.Visitor{want})
	vipAgain := f.tag("VIP")
	f.effects(f.must(driver.EnsureTag{Tag: vipAgain}), driver.Created)
	f.same("who has the new tag with the old name", f.matches(filter.Tag.Has("vip")), "")
}

func checkTagRenameTaken(f *fixture) {
	vip, lead, v := f.tag("vip"), f.tag("Hot Lead"), f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, create(v, vip))
	f.refused(driver.ErrExists, "tag", string(lead.ID), 0, driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("HOT  lead")}, Audit: f.audit()})
	spelled := vip
	spelled.Name = "VÍP"
	f.same("outcome", f.must(driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("VÍP")}, Audit: f.audit()}), []driver.Outcome{{Effect: driver.Updated, Tag: &spelled}})
	f.same("the visitor", f.get(v.ID), with(v, spelled))
}

func checkTagUpdateUnchanged(f *fixture) {
	vip, gone := f.tag("vip"), f.tag("gone")
	f.inNeighbour(driver.CreateTag{Tag: gone})
	f.given(driver.CreateTag{Tag: vip})
	out := f.must(
		driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{}, Audit: f.audit()},
		driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("vip"), Color: ptr(vip.Color), Description: ptr("")}, Audit: f.audit()},
	)
	f.same("outcomes", out, []driver.Outcome{{Effect: driver.Unchanged, Tag: &vip}, {Effect: driver.Unchanged, Tag: &vip}})
	f.refused(driver.ErrNotFound, "tag", string(gone.ID), 0, driver.UpdateTag{ID: gone.ID, Patch: tag.Patch{Name: ptr("new")}, Audit: f.audit()})
}

func checkTagDelete(f *fixture) {
	vip, lead := f.tag("vip"), f.tag("Hot Lead")
	a, b := f.visitor("Ada"), f.visitor("Bob")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateTag{Tag: lead}, create(a, vip, lead), create(b, vip))
	f.effects(f.must(driver.DeleteTag{ID: vip.ID, Audit: f.audit()}, driver.DeleteTag{ID: vip.ID, Audit: f.audit()}), driver.Deleted, driver.Missing)
	f.same("tags", f.tags(f.ws), []tag.Tag{lead})
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{with(a, lead), b})
	f.same("who has any tag", f.matches(filter.Tag.Exists()), "Ada")
	f.same("who has the tag by its id", f.matches(filter.Tag.HasID(vip.ID)), "")
	f.must(driver.CreateTag{Tag: vip})
	f.same("who has the tag after it was created again", f.matches(filter.Tag.Has("vip")), "")
	f.same("how many have it", f.count(filter.Tag.HasID(vip.ID)), int64(0))
}

func checkTagKeepsRevision(f *fixture) {
	vip, v := f.tag("vip"), f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, create(v))
	f.must(driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()})
	f.must(driver.UpdateTag{ID: vip.ID, Patch: tag.Patch{Name: ptr("best")}, Audit: f.audit()})
	f.must(driver.RemoveTags{ID: v.ID, Tags: []string{"best"}, Audit: f.audit()})
	f.same("the visitor", f.get(v.ID), v)
	f.effects(f.must(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Eve"), IfRevision: 1}, Audit: f.audit()}), driver.Updated)
}

func checkTagAgain(f *fixture) {
	vip, v := f.tag("vip"), f.visitor("Ada")
	f.given(driver.CreateTag{Tag: vip}, create(v, vip))
	f.must(driver.RemoveTags{ID: v.ID, Tags: keys(vip), Audit: f.audit()})
	at := f.now().Add(time.Hour)
	f.must(driver.AddTags{ID: v.ID, Tags: keys(vip), Audit: driver.Audit{At: at, Actor: "bob"}})
	want := v
	want.Tags = []tag.Assignment{{Tag: vip.ID, Name: "vip", Color: vip.Color, At: at, Actor: "bob"}}
	f.same("the visitor", f.get(v.ID), want)
}

func checkTagMany(f *fixture) {
	var changes []driver.Change
	var tags []tag.Tag
	for i := range visitor.MaxTags {
		t := f.tag(fmt.Sprintf("tag %03d", i))
		tags, changes = append(tags, t), append(changes, driver.CreateTag{Tag: t})
	}
	var made []visitor.Visitor
	for range 30 {
		v := f.visitor("Ada")
		made, changes = append(made, with(v, tags...)), append(changes, create(v, tags...))
	}
	f.given(changes...)
	f.same("the visitors", f.visitors(f.ws), made)
	f.same("how many have the last tag", f.count(filter.Tag.HasID(tags[visitor.MaxTags-1].ID)), int64(30))
}
