// Package webhook receives the events that channels post: an http.Handler for each channel,
// which reads a delivery with package intake and captures its events in a workspace.
//
//	mux.Handle("/webhooks/whatsapp", webhook.New(ws, intake.WhatsApp{Secrets: secrets, VerifyToken: token}, nil))
//	mux.Handle("/webhooks/telegram", webhook.New(ws, intake.Telegram{Secrets: secrets}, nil))
//
// A delivery is read completely, its signature is verified over the raw bytes, and its events
// are parsed and captured durably. Only then it is answered with 200 and an empty body
// (Telegram would execute a body as a command). A channel that gets no answer sends the
// delivery again, which is harmless: an event that was captured before changes nothing.
//
// # Answers
//
//	200  captured, or ignored; also if an event is refused (see below)
//	204  CORS preflight of a browser
//	303  a form was captured, with Options.Redirect
//	400  the delivery is authentic but not readable; the answer says why
//	403  not authentic: signature, token or origin are missing or wrong
//	405  a method that the channel does not use
//	408  the body did not arrive within Options.ReadTimeout
//	413  the body is longer than Options.MaxBody
//	503  the store or Options.Inbound failed or was too slow, or the handler is closed: the
//	     channel sends again
//
// An event that can never be captured, because an id in it is invalid or its visitor would
// exceed a limit, is logged and counted as Refused, with field and reason, and answered with
// 200. If it were answered with an error, the channel would send it again and again, and
// Telegram would hold back later messages of the chat for a day. The other events of the
// delivery are captured.
//
// # Messages
//
// The library keeps people, not messages. Options.Inbound lets the application keep the
// messages in its own tables. On SQLite and PostgreSQL, the events of a delivery are then
// captured in a transaction of their own, one for each workspace, and Inbound writes in it:
//
//   - What Inbound writes through tx is committed exactly once for each event, together with its
//     visitor, even if the process is killed at any moment. A channel that repeats an event gets
//     200, and Inbound is not called for it. Stores remember event ids for 30 days; an event
//     without an id (Contact.EventID) is passed each time it is delivered.
//   - Inbound itself can be called several times for an event: after an error, a failed commit, a
//     deadlock or a serialization failure, all was rolled back. So do nothing outside of tx that
//     must not happen twice, such as sending a notification: write a row, and act on it later.
//   - If a delivery has events of several workspaces, some transactions can be committed and
//     others fail. The channel then sends all again, and those that were committed are duplicates.
//
// Inbound must not commit or roll back tx, and must not write through a Workspace outside of it,
// which would wait until Options.Timeout. To change visitors in the same transaction, open a
// Workspace on the InTx store of sqlite.Store or postgres.Store. Other writers wait while Inbound
// runs: on SQLite those to the database, on PostgreSQL those to the workspace.
//
// A store without transactions, such as memory and remote (see driver.Transactor), captures
// first. Then Inbound is called with a nil tx, at least once for each event: if it returns an
// error, the visitors stay, the answer is 503, and it is called again for the duplicates, as it
// is whenever the channel repeats an event. Store messages by Event.Contact.EventID there. If the
// process ends between the two, the message is passed when the channel sends it again.
//
// # Leads
//
// The event of a lead of Facebook's Lead Ads has no name and no answers. Its person is captured
// before the answer like any other, as a visitor with a placeholder name, the identity
// "lead:<id>" and the attribute lead_status=pending. Then Options.Fetch requests the data, which is
// captured: the name replaces the placeholder, and lead_status becomes complete. A request that
// fails is repeated, Options.FetchTries times in all, then lead_status becomes failed. So the
// filter attr.lead_status:failed finds the leads that did not arrive. RetryLeads requests those
// that are pending or failed again, also after a restart. A lead that Facebook sends twice, or that
// is requested twice, is one visitor.
//
// The capture policy of the workspace applies: with Attributes Never, a lead has no status before
// its data, and RetryLeads does not find it.
//
// # Consent
//
// Signals of consent, such as a person who stops marketing messages, blocks the bot, sends STOP or
// ticks a box of a form, are recorded by Workspace.RecordSignals after the captures of the delivery,
// in a transaction of their own: if that fails, the channel sends the delivery again, and nothing is
// recorded twice. A signal that can never be recorded, such as one about a topic that does not exist,
// is Refused. They are logged and counted as ConsentSignal, with the state as Reason and without the
// address. A message of a person who had blocked the business ends the block, whichever of the two arrives
// first. A signal without a time, such as that of a form, counts when it is first delivered.
//
// # Performance
//
// The events of one delivery are captured in their order, in one transaction. Concurrent
// deliveries share transactions, if the store supports that and Options.Inbound is not set. Names
// that the channel does not send with its events are requested afterwards, with Options.Profile.
//
// # Logs and metrics
//
// Options.Log gets an Entry for each event and each rejected delivery; Counts returns totals.
// Neither contains personal data: no name, no address, no id of a channel, no content. Message
// ids are left out too, as those of WhatsApp contain the phone number.
//
// # Server
//
// Serve the handler over TLS, with http.Server.ReadHeaderTimeout and IdleTimeout set: the
// handler limits the body, but not the connection. Call Close after the server has shut down.
package webhook
