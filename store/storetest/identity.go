package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

var identityPromises = []promise{
	{"an identity belongs to one visitor", "A message of a channel has to lead to the same visitor every time.", checkIdentityIsUnique},
	{"two visitors of one call cannot share an identity", "An import that has a person twice must be checked like single calls.", checkIdentityIsUniqueInACall},
	{"identities differ by source, account and exact id", "Channels have ids that differ only by case, and the same id on two accounts is two people.", checkIdentityIsExact},
	{"a visitor is found by channel, by account and by id", "Every incoming message needs this look-up.", checkIdentityFilters},
	{"a visitor is found by the inboxes of its identities, to the letter", "A campaign writes from the number that the person wrote to.", checkInboxFilters},
	{"identities are ordered by source, account and id", "An order that varies from read to read looks like a change.", checkIdentityOrder},
}

func checkIdentityIsUnique(f *fixture) {
	v := f.visitor("Ada")
	v.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42"}}
	f.given(create(v))
	other := f.visitor("Bob")
	other.Identities = []visitor.Identity{{Source: visitor.Chat, ExternalID: "1"}, {Source: visitor.Telegram, Account: "bot", ExternalID: "42", Username: "bob"}}
	f.refused(driver.ErrExists, "identity", string(v.ID), 0, create(other))
	f.same("visitors with the identity that was free", f.matches(filter.Identity.On(visitor.Chat)), "")
}

func checkIdentityIsUniqueInACall(f *fixture) {
	a, b := f.visitor("Ada"), f.visitor("Bob")
	a.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	b.Identities = []visitor.Identity{{Source: visitor.Telegram, ExternalID: "42"}}
	f.refused(driver.ErrExists, "identity", string(a.ID), 1, create(a), create(b))
}

func checkIdentityIsExact(f *fixture) {
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
	var changes []driver.Change
	var made []visitor.Visitor
	for i, ref := range refs {
		v := f.visitor(string(rune('a' + i)))
		v.Identities = []visitor.Identity{ref}
		changes, made = append(changes, create(v)), append(made, v)
	}
	f.given(changes...)
	for i, ref := range refs {
		f.same("the visitor", f.get(made[i].ID), made[i])
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
		f.same("visitors with the identity", f.matches(filter.Identity.Is(ref.Source, ref.Account, ref.ExternalID)), want)
	}
}

func checkIdentityFilters(f *fixture) {
	a, b, c := f.visitor("Ada"), f.visitor("Bob"), f.visitor("Eve")
	a.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42"}, {Source: visitor.Telegram, Account: "bot2", ExternalID: "42"}}
	b.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "43"}, {Source: visitor.Chat, ExternalID: "42"}}
	f.given(create(a), create(b), create(c))
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
		f.same("visitors", f.matches(look.e), look.want)
	}
}

func checkInboxFilters(f *fixture) {
	in := func(name string, inboxes ...string) visitor.Visitor {
		v := f.visitor(name)
		for n, inbox := range inboxes {
			v.Identities = append(v.Identities, visitor.Identity{
				Source: visitor.Telegram, ExternalID: fmt.Sprint(name, n), Inboxes: []string{inbox, "shared " + name}, InboxTimes: []time.Time{v.CreatedAt, {}},
			})
		}
		return v
	}
	long := strings.Repeat("é", visitor.MaxIdentity/2)
	ada, bob, eve := in("Ada", "1055", "Page_1", long), in("Bob", "1055", "page_1"), in("Eve")
	f.given(create(ada), create(bob), create(eve))
	f.same("the visitors", f.visitors(f.ws), []visitor.Visitor{ada, bob, eve})
	for _, look := range []struct {
		e    filter.Expr
		want string
	}{
		{filter.Inbox.Is("1055"), "Ada, Bob"},
		{filter.Inbox.Is("Page_1"), "Ada"},
		{filter.Inbox.Is("page_1"), "Bob"},
		{filter.Inbox.Is("page%1"), ""},
		{filter.Inbox.Is("shared Ada"), "Ada"},
		{filter.Inbox.Is(long), "Ada"},
		{filter.Inbox.In("1055", "page_1", "other"), "Ada, Bob"},
		{filter.And(filter.Inbox.Is("1055"), filter.Not(filter.Inbox.In("Page_1", "x"))), "Bob"},
		{filter.Not(filter.Inbox.Is("1055")), "Eve"},
		{filter.Inbox.Exists(), "Ada, Bob"},
		{filter.Not(filter.Inbox.Exists()), "Eve"},
	} {
		f.same("visitors", f.matches(look.e), look.want)
		f.same("count", f.count(look.e), int64(len(f.find(driver.Select{Where: f.bind(look.e), Order: driver.NameAZ, Limit: 10}))))
	}
}

func checkIdentityOrder(f *fixture) {
	v := f.visitor("Ada")
	for _, source := range []visitor.Source{visitor.Chat, visitor.Instagram, visitor.Telegram} {
		for _, account := range []string{"", "A", "a", "é"} {
			for _, id := range []string{"1", "10", "2", "B", "b"} {
				v.Identities = append(v.Identities, visitor.Identity{Source: source, Account: account, ExternalID: id})
			}
		}
	}
	if !slices.IsSortedFunc(v.Identities, visitor.Identity.Compare) {
		f.Fatalf("the identities of this test are not in order")
	}
	f.given(create(v))
	f.same("the visitor", f.get(v.ID), v)
	f.same("the visitor found", f.visitors(f.ws), []visitor.Visitor{v})
}
