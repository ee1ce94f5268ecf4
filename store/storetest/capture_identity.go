package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

// captureIdentityPromises are about which visitor a contact belongs to.
var captureIdentityPromises = []promise{
	{"all ids of a person lead to one visitor", "WhatsApp identifies a person by number, by user id, or by both.", checkCaptureAlternateIDs},
	{"an id that a person no longer has can belong to another", "Phone numbers are reassigned to other people.", checkCapturePreviousIDs},
	{"two visitors with ids of one person are merged", "The message that shows that two ids belong to one person may arrive last.", checkCaptureMerges},
	{"each merge of a capture is an event", "A host that stores conversations by visitor must move those of every merged visitor.", checkCaptureMergeEvents},
	{"an unverified address finds no visitor unless the host allows it", "A person who types somebody's address into a form need not be that person.", checkCaptureByAddress},
}

func checkCaptureAlternateIDs(f *fixture) {
	number := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "5511987654321"}
	scoped := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "BR.1234"}
	by := func(i visitor.Identity, also ...visitor.Identity) visitor.Contact {
		c := f.contact(i.ExternalID, "Ada")
		c.Source, c.AlternateIDs = i.Source, also
		return c
	}
	v := *f.captured(by(number)).Visitor
	f.same("reason", f.captured(by(scoped, number)).Reason, driver.AlternateID)
	f.same("reason", f.captured(by(scoped)).Reason, driver.SameIdentity)
	f.same("identities", len(f.get(v.ID).Identities), 2)
	spelled := by(visitor.Identity{Source: visitor.WhatsApp, ExternalID: "551187654321"})
	spelled.LookupAliases = []visitor.Identity{number}
	out := f.captured(spelled)
	f.same("reason", out.Reason, driver.OtherSpelling)
	f.same("visitor", out.Visitor.ID, v.ID)
	stranger := by(visitor.Identity{Source: visitor.WhatsApp, ExternalID: "BR.9999"}, number)
	out = f.captured(stranger)
	f.same("effect for another user id with the same number", out.Effect, driver.Created)
	f.same("visitors", f.count(filter.All()), int64(2))
}

func checkCapturePreviousIDs(f *fixture) {
	c := f.contact("111", "Ada")
	c.Source, c.Phone = visitor.WhatsApp, "+5511987654321"
	v := *f.captured(c).Visitor
	change := f.contact("222", "")
	change.Source, change.Phone, change.UpdateOnly = visitor.WhatsApp, "+5511987650000", true
	change.PreviousIDs = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "111"}}
	f.same("effect", f.captured(change).Effect, driver.Updated)
	v = f.get(v.ID)
	f.same("phone", v.Phone, "+5511987650000")
	f.same("ids", len(v.Identities), 1)
	next := f.contact("111", "Bob")
	next.Source = visitor.WhatsApp
	f.same("effect for the next person who has the number", f.captured(next).Effect, driver.Created)
}

func checkCaptureMerges(f *fixture) {
	a, b := f.contact("111", "Ada"), f.contact("BR.1", "Ada L.")
	a.Source, b.Source = visitor.WhatsApp, visitor.WhatsApp
	older, newer := *f.captured(a, f.tag("hot")).Visitor, *f.captured(b).Visitor
	both := f.contact("BR.1", "Ada L.")
	both.Source, both.AlternateIDs = visitor.WhatsApp, []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "111"}}
	out := f.captured(both)
	f.same("survivor", out.Visitor.ID, older.ID)
	f.same("the other id", f.get(newer.ID).ID, older.ID)
	f.same("ids", len(out.Visitor.Identities), 2)
	f.same("visitors", f.count(filter.All()), int64(1))
	f.same("tagged", f.matches(filter.Tag.Has("hot")), "Ada L.")
	c := f.contact("222", "Bob")
	c.Source = visitor.WhatsApp
	f.captured(c)
	rival := f.contact("222", "Bob")
	rival.Source, rival.AlternateIDs = visitor.WhatsApp, both.AlternateIDs
	f.captured(rival)
	f.same("visitors of two numbers", f.count(filter.All()), int64(2))
}

func checkCaptureMergeEvents(f *fixture) {
	ids := []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "111"}, {Source: visitor.WhatsApp, ExternalID: "BR.1"}, {Source: visitor.WhatsApp, ExternalID: "BR.ENT.1"}}
	var made []visitor.ID
	for _, i := range ids {
		c := f.contact(i.ExternalID, "Ada")
		c.Source = i.Source
		made = append(made, f.captured(c).Visitor.ID)
	}
	all := f.contact("111", "Ada")
	all.Source, all.AlternateIDs = visitor.WhatsApp, ids[1:]
	out := f.captured(all)
	f.same("effect", out.Effect, driver.Updated)
	f.same("survivor", out.Visitor.ID, made[0])
	var gone []visitor.ID
	for _, e := range f.events(f.ws, 0) {
		if e.Kind == driver.VisitorMerged {
			f.same("into", e.Visitor, made[0])
			gone = append(gone, e.Other)
		}
	}
	f.same("merged ids", gone, made[1:])
}

func checkCaptureByAddress(f *fixture) {
	v := f.visitor("Ada")
	v.Email, v.Phone = "Ada@example.com", "+5511987654321"
	f.given(create(v))
	form := func(id string) visitor.Contact {
		c := f.contact(id, "Eve")
		c.Source, c.Email, c.Unverified = visitor.Chat, "ada@example.com", true
		return c
	}
	f.same("effect", f.captured(form("form:1")).Effect, driver.Created)
	proven := f.capture(form("form:2"))
	proven.Policy.ByEmail = visitor.MatchVerified
	f.same("effect with a claim", f.given(proven)[0].Effect, driver.Created)
	claims := f.capture(form("form:3"))
	claims.Policy.ByEmail = visitor.MatchAny
	out := f.given(claims)[0]
	f.same("reason", out.Reason, driver.SameEmail)
	f.same("visitor", out.Visitor.ID, v.ID)
	phone := f.contact("42", "Ada")
	phone.Phone = "+5511987654321"
	byPhone := f.capture(phone)
	byPhone.Policy.ByPhone = visitor.MatchVerified
	out = f.given(byPhone)[0]
	f.same("reason", out.Reason, driver.SamePhone)
	f.same("visitor", out.Visitor.ID, v.ID)
}
