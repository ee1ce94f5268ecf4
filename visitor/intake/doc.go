// Package intake turns what messaging channels post to a webhook into contacts. It is
// pure: bytes and headers go in, values come out. It runs no server, calls nobody, keeps
// nothing, and asks the clock only through a field named Now.
//
// Each channel is a small struct of settings with the methods of Channel: Verify holds a
// delivery against its signature, Parse reads it. Read does both, in that order:
//
//	ch := intake.WhatsApp{Secrets: []string{appSecret}, VerifyToken: token}
//	batch, err := intake.Read(ch, r.Header.Get, body)
//	for c := range batch.Contacts() { … ws.Capture(ctx, c) … }
//
// A delivery may hold a thousand events of many kinds. Each becomes one Event: Inbound,
// IdentityChange, Profile, or Ignored with the Reason. Only Inbound, which is a person who
// reached the business, may make a visitor. An echo, a receipt, a reaction, a group, a bot,
// a test never does. One bad event does not cost the others: it is Ignored as Malformed,
// and its Err names the field. An Ignored event holds nothing of a person.
//
// # Ids
//
// Ids are text, whether the channel writes them as text or as numbers, since they pass
// 2^53. Contact.Account is the scope within which ExternalID is one person: the page for
// Messenger, the professional account for Instagram, the site for chat and forms. Of
// WhatsApp and Telegram it is empty, since a person has the same id towards every number or
// bot of the business; Event.Account names the number or the bot. Other ids of the same
// person are in Contact.Also, and other spellings of a WhatsApp number in Contact.Variants.
//
// # What is proven
//
// A phone number from WhatsApp or Telegram and what a signed chat identity says are proven.
// What a stranger typed into a form or an unsigned widget is only claimed, and
// Contact.Claimed says so: nobody may become somebody else by typing an address.
//
// # JSON
//
// encoding/json takes keys in any case and merges what a key given twice holds. The
// platforms' signature covers every byte, so that only they could make use of it, and what
// they send is read leniently: a value of the wrong type counts as absent. The formats of
// this package (chat, forms, identities) come from strangers and are read with exact keys.
// A channel's texts are made fit to store: characters that package text refuses are
// dropped and names that are too long are cut, since the person cannot be asked again.
package intake
