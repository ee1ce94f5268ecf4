package intake

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Keywords are words by which a person stops or resumes messages. One counts only if it is the
// whole text of a message, a pressed button or a chosen list item, in any case and without
// punctuation: "Stop!" but not "stop texting me". Such a message is two events: Inbound, as every
// message, and Consent. The zero Keywords have no words.
type Keywords struct {
	Stop  []string
	Start []string
}

// StandardKeywords returns the usual words in the languages, which are codes of ISO 639-1: ar, de,
// en, es, fr, he, hi, id, it, nl, pl, pt, ru, tr, uk. Other codes have no words. STOP is a word of
// every language. The English stop words are those of the rules for text messages in the USA
// (47 CFR 64.1200(a)(10)). Words that are usual answers in a conversation, such as YES, are no
// start words, nor is /start, which opens a bot.
func StandardKeywords(languages ...string) Keywords {
	var k Keywords
	for _, words := range standardKeywords {
		if slices.Contains(languages, words.language) {
			k.Stop = append(append(k.Stop, "stop"), strings.Split(words.stop, ", ")...)
			k.Start = append(k.Start, strings.Split(words.start, ", ")...)
		}
	}
	return k
}

var standardKeywords = []struct{ language, stop, start string }{
	{"ar", "إيقاف, ايقاف, توقف, إلغاء, الغاء, إلغاء الاشتراك", "اشتراك"},
	{"de", "stopp, abmelden, abbestellen, austragen", "anmelden"},
	{
		"en", "stop all, stopall, unsubscribe, cancel, end, quit, revoke, opt out, optout, opt-out, remove, /stop",
		"start, unstop, subscribe, opt in, optin, opt-in",
	},
	{"es", "parar, alto, baja, darme de baja, cancelar, detener", "alta, suscribirme"},
	{"fr", "arret, arrêt, arreter, arrêter, désabonner, se désabonner, désinscription", "abonner, s'abonner, reprendre"},
	{"he", "הסר, הסרה, הפסק, עצור", "הצטרף"},
	{"hi", "रोकें, बंद, बंद करें, रुकें", "सदस्यता लें"},
	{"id", "berhenti, henti, batal, batalkan langganan", "langganan"},
	{"it", "ferma, annulla, cancella, cancellami, disiscrivi", "iscrivimi"},
	{"nl", "stoppen, afmelden, uitschrijven", "aanmelden, inschrijven"},
	{"pl", "rezygnuję, rezygnuje, wypisz, wypisz mnie, anuluj", "zapisz mnie"},
	{"pt", "parar, pare, sair, cancelar, descadastrar, remover", "assinar, inscrever"},
	{"ru", "стоп, отписаться, отписка, отмена", "подписаться"},
	{"tr", "dur, durdur, iptal, ret, abonelikten çık", "abone ol"},
	{"uk", "стоп, відписатися, відписка", "підписатися"},
}

// add adds a Consent event after each Inbound event whose whole text is a keyword.
func (k Keywords) add(b Batch) Batch {
	if len(k.Stop)+len(k.Start) == 0 {
		return b
	}
	var all []Event
	for _, e := range b.Events {
		all = append(all, e)
		if entry, ok := k.entry(e); ok {
			c := e.Contact
			s := eventFields{source: c.Source, account: e.Account, inbox: c.Inbox, via: e.Via, at: c.OccurredAt}
			if c.EventID != "" {
				s.id = c.EventID + consentSuffix
			}
			all = append(all, s.permission(scalar(addressOf(c)), entry))
		}
	}
	return Batch{all}
}

// entry returns what the person said by the text of e, and whether it is a keyword.
func (k Keywords) entry(e Event) (consent.Entry, bool) {
	if e.Kind != Inbound {
		return consent.Entry{}, false
	}
	said := keyword(messageText(e.Payload))
	if said == "" {
		return consent.Entry{}, false
	}
	evidence := consent.Evidence{Kind: consent.ByKeyword, Ref: e.Contact.EventID, Wording: said}
	is := func(word string) bool { return keyword(word) == said }
	switch {
	case slices.ContainsFunc(k.Stop, is):
		return consent.Entry{State: consent.Denied, Origin: consent.Person, Evidence: evidence}, true
	case slices.ContainsFunc(k.Start, is):
		return consent.Entry{
			State: consent.Granted, Origin: consent.Person, Basis: consent.ByConsent, Evidence: evidence,
		}, true
	}
	return consent.Entry{}, false
}

// addressOf returns the id of the person to which messages are sent: on WhatsApp the number, which
// every version of the API has, else the ExternalID.
func addressOf(c visitor.Contact) string {
	if c.Source == visitor.WhatsApp {
		for _, id := range c.Identities() {
			if strings.Trim(id.ExternalID, "0123456789") == "" {
				return id.ExternalID
			}
		}
	}
	return c.ExternalID
}

// maxKeyword is the maximum length of a keyword in bytes. Longer texts are not compared.
const maxKeyword = 100

// keyword returns the comparable form of a text, "" if it is too long for a keyword.
func keyword(s string) string {
	if len(s) > maxKeyword {
		return ""
	}
	s = strings.TrimFunc(s, func(r rune) bool {
		return r != '/' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	return text.Fold(strings.Join(strings.Fields(s), " "))
}

// messageText returns the text of a message, a pressed button or a chosen list item in the JSON of
// any channel.
func messageText(payload []byte) string {
	o := parseObject(payload)
	interactive := o.object("interactive")
	return cmp.Or(
		o.object("text").text("body"), o.object("button").text("text"), // WhatsApp
		interactive.object("button_reply").text("title"), interactive.object("list_reply").text("title"),
		o.object("message").text("text"),          // Messenger, Instagram, Telegram
		o.object("postback").text("title"),        // Messenger, Instagram
		o.object("business_message").text("text"), // Telegram
	)
}
