package intake

import (
	"cmp"
	"slices"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Telegram parses the updates of a Telegram bot: https://core.telegram.org/bots/api#update.
//
// In private chats with the bot, messages, pressed buttons and steps of a purchase are Inbound, and
// so are messages to a business account that the bot is connected to, and direct messages to a
// channel that it manages. A person who blocks or unblocks the bot is a Consent event. An edited
// message is a Profile event. ExternalID is the person's id, which is the same for every bot and
// never changes, so Contact.Account is empty. The phone number is set only if people share their
// own contact card.
//
// Answer a delivery with an empty body: Telegram executes JSON in the response as a command.
type Telegram struct {
	Secrets []string // secret_token of setWebhook; several during rotation
	// Bot is the id or the name of the bot: the inbox of its contacts, and the prefix of event ids,
	// which are unique only within a bot. Default: none.
	Bot      string
	Keywords Keywords // words that stop or resume messages; default: none
}

// Verify checks the header X-Telegram-Bot-Api-Secret-Token, which is required. It is a token and
// not a signature: only TLS protects the body. The error matches ErrSignature.
func (t Telegram) Verify(h Header, _ []byte) error {
	const name = "X-Telegram-Bot-Api-Secret-Token"
	switch given := h(name); {
	case !slices.ContainsFunc(t.Secrets, func(s string) bool { return s != "" }):
		return fail("verify", visitor.Telegram, notAuthentic(noSecret))
	case given == "":
		return fail("verify", visitor.Telegram, notAuthentic("no header "+name))
	case !oneOf(t.Secrets, given):
		return fail("verify", visitor.Telegram, notAuthentic("header "+name+" is another one"))
	}
	return nil
}

// Parse parses a delivery, which is one update. The error matches ErrInvalid, if the body is not
// a JSON object or is longer than MaxBody.
func (t Telegram) Parse(_ Header, body []byte) (Batch, error) {
	body, err := checkObject(body)
	if err != nil {
		return Batch{}, fail("read", visitor.Telegram, err)
	}
	update := parseObject(body)
	s := eventFields{source: visitor.Telegram, account: t.Bot, inbox: t.Bot, payload: body}
	id := update.id("update_id")
	s.id = string(id)
	if t.Bot != "" && id != "" {
		s.id = t.Bot + ":" + s.id
	}
	// An update has one kind. Of several keys, the first that this package knows counts.
	e := s.ignore(Other)
	for kind, value := range update.all() {
		if kind == "update_id" || string(value) == "null" {
			continue
		}
		s.via = kind
		if e = readUpdate(s, parseObject(value)); e.Reason != Other {
			break
		}
	}
	return t.Keywords.add(Batch{[]Event{e}}), nil
}

func readUpdate(s eventFields, o object) Event {
	switch s.via {
	case "message", "business_message":
		return readMessage(s, Inbound, o)
	case "edited_message", "edited_business_message":
		return readMessage(s, Profile, o)
	case "callback_query":
		return readCallback(s, o)
	case "pre_checkout_query", "shipping_query", "purchased_paid_media":
		return readUser(s, o)
	case "my_chat_member":
		return readBlock(s, o)
	case "message_reaction", "message_reaction_count":
		return s.ignore(Reaction)
	case "deleted_business_messages":
		return s.ignore(Deleted)
	case "channel_post", "edited_channel_post", "chat_member", "chat_join_request", "chat_boost", "removed_chat_boost",
		"guest_message":
		return s.ignore(Group)
	case "inline_query", "chosen_inline_result":
		return s.ignore(Inline)
	case "business_connection", "managed_bot":
		return s.ignore(System)
	}
	return readUnknown(s, o)
}

// readUnknown converts an update of a kind that this package does not know. If it is a message
// that a person sent to the bot, it is Inbound.
func readUnknown(s eventFields, o object) Event {
	if e := readMessage(s, Inbound, o); o.has("message_id") && e.Kind == Inbound {
		return e
	}
	return s.ignore(Other)
}

// service are the fields of service messages, which Telegram generates: not those about a message
// or a payment that a person sent to the bot.
var service = []string{
	"new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
	"group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
	"migrate_to_chat_id", "migrate_from_chat_id", "pinned_message", "connected_website",
	"proximity_alert_triggered", "boost_added", "chat_background_set", "forum_topic_created", "forum_topic_edited",
	"forum_topic_closed", "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden",
	"giveaway_created", "giveaway", "giveaway_winners", "giveaway_completed", "paid_message_price_changed",
	"direct_message_price_changed", "video_chat_scheduled", "video_chat_started", "video_chat_ended",
	"video_chat_participants_invited", "refunded_payment", "checklist_tasks_done", "checklist_tasks_added",
	"suggested_post_approved", "suggested_post_approval_failed", "suggested_post_declined", "suggested_post_paid",
	"suggested_post_refunded",
}

// conversation returns the id of the person whose conversation with the business a message is in,
// "" in groups and channels. In the direct messages of a channel it is the author of the topic.
func conversation(message object) scalar {
	chat := message.object("chat")
	switch {
	case chat.text("type") == "private":
		return chat.id("id")
	case chat.has("is_direct_messages"):
		return cmp.Or(message.object("direct_messages_topic").object("user").id("id"), message.object("from").id("id"))
	}
	return ""
}

func readMessage(s eventFields, kind Kind, m object) Event {
	s.at = m.id("date").time()
	if edited := m.id("edit_date").time(); kind == Profile && !edited.IsZero() {
		s.at = edited
	}
	chat, from := m.object("chat"), m.object("from")
	switch {
	case chat.text("type") == "":
		return s.malformed(text.Refuse("chat.type", "missing"))
	case chat.text("type") != "private" && !chat.has("is_direct_messages"):
		return s.ignore(Group)
	case slices.ContainsFunc(service, func(field string) bool { return m.get(field) != nil }):
		return s.ignore(System)
	case m.has("sender_chat"), notPerson(from):
		return s.ignore(Bot)
	case from.id("id") == "":
		return s.ignore(NoSender)
	case m.has("sender_business_bot"), from.id("id") != conversation(m):
		return s.ignore(Echo) // from the owner of a business account, a bot, an administrator of the channel
	}
	e := telegramUser(s, kind, from)
	if contact := m.object("contact"); e.Kind != Ignored && contact.id("user_id") == from.id("id") {
		e.Contact.Phone = phone(string(contact.id("phone_number")))
	}
	return e
}

// readCallback converts a pressed button. The date of the message is not used: it is when the
// bot sent the message with the button.
func readCallback(s eventFields, c object) Event {
	chat := c.object("message").object("chat")
	switch {
	case chat.text("type") == "": // the button is on an inline message
		return s.ignore(Inline)
	case chat.text("type") != "private" && !chat.has("is_direct_messages"):
		return s.ignore(Group)
	}
	return readUser(s, c)
}

// readUser converts an update that only a person can cause: a pressed button, or a step of a
// purchase from the bot. Somebody who pays a forwarded invoice may have no chat with the bot.
func readUser(s eventFields, o object) Event {
	from := o.object("from")
	switch {
	case notPerson(from):
		return s.ignore(Bot)
	case from.id("id") == "":
		return s.ignore(NoSender)
	}
	return telegramUser(s, Inbound, from)
}

// readBlock converts the notice that a person blocked the bot, or unblocked it. A block is not a
// statement about messages but makes them impossible, so it is health; the person can end it at
// any time.
func readBlock(s eventFields, o object) Event {
	s.at = o.id("date").time()
	chat := o.object("chat")
	if chat.text("type") != "private" {
		return s.ignore(Group)
	}
	switch status := o.object("new_chat_member").text("status"); status {
	case "kicked":
		return s.health(chat.id("id"), consent.Blocked, status)
	case "member":
		return s.health(chat.id("id"), consent.Healthy, status)
	}
	return s.ignore(Status)
}

// notPerson reports whether a user is a bot, or one of the ids that Telegram uses for itself, for
// anonymous administrators and for channels.
func notPerson(user object) bool {
	id := user.id("id")
	return user.has("is_bot") || id == "777000" || id == "1087968824" || id == "136817688"
}

func telegramUser(s eventFields, kind Kind, user object) Event {
	e := s.person(kind, "", user.id("id"))
	if e.Kind != Ignored {
		e.Contact.Name = cleanText(user.text("first_name")+" "+user.text("last_name"), visitor.MaxName)
		e.Contact.Username = username(user.text("username"))
	}
	return e
}
