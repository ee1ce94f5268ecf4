// Package webhook takes in what channels post: an http.Handler for each channel, between
// package intake, which reads, and a workspace, which keeps.
//
//	mux.Handle("/webhooks/whatsapp", webhook.New(ws, intake.WhatsApp{Secrets: secrets, VerifyToken: token}, nil))
//	mux.Handle("/webhooks/telegram", webhook.New(ws, intake.Telegram{Secrets: secrets}, nil))
//
// A delivery is read whole, held against its signature byte by byte, parsed, and each of
// its events captured in the store, durably. Only then it is answered, with 200 and an
// empty body (Telegram would run a body as a command). Whoever is not answered sends again,
// which does no harm: an event that was taken in changes nothing more.
//
// # Answers
//
//	200  taken in, or nothing to do with it; also for an event that cannot be kept (see below)
//	204  a browser may post from that page (CORS)
//	303  a form was taken in, with Options.Redirect
//	400  an authentic delivery of which nothing can be read
//	403  not authentic: the signature, the token or the origin is another one, or missing
//	405  a method that the channel does not use
//	408  the body did not arrive in Options.ReadTimeout
//	413  longer than Options.MaxBody
//	503  the store failed or was too slow, or the handler is closed: the channel is to send again
//
// An event that can never be kept, since an id in it is not valid, or its visitor would
// pass a limit, is a poison: answered with an error, it would come again and again, and on
// Telegram hold up all that its chat says for a day. It is logged and counted as Refused,
// with field and reason, and answered with 200. The events beside it are taken in.
//
// # Speed
//
// The events of one delivery are captured in their order, in one transaction; deliveries
// that come at the same time share one, where the store has a group commit. Names that the
// channel does not tell are asked for afterwards, by Options.Profile.
//
// # What is told
//
// Options.Log gets an Entry for each event and each refused delivery; Counts adds them up.
// Neither holds anything of a person: no name, no address, no id of a channel, nothing of
// what was said. Message ids stay out too, since those of WhatsApp hold the number.
//
// # The server around it
//
// Serve it by TLS, with http.Server.ReadHeaderTimeout and IdleTimeout set: the handler
// looks after the body, not after connections. Call Close once the server is shut down.
package webhook
