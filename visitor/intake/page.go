package intake

import (
	"cmp"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// pageChange appends the event of a change of a page:
// https://developers.facebook.com/docs/graph-api/webhooks/reference/page/.
func (in inbox) pageChange(events []Event, at time.Time, c change) []Event {
	if conversationField(c.field) {
		return in.conversation(events, c.value, c.field == "standby")
	}
	v := parseObject(c.value)
	if c.field == "leadgen" {
		in.account = cmp.Or(in.account, v.id("page_id"))
	}
	s := in.fields(c.field)
	s.payload, s.at = c.value, cmp.Or(v.id("created_time").time(), at)
	switch {
	case in.test:
		return append(events, s.ignore(Test))
	case c.field == "feed":
		return append(events, in.feed(s, v))
	case c.field == "leadgen":
		return append(events, lead(s, v))
	case c.field == "ratings": // no way to answer, and the reviewer's id is another one than in conversations
		return append(events, s.ignore(Rating))
	}
	return append(events, s.ignore(Other))
}

// feed converts a change of the page's feed. A comment or a post that a person adds is one
// event, whatever happens to it later. sender_id and sender_name are of older versions of the API.
func (in inbox) feed(s eventFields, v object) Event {
	from := v.object("from")
	sender := cmp.Or(from.id("id"), v.id("sender_id"))
	s.via, s.id = v.text("item"), string(cmp.Or(v.id("comment_id"), v.id("post_id")))
	switch s.via {
	case "comment", "post", "status", "photo", "video":
	case "reaction", "like":
		return s.ignore(Reaction)
	default:
		return s.ignore(Other)
	}
	switch verb := v.text("verb"); {
	case verb == "edit", verb == "edited":
		return s.ignore(Edit)
	case verb == "remove", verb == "delete":
		return s.ignore(Deleted)
	case verb != "add":
		return s.ignore(Other)
	case sender != "" && sender == in.account:
		return s.ignore(Own)
	case !in.comments:
		return s.ignore(Comment)
	case sender == "": // people who have not allowed the app to see them
		return s.ignore(NoSender)
	case in.account == "":
		return s.malformed(text.Refuse("entry.id", "missing"))
	}
	e := s.person(Inbound, s.account, sender)
	if e.Kind == Inbound {
		e.Contact.Name = cleanText(cmp.Or(from.text("name"), v.text("sender_name")), visitor.MaxName)
	}
	return e
}
