package intake

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// Telegram reads the updates of a Telegram bot: https://core.telegram.org/bots/api#update.
//
// Inbound is what a person says to the bot in private: a message, a pressed button, a
// message to a business account that the bot is connected to. An edited message is a
// Profile. ExternalID is the person's id, the same towards every bot, so Contact.Account
// is empty. Names and usernames change, the id never does. The phone number is set only
// when persons share their own card.
//
// Answer a delivery with an empty body: Telegram would run a JSON answer as a command.
type Telegram struct {
	Secrets []string // secret_token given to setWebhook; several while one replaces another
	Bot     string   // the bot's id or name: leads the event ids, which Telegram counts for each bot apart; default: none
}

// Verify checks the header X-Telegram-Bot-Api-Secret-Token. It is no signature: that the
// body is whole rests on TLS. A missing one is refused. The error matches ErrSignature.
func (t Telegram) Verify(h Header, _ []byte) error {
	const name = "X-Telegram-Bot-Api-Secret-Token"
	switch given := h(name); {
	case !slices.ContainsFunc(t.Secrets, func(s string) bool { return s != "" }):
		return fail("verify", visitor.Telegram, unsigned(noSecret))
	case given == "":
		return fail("verify", visitor.Telegram, unsigned("no header "+name))
	case !same(t.Secrets, given):
		return fail("verify", visitor.Telegram, unsigned("header "+name+" is another one"))
	}
	return nil
}

// Parse reads a delivery, which is one update. The error matches ErrInvalid; it is for a
// body that is no JSON object or longer than MaxBody.
func (t Telegram) Parse(_ Header, body []byte) (Batch, error) {
	var update map[string]json.RawMessage
	if err := decode(body, &update); err != nil {
		return Batch{}, fail("read", visitor.Telegram, err)
	}
	s := stamp{source: visitor.Telegram, account: t.Bot}
	var id scalar
	if raw, ok := update["update_id"]; ok {
		lenient(raw, &id)
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
	for _, kind := range slices.Sorted(maps.Keys(update)) { // one, but for what is not a kind
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

func readUpdate(s stamp, raw json.RawMessage) Event {
	switch s.via {
	case "message":
		return readMessage(s, Inbound, raw)
	case "edited_message", "edited_business_message":
		return readMessage(s, Profile, raw)
	case "business_message":
		return readMessage(s, Inbound, raw)
	case "callback_query":
		return readCallback(s, raw)
	case "my_chat_member": // in private: the person blocked the bot, or let it back
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

// service are the fields of messages that Telegram writes on its own, and not upon
// something that a person sends or pays to the bot.
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

func readMessage(s stamp, kind Kind, raw json.RawMessage) Event {
	var m telegramMessage
	var fields map[string]json.RawMessage
	lenient(raw, &m)
	lenient(raw, &fields)
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
	case m.SenderBusinessBot.set, m.From.ID != m.Chat.ID: // the owner of a business account, or a bot in the owner's name
		return s.ignore(Echo)
	}
	e := m.From.event(s, kind)
	if e.Kind != Ignored && m.Contact.UserID == m.From.ID {
		e.Contact.Phone = phone(string(m.Contact.PhoneNumber))
	}
	return e
}

// readCallback reads the press of a button. Its message is the bot's own, so the message's
// date is not when the button was pressed.
func readCallback(s stamp, raw json.RawMessage) Event {
	var c struct {
		From    telegramUser    `json:"from"`
		Message telegramMessage `json:"message"`
	}
	lenient(raw, &c)
	switch {
	case c.Message.Chat.Type == "": // the button stands below an inline message
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

// notPerson reports the bots, and the ids under which Telegram itself, anonymous
// administrators and channels speak.
func (u telegramUser) notPerson() bool {
	return u.IsBot.set || u.ID == "777000" || u.ID == "1087968824" || u.ID == "136817688"
}

func (u telegramUser) event(s stamp, kind Kind) Event {
	e := s.person(kind, "", u.ID)
	if e.Kind != Ignored {
		e.Contact.Name = presentable(u.FirstName+" "+u.LastName, visitor.MaxName)
		e.Contact.Username = username(u.Username)
	}
	return e
}

// lenient reads a part of a body that decode has read whole.
func lenient(raw json.RawMessage, into any) { _ = json.Unmarshal(raw, into) }
