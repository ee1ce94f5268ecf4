// Package preferences is where the links of messages lead by which people unsubscribe: with one
// click of their mail program (RFC 8058), or on a small page with the public topics of the
// workspace and the topic of the link.
//
//	h, err := preferences.NewHandler(func(_ context.Context, workspace string) (*store.Workspace, error) {
//		return store.Open(st, workspace, nil)
//	}, nil)
//	http.Handle("/preferences", h)
//
//	token, err := ws.UnsubscribeToken(ctx, subject, "newsletter")
//	headers, err := consent.Headers(preferences.Link("https://example.com/preferences", token))
//
// A link holds a token and no address. It does not expire, works after the visitor was deleted, and
// needs no login: anybody who has the message can use it, which is what RFC 8058 asks for. Opening it
// changes nothing, since programs open the links of mails to check them; only a POST request does.
// The token is also the protection from requests forged by other sites (CSRF): who does not have
// it cannot make one, and there is no cookie that a browser would add.
//
// A token that was changed, or is of a workspace that the application does not open, gets the same
// answer 404. If the store fails the answer is 500, and the request can be sent again.
//
// What a person submits is recorded as said by the person, with the link as evidence: it was sent
// to the address, so it also confirms topics with double opt-in. A link of one sender denies
// messages of that sender, a link without a sender those of all. A denial of the channel is taken back
// by choosing a topic: then this topic is granted and the others on the page are denied. Nothing is
// granted that the page does not show.
//
// The page has no scripts and no cookies, and takes nothing from other servers.
package preferences
