package storetest

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var deletePromises = []promise{
	{"a deleted visitor is gone from every read", "Deletion is a legal duty: a person who asked for it must not turn up in a search.", checkDeletedVisitorIsGone},
	{"a visitor with the id of a deleted one inherits nothing", "Rows that were left behind are personal data of a person who asked for deletion.", checkRecreatedVisitorIsBare},
	{"a visitor that is deleted and created again in one call inherits nothing", "A back end that writes a call's changes together compares the new visitor with the old one.", checkRecreatedInOneCall},
	{"the identities of a deleted visitor are free again", "A person who was deleted may write again, and is a new visitor then.", checkDeletedIdentitiesAreFree},
	{"deleting a missing visitor is not an error", "A deletion that is retried after a lost reply has to succeed.", checkDeleteMissing},
	{"deleting one visitor deletes no other", "A deletion cannot be undone.", checkDeleteOnlyOne},
	{"errors contain no personal data", "Errors end up in logs, where personal data has no place.", checkErrorsHoldNoPersonalData},
	{"a visitor may have been created long ago", "Imports contain years of history, and pages are in order of creation.", checkOldCreationTimes},
}

func checkDeletedVisitorIsGone(f *fixture) {
	vip, team, rule := f.tag("vip"), f.group("Team", nil), f.group("Rule", filter.Source.Is(visitor.WhatsApp))
	v, other := f.everything("Ada", team.ID), f.visitor("Bob")
	other = inGroups(other, team.ID)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule},
		create(v, vip), create(other, vip), driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.audit()})
	f.effects(f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()}), driver.Deleted)
	_, err := f.st.GetVisitor(f.Context(), f.ws, v.ID)
	f.about(err, driver.ErrNotFound, "visitor", string(v.ID))
	for _, e := range []filter.Expr{
		filter.ID.Is(v.ID), filter.Name.Is("ada"), filter.Email.Exists(), filter.Phone.Exists(), filter.Search("lovelace"), filter.Search("5511"),
		filter.Source.Is(visitor.WhatsApp), filter.Identity.Exists(), filter.Attr("city").Exists(), filter.LastSeenAt.Exists(),
	} {
		f.same("visitors found by what it had", f.matches(e), "")
		f.same("visitors counted by what it had", f.count(e), int64(0))
	}
	for _, e := range []filter.Expr{filter.Tag.Has("vip"), filter.Group.Has("Team"), filter.All()} {
		f.same("visitors found by what another shares", f.matches(e), "Bob")
		f.same("visitors counted by what another shares", f.count(e), int64(1))
	}
	f.same("tags", len(f.tags(f.ws)), 1)
	f.same("groups", len(f.groups(f.ws)), 2)
}

func checkRecreatedVisitorIsBare(f *fixture) {
	vip, team, rule := f.tag("vip"), f.group("Team", nil), f.group("Rule", filter.All())
	v := f.everything("Ada", team.ID)
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, driver.CreateGroup{Group: rule},
		create(v, vip), driver.RemoveFromGroup{Group: rule.ID, ID: v.ID, Audit: f.audit()})
	f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()})
	bare := visitor.Visitor{ID: v.ID, Name: "Bob", Source: visitor.Chat, CreatedAt: v.CreatedAt, UpdatedAt: v.CreatedAt, Revision: 1}
	f.same("the visitor in the outcome", f.must(create(bare))[0].Visitor, &bare)
	f.same("the visitor that is read", f.get(v.ID), bare)
	for _, e := range []filter.Expr{
		filter.Tag.Exists(), filter.Group.Has("Team"), filter.Group.Exists(), filter.Identity.Exists(), filter.Attr("city").Exists(), filter.Search("ada"), filter.Email.Exists(),
	} {
		f.same("visitors found by what it had before", f.matches(e), "")
		f.same("visitors counted by what it had before", f.count(e), int64(0))
	}
	f.same("members of the group that it was removed from", f.matches(filter.Group.Has("Rule")), "Bob")
}

