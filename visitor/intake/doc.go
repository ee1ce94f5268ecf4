// Package intake converts the webhook requests of messaging channels to contacts. It only
// converts headers and bytes to values: it runs no server, makes no requests, stores nothing,
// and reads the clock only through a field named Now.
//
// Each channel is a struct of settings with the methods of Channel: Verify checks the signature
// of a delivery, Parse parses it. Read does both, in that order:
//
//	ch := intake.WhatsApp{Secrets: []string{appSecret}, VerifyToken: token}
//	batch, err := intake.Read(ch, r.Header.Get, body)
//	for c := range batch.Contacts() { … ws.Capture(ctx, c) … }
//
// A delivery can have a thousand events of many kinds. Each becomes one Event: Inbound,
// IdentityChange, Profile, or Ignored with a Reason. Only Inbound events, in which a person
// contacted the business, can create a visitor; echoes, receipts, reactions, groups, bots and
// tests never do. An event that is not valid does not affect the others: it is Ignored as
// Malformed, with the field in its Err. An Ignored event has no personal data.
//
// # Ids
//
// Ids are text, also where a channel sends numbers, since some are larger than 2^53.
// Contact.Account is the scope in which ExternalID is unique: the page on Messenger, the
// professional account on Instagram, the site of chat and forms. On WhatsApp and Telegram it is
// empty, since a person has the same id for every number or bot of the business; Event.Account
// is the number or the bot. Contact.AlternateIDs has other ids of the same person, and
// Contact.LookupAliases other spellings of a WhatsApp number.
//
// # Verified and unverified data
//
// A phone number from WhatsApp or Telegram and a signed chat identity are verified. Data typed
// into a form or an unsigned widget is not, and Contact.Unverified is set: typing the address
// of another person must not give access to that visitor.
//
// # JSON
//
// encoding/json matches keys in any case and merges the values of duplicate keys. The
// deliveries of platforms are signed, so that no other sender can exploit this, and are parsed
// leniently: a value of the wrong type counts as missing. The formats of this package (chat,
// forms, identities) come from unknown senders and are parsed with exact keys, and a form also by
// labels such as E-Mail. The file forms.md has the shapes of forms and of Mailchimp. Texts from a
// channel are made valid rather than refused, since the person cannot be asked again:
// characters that package text refuses are removed, and names that are too long are truncated.
package intake
