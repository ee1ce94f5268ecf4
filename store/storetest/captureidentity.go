package storetest

import (
	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// captureIdentityPromises are about whom a contact is taken for.
var captureIdentityPromises = []promise{
	{
		name: "ids of one person lead to one visitor",
		why:  "WhatsApp knows a person by number, by user id, and by both.",
		keep: func(r *room) {
			number := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "5511987654321"}
			scoped := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "BR.1234"}
			by := func(i visitor.Identity, also ...visitor.Identity) visitor.Contact {
				c := r.contact(i.ExternalID, "Ada")
				c.Source, c.Also = i.Source, also
				return c
			}
			v := r.captured(by(number)).Visitor
			r.same("reason", r.captured(by(scoped, number)).Reason, store.OtherID)
			r.same("reason", r.captured(by(scoped)).Reason, store.SameIdentity)
			r.same("identities", len(r.get(v.ID).Identities), 2)
			spelled := by(visitor.Identity{Source: visitor.WhatsApp, ExternalID: "551187654321"})
			spelled.Variants = []visitor.Identity{number}
			out := r.captured(spelled)
			r.same("reason", out.Reason, store.OtherForm)
			r.same("visitor", out.Visitor.ID, v.ID)
			stranger := by(visitor.Identity{Source: visitor.WhatsApp, ExternalID: "BR.9999"}, number)
			out = r.captured(stranger)
			r.same("effect for another user id with the same number", out.Effect, store.Created)
			r.same("visitors", r.count(filter.All()), int64(2))
		},
	},
	{
		name: "a number that was given up is nobody's",
		why:  "Numbers pass to other people, who are not the one before.",
		keep: func(r *room) {
			c := r.contact("111", "Ada")
			c.Source, c.Phone = visitor.WhatsApp, "+5511987654321"
			v := r.captured(c).Visitor
			change := r.contact("222", "")
			change.Source, change.Phone, change.Known = visitor.WhatsApp, "+5511987650000", true
			change.Was = []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "111"}}
			r.same("effect", r.captured(change).Effect, store.Updated)
			v = r.get(v.ID)
			r.same("phone", v.Phone, "+5511987650000")
			r.same("ids", len(v.Identities), 1)
			next := r.contact("111", "Bob")
			next.Source = visitor.WhatsApp
			r.same("effect for the next who has the number", r.captured(next).Effect, store.Created)
		},
	},
	{
		name: "two visitors whom the channel calls one person are merged",
		why:  "Of two messages the one that tells that both ids are one person's may come last.",
		keep: func(r *room) {
			a, b := r.contact("111", "Ada"), r.contact("BR.1", "Ada L.")
			a.Source, b.Source = visitor.WhatsApp, visitor.WhatsApp
			older, newer := r.captured(a, r.tag("hot")).Visitor, r.captured(b).Visitor
			both := r.contact("BR.1", "Ada L.")
			both.Source, both.Also = visitor.WhatsApp, []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "111"}}
			out := r.captured(both)
			r.same("survivor", out.Visitor.ID, older.ID)
			r.same("the other id", r.get(newer.ID).ID, older.ID)
			r.same("ids", len(out.Visitor.Identities), 2)
			r.same("visitors", r.count(filter.All()), int64(1))
			r.same("tagged", r.matches(filter.Tag.Has("hot")), "Ada L.")
			c := r.contact("222", "Bob")
			c.Source = visitor.WhatsApp
			r.captured(c)
			rival := r.contact("222", "Bob")
			rival.Source, rival.Also = visitor.WhatsApp, both.Also
			r.captured(rival)
			r.same("visitors of two numbers", r.count(filter.All()), int64(2))
		},
	},
	{
		name: "each visitor that a capture merges is told of",
		why:  "A host that keeps conversations by visitor must move those of everyone who is another one now.",
		keep: func(r *room) {
			ids := []visitor.Identity{{Source: visitor.WhatsApp, ExternalID: "111"}, {Source: visitor.WhatsApp, ExternalID: "BR.1"}, {Source: visitor.WhatsApp, ExternalID: "BR.ENT.1"}}
			var made []visitor.ID
			for _, i := range ids {
				c := r.contact(i.ExternalID, "Ada")
				c.Source = i.Source
				made = append(made, r.captured(c).Visitor.ID)
			}
			all := r.contact("111", "Ada")
			all.Source, all.Also = visitor.WhatsApp, ids[1:]
			out := r.captured(all)
			r.same("effect", out.Effect, store.Updated)
			r.same("survivor", out.Visitor.ID, made[0])
			var gone []visitor.ID
			for _, e := range r.events(r.ws, 0) {
				if e.Kind == store.VisitorMerged {
					r.same("into", e.Visitor, made[0])
					gone = append(gone, e.Other)
				}
			}
			r.same("who went", gone, made[1:])
		},
	},
	{
		name: "a typed address finds nobody unless the host allows it",
		why:  "Whoever types somebody's address into a form is not thereby somebody.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			v.Email, v.Phone = "Ada@example.com", "+5511987654321"
			r.given(create(v))
			form := func(id string) visitor.Contact {
				c := r.contact(id, "Eve")
				c.Source, c.Email, c.Claimed = visitor.Chat, "ada@example.com", true
				return c
			}
			r.same("effect", r.captured(form("form:1")).Effect, store.Created)
			proven := r.capture(form("form:2"))
			proven.Policy.ByEmail = visitor.TrustProven
			r.same("effect with a claim", r.given(proven)[0].Effect, store.Created)
			claims := r.capture(form("form:3"))
			claims.Policy.ByEmail = visitor.TrustClaims
			out := r.given(claims)[0]
			r.same("reason", out.Reason, store.SameEmail)
			r.same("visitor", out.Visitor.ID, v.ID)
			phone := r.contact("42", "Ada")
			phone.Phone = "+5511987654321"
			byPhone := r.capture(phone)
			byPhone.Policy.ByPhone = visitor.TrustProven
			out = r.given(byPhone)[0]
			r.same("reason", out.Reason, store.SamePhone)
			r.same("visitor", out.Visitor.ID, v.ID)
		},
	},
}
