package intake

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Telegram parses the updates of a Telegram bot: https://core.telegram.org/bots/api#update.
//
// In private chats with the bot, messages, pressed buttons, and messages to a business account
// that the bot is connected to are Inbound. An edited message is a Profile event. ExternalID is
// the person's id, which is the same for every bot and never changes, so Contact.Account is
// empty. The phone number is set only if people share their own contact card.
//
// Answer a delivery with an empty body: Telegram executes JSON in the response as a command.
type Telegram struct {
	Secrets []string // secret_token of setWebhook; several during rotation
	Bot     string   // id or name of the bot: prefix of the event ids, which are unique only within a bot; default: none
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
	var update map[string]json.RawMessage
	if err := decode(body, &update); err != nil {
		return Batch{}, fail("read", visitor.Telegram, err)
	}
	s := eventFields{source: visitor.Telegram, account: t.Bot, inbox: t.Bot}
	var id scalar
	if raw, ok := update["update_id"]; ok {
		decodePart(raw, &id)
	}
	switch {
	case id == "":
		return Batch{[]Event{s.malformed(text.Refuse("update_id", "missing"))}}, nil
	case t.Bot == "":
		s.id = string(id)
	default:
		s.id = t.Bot + ":" + string(id)
	}
	var batch Batch
	for _, kind := range slices.Sorted(maps.Keys(update)) { // one kind; other keys are Ignored events
		if kind != "update_id" && string(update[kind]) != "null" {
			s.via = kind
			batch.Events = append(batch.Events, readUpdate(s, update[kind]))
		}
	}
	if len(batch.Events) == 0 {
		batch.Events = append(batch.Events, s.ignore(Other))
	}
	return batch, nil
}

func readUpdate(s eventFields, raw json.RawMessage) Event {
	switch s.via {
	case "message":
		return readMessage(s, Inbound, raw)
	case "edited_message", "edited_business_message":
		return readMessage(s, Profile, raw)
	case "business_message":
		return readMessage(s, Inbound, raw)
	case "callback_query":
		return readCallback(s, raw)
	case "my_chat_member": // the person blocked or unblocked the bot
		return s.ignore(Status)
	case "message_reaction", "message_reaction_count":
		return s.ignore(Reaction)
	case "deleted_business_messages":
		return s.ignore(Deleted)
	case "channel_post", "edited_channel_post", "chat_member", "chat_join_request", "chat_boost", "removed_chat_boost", "guest_message":
		return s.ignore(Group)
	case "inline_query", "chosen_inline_result":
		return s.ignore(Inline)
	case "business_connection", "managed_bot":
		return s.ignore(System)
	}
	return s.ignore(Other)
}

// service are the fields of service messages, which Telegram generates: not those about a message
// or a payment that a person sent to the bot.
var service = []string{
	"new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo", "delete_chat_photo",
	"group_chat_created", "supergroup_chat_created", "channel_chat_created", "message_auto_delete_timer_changed",
	"migrate_to_chat_id", "migrate_from_chat_id", "pinned_message", "connected_website", "write_access_allowed",
	"proximity_alert_triggered", "boost_added", "chat_background_set", "forum_topic_created", "forum_topic_edited",
	"forum_topic_closed", "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden",
	"giveaway_created", "giveaway", "giveaway_winners", "giveaway_completed", "paid_message_price_changed",
	"direct_message_price_changed", "video_chat_scheduled", "video_chat_started", "video_chat_ended",
	"video_chat_participants_invited", "refunded_payment", "checklist_tasks_done", "checklist_tasks_added",
}

type telegramUser struct {
	ID        scalar `json:"id"`
	IsBot     flag   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Username  string `json:"username"`
}

type telegramMessage struct {
	From              telegramUser `json:"from"`
	SenderChat        flag         `json:"sender_chat"`
	SenderBusinessBot flag         `json:"sender_business_bot"`
	Date              scalar       `json:"date"`
	EditDate          scalar       `json:"edit_date"`
	Chat              struct {
		ID   scalar `json:"id"`
		Type string `json:"type"`
	} `json:"chat"`
	Contact struct {
		PhoneNumber scalar `json:"phone_number"`
		UserID      scalar `json:"user_id"`
	} `json:"contact"`
}

func readMessage(s eventFields, kind Kind, raw json.RawMessage) Event {
	var m telegramMessage
	var fields map[string]json.RawMessage
	decodePart(raw, &m)
	decodePart(raw, &fields)
	s.at = m.Date.time()
	if edited := m.EditDate.time(); kind == Profile && !edited.IsZero() {
		s.at = edited
	}
	switch {
	case m.Chat.Type == "":
		return s.malformed(text.Refuse("chat.type", "missing"))
	case m.Chat.Type != "private":
		return s.ignore(Group)
	case slices.ContainsFunc(service, func(name string) bool { return fields[name] != nil && string(fields[name]) != "null" }):
		return s.ignore(System)
	case m.SenderChat.set, m.From.notPerson():
		return s.ignore(Bot)
	case m.From.ID == "":
		return s.ignore(NoSender)
	case m.SenderBusinessBot.set, m.From.ID != m.Chat.ID: // from the owner of a business account, or a bot on the owner's behalf
		return s.ignore(Echo)
	}
	e := m.From.event(s, kind)
	if e.Kind != Ignored && m.Contact.UserID == m.From.ID {
		e.Contact.Phone = phone(string(m.Contact.PhoneNumber))
	}
	return e
}

// readCallback converts a pressed button. The date of the message is not used: it is when the
// bot sent the message with the button.
func readCallback(s eventFields, raw json.RawMessage) Event {
	var c struct {
		From    telegramUser    `json:"from"`
		Message telegramMessage `json:"message"`
	}
	decodePart(raw, &c)
	switch {
	case c.Message.Chat.Type == "": // the button is on an inline message
		return s.ignore(Inline)
	case c.Message.Chat.Type != "private":
		return s.ignore(Group)
	case c.From.notPerson():
		return s.ignore(Bot)
	case c.From.ID == "":
		return s.ignore(NoSender)
	}
	return c.From.event(s, Inbound)
}

// notPerson reports whether u is a bot, or one of the ids that Telegram uses for itself, for
// anonymous administrators and for channels.
func (u telegramUser) notPerson() bool {
	return u.IsBot.set || u.ID == "777000" || u.ID == "1087968824" || u.ID == "136817688"
}

func (u telegramUser) event(s eventFields, kind Kind) Event {
	e := s.person(kind, "", u.ID)
	if e.Kind != Ignored {
		e.Contact.Name = cleanText(u.FirstName+" "+u.LastName, visitor.MaxName)
		e.Contact.Username = username(u.Username)
	}
	return e
}

// decodePart parses a part of a body whose syntax decode has checked.
func decodePart(raw json.RawMessage, into any) { _ = json.Unmarshal(raw, into) }
