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
//	400  the delivery is authentic but not readable
//	403  not authentic: signature, token or origin are missing or wrong
//	405  a method that the channel does not use
//	408  the body did not arrive within Options.ReadTimeout
//	413  the body is longer than Options.MaxBody
//	503  the store failed or was too slow, or the handler is closed: the channel sends again
//
// An event that can never be captured, because an id in it is invalid or its visitor would
// exceed a limit, is logged and counted as Refused, with field and reason, and answered with
// 200. If it were answered with an error, the channel would send it again and again, and
// Telegram would hold back later messages of the chat for a day. The other events of the
// delivery are captured.
//
// # Performance
//
// The events of one delivery are captured in their order, in one transaction. Concurrent
// deliveries share transactions, if the store supports that. Names that the channel does not
// send with its events are requested afterwards, with Options.Profile.
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