func checkRecreatedInOneCall(f *fixture) {
	vip, team := f.tag("vip"), f.group("Team", nil)
	v, merged, other := f.everything("Ada", team.ID), f.visitor("Merged"), f.visitor("Bob")
	f.given(driver.CreateTag{Tag: vip}, driver.CreateGroup{Group: team}, create(v, vip), create(merged), create(other), f.merge(v.ID, merged.ID))
	bare := visitor.Visitor{ID: v.ID, Name: "Bob", Source: visitor.Chat, CreatedAt: v.CreatedAt, UpdatedAt: v.CreatedAt, Revision: 1}
	other.Identities = v.Identities
	f.effects(f.must(
		driver.DeleteVisitor{ID: v.ID, Audit: f.audit()}, create(bare), driver.RemoveTags{ID: merged.ID, Tags: keys(vip), Audit: f.audit()},
		driver.DeleteVisitor{ID: other.ID, Audit: f.audit()}, create(other),
	), driver.Deleted, driver.Created, driver.Missing, driver.Deleted, driver.Created)
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{bare, other})
	for _, e := range []filter.Expr{filter.Tag.Exists(), filter.Group.Exists(), filter.Attr("city").Exists(), filter.Search("ada"), filter.Email.Exists()} {
		f.same("visitors found by what it had before", f.matches(e), "")
	}
	f.same("who has the identities", f.matches(filter.Identity.Exists()), "Bob")
}

func checkDeletedIdentitiesAreFree(f *fixture) {
	v := f.everything("Ada")
	f.given(create(v))
	f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()})
	again := f.everything("Ada again")
	again.Identities = v.Identities
	f.must(create(again))
	f.same("the new visitor", f.get(again.ID), again)
}

func checkDeleteMissing(f *fixture) {
	v := f.visitor("Bob")
	f.given(create(v))
	f.effects(f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()}, driver.DeleteVisitor{ID: v.ID, Audit: f.audit()}), driver.Deleted, driver.Missing)
	f.effects(f.must(driver.DeleteVisitor{ID: v.ID, Audit: f.audit()}), driver.Missing)
	f.effects(f.must(driver.DeleteVisitor{ID: visitor.ID(f.id(f.clock)), Audit: f.audit()}), driver.Missing)
}

func checkDeleteOnlyOne(f *fixture) {
	var changes []driver.Change
	var kept []visitor.Visitor
	at := f.now()
	for i := range 40 {
		v := f.visitorAt("Bob", at)
		v.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: string(v.ID)}}
		v.Attributes = visitor.Attributes{"n": visitor.Number(float64(i))}
		changes = append(changes, create(v))
		kept = append(kept, v)
	}
	f.given(changes...)
	for len(kept) > 20 {
		i := len(kept) / 2
		f.must(driver.DeleteVisitor{ID: kept[i].ID, Audit: f.audit()})
		kept = append(kept[:i], kept[i+1:]...)
	}
	for _, v := range kept {
		f.same("a visitor that was not deleted", f.get(v.ID), v)
	}
	f.same("count", f.count(filter.All()), int64(len(kept)))
}

func checkErrorsHoldNoPersonalData(f *fixture) {
	v := f.everything("Ada Lovelace")
	f.given(create(v))
	clash := f.everything("Ada Lovelace")
	_, created := f.apply(create(v))
	_, taken := f.apply(create(clash))
	_, stale := f.apply(driver.UpdateVisitor{ID: v.ID, Patch: visitor.Patch{Name: ptr("Ada King"), IfRevision: 7}, Audit: f.audit()})
	for _, err := range []error{created, taken, stale} {
		if err == nil {
			f.Fatalf("no error")
		}
		for _, private := range []string{"Ada", "ada", "King", "example.com", "5511987654321", "9007199254740993"} {
			if strings.Contains(err.Error(), private) {
				f.Errorf("the error %q contains %q", err, private)
			}
		}
	}
}

func checkOldCreationTimes(f *fixture) {
	old := f.visitorAt("Old", time.UnixMicro(1).UTC())
	mid := f.visitorAt("Mid", time.Date(1999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))
	now := f.visitor("Now")
	mid.UpdatedAt = now.CreatedAt
	f.given(create(now), create(old), create(mid))
	f.same("oldest first", f.matches(filter.All()), "Old, Mid, Now")
	f.same("the visitor of 1970", f.get(old.ID), old)
	f.same("the visitor of 1999", f.get(mid.ID), mid)
}
