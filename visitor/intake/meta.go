package intake

import (
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// entry is the events of one account of a business.
type entry struct {
	object
	account scalar
	at      time.Time
	test    bool // from the test button of Meta's dashboard
}

// change is a value that is new. Its type depends on the field.
type change struct {
	field string
	value []byte
}

// open parses the envelope of Meta's channels, which can have several accounts. An envelope of
// another product of Meta is one Ignored event; refusing it would only make Meta send it again.
func open(channel visitor.Source, name string, body []byte) ([]entry, Batch, error) {
	body, err := checkObject(body)
	if err != nil {
		return nil, Batch{}, fail("read", channel, err)
	}
	envelope := parseObject(body)
	if of := envelope.text("object"); of != name {
		return nil, Batch{[]Event{eventFields{source: channel, via: of}.ignore(Other)}}, nil
	}
	var entries []entry
	for raw := range envelope.list("entry") {
		o := parseObject(raw)
		id := o.id("id")
		entries = append(entries, entry{o, id, o.id("time").time(), id == "0"})
	}
	return entries, Batch{make([]Event, 0, min(len(entries), maxEvents))}, nil
}

// changes returns the changes of the entry. Some Instagram deliveries have one in the entry itself.
func (e entry) changes() []change {
	var all []change
	for raw := range e.list("changes") {
		c := parseObject(raw)
		all = append(all, change{c.text("field"), first(c.get("value"))})
	}
	if field := e.text("field"); field != "" {
		all = append(all, change{field, first(e.get("value"))})
	}
	return all
}

// maxEvents is the usual maximum of events in a delivery.
const maxEvents = 1_000

// verifyMeta checks the header X-Hub-Signature-256:
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started/. Meta signs the
// bytes as sent, with ä as \u00e4, so a body that was decoded and encoded again does not match.
func verifyMeta(channel visitor.Source, secrets []string, h Header, body []byte) error {
	const name = "X-Hub-Signature-256"
	value := h(name)
	if value == "" {
		return fail("verify", channel, notAuthentic("no header "+name))
	}
	digits, ok := strings.CutPrefix(value, "sha256=")
	sum, err := hex.DecodeString(digits)
	if !ok || err != nil || len(sum) != 32 {
		return fail("verify", channel, notAuthentic("header "+name+" is not sha256= and 64 hex digits"))
	}
	return fail("verify", channel, checkSignature(secrets, body, sum))
}

// challengeMeta implements Challenge.
func challengeMeta(channel visitor.Source, token string, query url.Values) (string, error) {
	switch {
	case query.Get("hub.mode") != "subscribe":
		return "", fail("verify", channel, notAuthentic("hub.mode is not subscribe"))
	case token == "":
		return "", fail("verify", channel, notAuthentic(noSecret))
	case !oneOf([]string{token}, query.Get("hub.verify_token")):
		return "", fail("verify", channel, notAuthentic("hub.verify_token is another one"))
	case query.Get("hub.challenge") == "":
		return "", fail("verify", channel, text.Refuse("hub.challenge", "missing"))
	}
	return query.Get("hub.challenge"), nil
}

// graphProfile parses a profile from the Graph API.
func graphProfile(channel visitor.Source, account string, body []byte) (Event, error) {
	var p struct {
		ID        scalar `json:"id"`
		Name      string `json:"name"`
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
		Username  string `json:"username"`
	}
	if err := decode(body, &p); err != nil {
		return Event{}, fail("read", channel, err)
	}
	e := eventFields{source: channel, account: account, via: "profile"}.person(Profile, account, p.ID)
	if e.Err != nil {
		return Event{}, fail("read", channel, e.Err)
	}
	e.Contact.Name = cleanText(p.Name, visitor.MaxName)
	if e.Contact.Name == "" {
		e.Contact.Name = cleanText(p.FirstName+" "+p.LastName, visitor.MaxName)
	}
	e.Contact.Username = username(p.Username)
	return e, nil
}
