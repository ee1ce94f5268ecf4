package day

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/contactpipeline/visitors/visitor/intake"
)

// telegram generates an update of Telegram.
func (w *world) telegram() string {
	w.ids++
	update := fmt.Sprintf(`{"update_id":%d,`, w.ids)
	if w.IntN(6) == 0 {
		w.kinds["telegram: noise"]++
		return update + []string{
			`"channel_post":{}}`,
			`"message":{"date":1,"chat":{"id":-5,"type":"group"},"from":{"id":991,"first_name":"X"}}}`,
			`"message":{"date":1,"chat":{"id":992,"type":"private"},"from":{"id":992,"is_bot":true,"first_name":"X"}}}`,
			`"my_chat_member":{"chat":{"id":993,"type":"private"},"from":{"id":993,"first_name":"X"}}}`,
			`"message":{"date":1,"chat":{"id":994,"type":"private"},"from":{"id":994,"first_name":"X"},"pinned_message":{}}}`,
		}[w.IntN(5)]
	}
	p := w.anyPerson("telegram", func(p *person) {
		w.ids++
		p.id = fmt.Sprint(4_503_599_627_370_496 + w.ids)
	})
	first, last, _ := strings.Cut(p.name, " ")
	what, card := "message", ""
	switch {
	case w.isKnown(p) && w.IntN(12) == 0:
		what = "edited_message"
		w.kinds["telegram: edited"]++
	case w.IntN(15) == 0:
		card = fmt.Sprintf(`,"contact":{"phone_number":"1303%07d","user_id":%s}`, w.IntN(10_000_000), p.id)
		w.kinds["telegram: own card"]++
	}
	return update + fmt.Sprintf(`%q:{"date":%d,"edit_date":%[2]d,"chat":{"id":%s,"type":"private"},"from":{"id":%[3]s,"is_bot":false,"first_name":%q,"last_name":%q,"username":%q}%s}}`,
		what, w.seconds(), p.id, first, last, p.username, card)
}

// chat generates a post of the chat widget.
func (w *world) chat() string {
	p := w.anyPerson("chat", func(p *person) {})
	if len(p.anonymous) == 0 || p.id == "" && w.IntN(10) == 0 {
		w.ids++
		p.anonymous = append(p.anonymous, fmt.Sprintf("%032x", w.ids))
	}
	browser := p.anonymous[w.IntN(len(p.anonymous))]
	fields := []string{fmt.Sprintf(`"event_id":%q,"anonymous_id":%q`, w.id("e"), browser)}
	if len(p.anonymous) > 1 && p.id == "" { // a person in two browsers is recognised only by signing in
		p.id = w.id("user")
	}
	switch {
	case p.id != "" && w.IntN(2) == 0 || p.id == "" && w.IntN(6) == 0:
		if p.id == "" {
			p.id = w.id("user")
		}
		identity, err := intake.Chat{Secrets: []string{secret}, Account: "shop"}.Sign(intake.ChatUser{
			ID: p.id, Name: p.name, Email: fmt.Sprint(p.id, ".", w.IntN(3), "@example.com"),
		})
		if err != nil {
			panic(err) // Secrets is set, so it cannot fail
		}
		fields = append(fields, fmt.Sprintf(`"identity":%q`, identity))
		w.kinds["chat: signed in"]++
	case w.IntN(3) == 0:
		fields = append(fields, fmt.Sprintf(`"name":%q,"email":"typed%d@example.com"`, p.name, w.IntN(1_000)))
		w.kinds["chat: typed"]++
	}
	if w.IntN(10) == 0 {
		fields = append(fields, `"type":"typing"`)
		w.kinds["chat: noise"]++
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// form generates a submission of a form.
func (w *world) form() string {
	w.kinds["form"]++
	typed := url.Values{
		"submission_id": {w.id("s")}, "agree": {"on"}, "name": {w.name()},
		"email": {fmt.Sprintf("lead%d@example.com", w.IntN(5_000))}, "budget": {fmt.Sprint(w.IntN(9) * 100)},
	}
	switch w.IntN(10) {
	case 0:
		typed.Set("website", "https://spam.example")
	case 1:
		typed.Del("agree")
	case 2:
		typed.Set("email", "not an address")
	case 3:
		typed.Set("phone", fmt.Sprintf("+1 303 %07d", w.IntN(10_000_000)))
	case 4:
		typed.Del("submission_id")
		typed.Set("name", w.id("Nameless "))
	}
	return typed.Encode()
}
