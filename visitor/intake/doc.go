// Package intake converts the webhook requests of messaging channels and forms to contacts. It only
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
// IdentityChange, Profile, Consent, or Ignored with a Reason. Only Inbound events, in which a
// person contacted the business, can create a visitor; echoes, receipts, reactions, groups, bots
// and tests never do. An event that is not valid does not affect the others: it is Ignored as
// Malformed, with the field in its Err. An Ignored event has no personal data.
//
// Every message of a person is Inbound, also one whose type this package does not know or the
// channel cannot show: the person reached the business. README.md lists what becomes of each
// kind of event of each channel.
//
// # Decisions
//
//   - A message that the channel cannot show (unsupported, unknown) has an event id of its own,
//     since the channel can send the real one later with the same id.
//   - WhatsApp's request_welcome is Inbound: the person opened the chat, often from an ad. To
//     leave it out, skip events with that Via.
//   - Instagram's message_edit with num_edit 0 is Inbound: it is the message itself, and can be
//     all that is sent of it. Other edits are ignored.
//   - Telegram's purchased_paid_media, pre_checkout_query and shipping_query are Inbound: the
//     person buys from the bot. So are write_access_allowed, by which the person lets the bot
//     write, and Messenger's account_linking and payment.
//   - A person whose WhatsApp number changes to one that another visitor has is that visitor too:
//     WhatsApp has verified the new number, and ids decide who is who. The store merges the two
//     unless their user ids differ, and the merge can be undone.
//   - Ratings of a page are ignored: the reviewer's id is another one than in a conversation with
//     the page, and there is no way to answer.
//   - A block is a health report, not a denial: messages cannot be delivered, until the person ends
//     it. Of the reasons for which WhatsApp does not deliver, 131050 is a denial (the person stopped
//     marketing messages), and 131026 is a soft bounce, since its causes include an old version of
//     the app.
//   - An opt-in of Messenger's notification messages is for the topic that its payload names,
//     never for the whole channel.
//   - Keywords are off unless they are set, since END, CANCEL and similar words are also usual
//     answers in a conversation.
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
// # Inboxes
//
// Contact.Inbox is the business's own number, page, account, bot or site that received the event,
// from which a person can be answered. A lead of Lead Ads has it too; forms have none.
//
// # JSON
//
// Keys are matched exactly, and the last of several counts. The deliveries of platforms are parsed
// leniently: a value of the wrong type counts as missing, an array where an object is expected
// stands for its first element, and an object where an array is expected for its only one. Chat and identities, whose format is of this package, refuse values
// of the wrong type. Forms are read as the services post them, and their fields also by labels such
// as E-Mail: see the file forms.md. Texts from a channel are made valid rather than refused, since
// the person cannot be asked again: characters that package text refuses are removed, and names that
// are too long are truncated.
package intake
