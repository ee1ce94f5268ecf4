package storetest

import (
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

var identityPromises = []promise{
	{
		name: "an identity belongs to one visitor",
		why:  "A message from a channel has to lead to one person, the same one every time.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			v.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42"}}
			r.given(create(v))
			other := r.visitor("Bob")
			other.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}, {Source: visitor.Telegram, Account: "bot", ExternalID: "42", Username: "bob"}}
			r.refused(store.ErrExists, "identity", string(v.ID), 0, create(other))
			r.same("visitors with the identity that was free", r.matches(filter.Identity.On(visitor.Chat)), "")
		},
	},
	{
		name: "two visitors of one call cannot share an identity",
		why:  "An import with a person in it twice must not slip past the check that single calls get.",
		keep: func(r *room) {
			a, b := r.visitor("Ada"), r.visitor("Bob")
			a.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
			b.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
			r.refused(store.ErrExists, "identity", string(a.ID), 1, create(a), create(b))
		},
	},
	{
		name: "identities differ by source, by account and by every letter",
		why:  "Channels give ids that differ by case alone, and the same id on two accounts is two people.",
		keep: func(r *room) {
			refs := []visitor.Identity{
				{Source: visitor.Telegram, ExternalID: "42"},
				{Source: visitor.Messenger, ExternalID: "42"},
				{Source: visitor.Telegram, Account: "bot", ExternalID: "42"},
				{Source: visitor.Telegram, Account: "BOT", ExternalID: "42"},
				{Source: visitor.Telegram, Account: "bot2", ExternalID: "42"},
				{Source: visitor.Telegram, ExternalID: "Abc"},
				{Source: visitor.Telegram, ExternalID: "aBC"},
				{Source: visitor.Telegram, ExternalID: "é"},
				{Source: visitor.Telegram, ExternalID: "e\u0301"},
				{Source: visitor.Telegram, ExternalID: "042"},
				{Source: visitor.Telegram, ExternalID: "4_"},
				{Source: visitor.Telegram, ExternalID: "4%"},
				{Source: visitor.Telegram, ExternalID: "9007199254740993"},
				{Source: visitor.Telegram, ExternalID: "9007199254740992"},
				{Source: visitor.Telegram, ExternalID: "4 2"},
				{Source: visitor.Telegram, ExternalID: strings.Repeat("x", visitor.MaxIdentity)},
				{Source: visitor.Telegram, ExternalID: strings.Repeat("x", visitor.MaxIdentity-1) + "y"},
			}
			var changes []store.Change
			var made []visitor.Visitor
			for i, ref := range refs {
				v := r.visitor(string(rune('a' + i)))
				v.Identities = []visitor.Identity{ref}
				changes, made = append(changes, create(v)), append(made, v)
			}
			r.given(changes...)
			for i, ref := range refs {
				r.same("the visitor", r.get(made[i].ID), made[i])
				want := made[i].Name
				if ref.Account == "" {
					var names []string
					for j, other := range refs {
						if other.Source == ref.Source && other.ExternalID == ref.ExternalID {
							names = append(names, made[j].Name)
						}
					}
					want = strings.Join(names, ", ")
				}
				r.same("visitors with the identity", r.matches(filter.Identity.Is(ref.Source, ref.Account, ref.ExternalID)), want)
			}
		},
	},
	{
		name: "a visitor is found by channel, by account and by id",
		why:  "Every incoming message is answered by this look-up.",
		keep: func(r *room) {
			a, b, c := r.visitor("Ada"), r.visitor("Bob"), r.visitor("Eve")
			a.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42"}, {Source: visitor.Telegram, Account: "bot2", ExternalID: "42"}}
			b.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "43"}, {Source: visitor.Chat, ExternalID: "42"}}
			r.given(create(a), create(b), create(c))
			for _, look := range []struct {
				e    filter.Expr
				want string
			}{
				{filter.Identity.Is(visitor.Telegram, "bot", "42"), "Ada"},
				{filter.Identity.Is(visitor.Telegram, "", "42"), "Ada"},
				{filter.Identity.Is(visitor.Telegram, "bot", ""), "Ada, Bob"},
				{filter.Identity.Is(visitor.Chat, "", "42"), "Bob"},
				{filter.Identity.Is(visitor.Chat, "bot", "42"), ""},
				{filter.Identity.Is(visitor.WhatsApp, "", "42"), ""},
				{filter.Identity.On(visitor.Telegram), "Ada, Bob"},
				{filter.Identity.On(visitor.Chat), "Bob"},
				{filter.Identity.Exists(), "Ada, Bob"},
				{filter.Not(filter.Identity.On(visitor.Chat)), "Ada, Eve"},
				{filter.Not(filter.Identity.Exists()), "Eve"},
			} {
				r.same("visitors", r.matches(look.e), look.want)
			}
		},
	},
	{
		name: "identities come in the order of source, account and id",
		why:  "An order that changes from read to read looks like a change.",
		keep: func(r *room) {
			v := r.visitor("Ada")
			for _, source := range []visitor.Source{visitor.Chat, visitor.Instagram, visitor.Telegram} {
				for _, account := range []string{"", "A", "a", "é"} {
					for _, id := range []string{"1", "10", "2", "B", "b"} {
						v.Identities = append(v.Identities, visitor.Identity{Source: source, Account: account, ExternalID: id})
					}
				}
			}
			if !slices.IsSortedFunc(v.Identities, visitor.Identity.Compare) {
				r.Fatalf("the identities of this test are not in order")
			}
			r.given(create(v))
			r.same("the visitor", r.get(v.ID), v)
			r.same("the visitor found", r.visitors(r.ws), []visitor.Visitor{v})
		},
	},
}
