package day

import (
	"fmt"
	"strings"
)

// whatsapp generates an entry of WhatsApp.
func (w *world) whatsapp() string {
	if w.IntN(6) == 0 {
		w.kinds["whatsapp: noise"]++
		return w.whatsappNoise()
	}
	people := w.people["whatsapp"]
	if len(people) > 0 && w.IntN(12) == 0 {
		for range 20 { // find one without recent events
			if p := people[w.IntN(len(people))]; !p.brazilian && p.scoped != "" && !p.hidden && w.isSettled(p) {
				return w.numberChanged(p)
			}
		}
	}
	p := w.anyPerson("whatsapp", w.onWhatsApp)
	switch {
	case p.scoped == "" && w.IntN(4) == 0: // the platform starts to send it
		p.scoped, p.first = w.id("US.1"), w.now
		w.kinds["whatsapp: scoped id added"]++
	case p.scoped != "" && !p.hidden && p.last > p.first && w.IntN(12) == 0:
		p.hidden = true
		w.kinds["whatsapp: number hidden"]++
	}
	kind := `"type":"text","text":{"body":"h\u00e9llo"}`
	if w.isKnown(p) && w.IntN(20) == 0 {
		kind = `"type":"edit","edit":{}`
		w.kinds["whatsapp: edited"]++
	}
	return w.whatsappMessage(p, kind)
}

// onWhatsApp gives a person a new or a released number.
func (w *world) onWhatsApp(p *person) {
	switch {
	case len(w.released) > 0 && w.now-w.released[0].at > quiet:
		p.number, w.released = w.released[0].number, w.released[1:]
		p.scoped = w.id("US.1") // new people always have one
		w.kinds["whatsapp: number passed on"]++
	case w.IntN(10) == 0:
		w.ids++
		p.number, p.brazilian = fmt.Sprintf("55119%08d", 60_000_000+w.ids), true
	default:
		w.ids++
		p.number = fmt.Sprintf("1202%07d", 5_000_000+w.ids)
	}
}

func (w *world) whatsappMessage(p *person, kind string) string {
	number := p.number
	if p.brazilian && w.IntN(2) == 0 {
		number = number[:4] + number[5:]
		w.kinds["whatsapp: no ninth digit"]++
	}
	sender, contact := []string{}, []string{}
	if !p.hidden {
		sender = append(sender, `"from":"`+number+`"`)
		contact = append(contact, `"wa_id":"`+number+`"`)
	}
	if p.scoped != "" {
		sender = append(sender, `"from_user_id":"`+p.scoped+`"`)
		contact = append(contact, `"user_id":"`+p.scoped+`"`)
	}
	return w.whatsappValue(fmt.Sprintf(`"contacts":[{"profile":{"name":%q,"username":%q},%s}],"messages":[{%s,"id":%q,"timestamp":"%d",%s}]`,
		p.name, p.username, strings.Join(contact, ","), strings.Join(sender, ","), w.id("wamid."), w.seconds(), kind))
}

func (w *world) whatsappValue(inside string) string {
	return `{"id":"31","changes":[{"field":"messages","value":{"metadata":{"display_phone_number":"15550100199","phone_number_id":"32"},` + inside + `}}]}`
}

// numberChanged gives p a new number and a new scoped id.
func (w *world) numberChanged(p *person) string {
	number, scoped := p.number, p.scoped
	w.released = append(w.released, releasedNumber{number, w.now})
	w.ids++
	p.number, p.scoped, p.last = fmt.Sprintf("1202%07d", 5_000_000+w.ids), w.id("US.1"), w.now
	p.first = w.now
	w.kinds["whatsapp: number changed"]++
	return w.whatsappValue(fmt.Sprintf(`"messages":[{"from":%q,"id":%q,"timestamp":"%d","type":"system",
		"system":{"type":"user_changed_number","wa_id":%q,"user_id":%q,"previous_user_id":%q}}]`,
		number, w.id("wamid."), w.seconds(), p.number, p.scoped, scoped))
}

func (w *world) whatsappNoise() string {
	w.ids++
	other := fmt.Sprintf("1303%07d", w.ids) // a person that the business wrote to
	inside := []string{
		`"contacts":[{"wa_id":"` + other + `"}],"statuses":[{"id":"` + w.id("wamid.") + `","recipient_id":"` + other + `","status":"read","timestamp":"1760000000"}]`,
		`"contacts":[{"wa_id":"` + other + `"}],"messages":[{"from":"` + other + `","id":"` + w.id("wamid.") + `","timestamp":"1760000000","type":"reaction","reaction":{}}]`,
		`"messages":[{"from":"` + other + `","group_id":"g","id":"` + w.id("wamid.") + `","timestamp":"1760000000","type":"text"}]`,
		`"messages":[{"from":"15550100199","id":"` + w.id("wamid.") + `","timestamp":"1760000000","type":"text"}]`,
		`"errors":[{"code":131000}]`,
	}
	return w.whatsappValue(inside[w.IntN(len(inside))])
}

// messaging returns an entry of a conversation on Messenger or Instagram.
func (w *world) messaging(account, sender, what string) string {
	return fmt.Sprintf(`{"id":%q,"time":%d,"messaging":[{"sender":{"id":%q},"recipient":{"id":%[1]q},"timestamp":%[2]d,%[4]s}]}`, account, w.millis(), sender, what)
}

// noise generates events of Messenger or Instagram that create no visitor.
func (w *world) noise(account string) string {
	other := w.id("66")
	switch w.IntN(5) {
	case 0:
		return w.messaging(account, account, `"message":{"mid":"`+w.id("m_")+`","is_echo":true}`)
	case 1:
		return w.messaging(account, other, `"read":{"watermark":1}`)
	case 2:
		return w.messaging(account, other, `"reaction":{"mid":"m_1","emoji":"x"}`)
	case 3:
		return w.messaging(account, other, `"message":{"mid":"`+w.id("m_")+`","is_deleted":true}`)
	}
	return w.messaging("0", "12334", `"message":{"mid":"`+w.id("m_")+`"}`)
}

func (w *world) messenger() string {
	page := []string{"31", "32"}[w.IntN(2)]
	if w.IntN(5) == 0 {
		w.kinds["messenger: noise"]++
		return w.noise(page)
	}
	p := w.anyPerson("messenger "+page, func(p *person) { p.id = w.id("77") })
	if w.IntN(8) == 0 {
		return w.messaging(page, p.id, `"postback":{"mid":"`+w.id("m_")+`"}`)
	}
	return w.messaging(page, p.id, `"message":{"mid":"`+w.id("m_")+`","text":"h\u00e9llo"}`)
}

func (w *world) instagram() string {
	const account = "41"
	if w.IntN(5) == 0 {
		w.kinds["instagram: noise"]++
		return w.noise(account)
	}
	p := w.anyPerson("instagram", func(p *person) { p.id = w.id("88") })
	if w.IntN(3) == 0 {
		w.kinds["instagram: comment"]++
		return fmt.Sprintf(`{"id":%q,"time":%d,"changes":[{"field":"comments","value":{"from":{"id":%q,"username":%q},"id":%q}}]}`,
			account, w.seconds(), p.id, p.username, w.id("1800"))
	}
	return w.messaging(account, p.id, `"message":{"mid":"`+w.id("m_")+`","text":"h\u00e9llo"}`)
}
