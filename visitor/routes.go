package visitor

import (
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/visitor/consent"
)

// Routes returns the ways to write to v, those that are preferred first: the e-mail address, the
// phone number for SMS, each channel identity from each of its inboxes, the one with the latest
// event first, and the phone number for WhatsApp if no identity there has it. An identity without
// inboxes is reached from its Account. A WhatsApp number has only digits. Addresses that
// consent.Subject.Normalize refuses, and identities of forms and anonymous browsers, are no routes.
func (v *Visitor) Routes() []consent.Route { return v.routes("") }

// RoutesOn returns the Routes on one channel.
func (v *Visitor) RoutesOn(c consent.Channel) []consent.Route { return v.routes(c) }

// routes returns the routes on a channel, or with "" on all.
func (v *Visitor) routes(on consent.Channel) []consent.Route {
	var routes []consent.Route
	add := func(s consent.Subject, address string, last time.Time) {
		if on != "" && s.Channel != on {
			return
		}
		if s, err := s.Normalize(); err == nil {
			routes = append(routes, consent.Route{Subject: s, Address: address, LastMessage: last})
		}
	}
	if v.Email != "" {
		add(consent.Subject{Channel: consent.Email, Address: v.Email}, v.Email, time.Time{})
	}
	if v.Phone != "" {
		add(consent.Subject{Channel: consent.SMS, Address: v.Phone}, v.Phone, time.Time{})
	}
	for _, i := range v.Identities {
		channel, ok := channelOf[i.Source]
		if !ok || i.form() == multipleForm || i.Source == WhatsApp && strings.ContainsAny(i.ExternalID, "+-() ") {
			continue
		}
		s := consent.Subject{Channel: channel, Sender: i.Account, Address: i.ExternalID}
		if len(i.Inboxes) == 0 {
			add(s, i.ExternalID, i.LastSeen)
		}
		for n, inbox := range i.Inboxes {
			var last time.Time
			if n < len(i.InboxTimes) {
				last = i.InboxTimes[n]
			}
			s.Sender = inbox
			add(s, i.ExternalID, last)
		}
	}
	if v.Phone != "" && (on == "" || on == consent.WhatsApp) {
		s, err := consent.Subject{Channel: consent.WhatsApp, Address: v.Phone}.Normalize()
		known := func(r consent.Route) bool { return r.Subject.Channel == s.Channel && r.Subject.Address == s.Address }
		if err == nil && !slices.ContainsFunc(routes, known) {
			routes = append(routes, consent.Route{Subject: s, Address: v.Phone})
		}
	}
	return routes
}

// SourceOf returns the source of the identities by which people are known on a channel, "" if the
// channel has none.
func SourceOf(c consent.Channel) Source {
	for source, channel := range channelOf {
		if channel == c {
			return source
		}
	}
	return ""
}

// channelOf is the channel on which a person with an identity of a source is written to.
var channelOf = map[Source]consent.Channel{
	WhatsApp: consent.WhatsApp, Messenger: consent.Messenger, Instagram: consent.Instagram, Telegram: consent.Telegram,
	Chat: consent.Chat,
}

// Facts returns what is known about v for a decision about the topic.
func (v *Visitor) Facts(t consent.Topic, keyMissing bool) consent.Facts {
	return consent.Facts{Topic: t, Routes: v.Routes(), Statuses: v.Consents, Health: v.Health, KeyMissing: keyMissing}
}

// SameAddresses reports whether v and w have the same e-mail address, phone number and channel
// identities, so that they have the same Consents and Health.
func (v *Visitor) SameAddresses(w *Visitor) bool {
	return v.Email == w.Email && v.Phone == w.Phone && slices.EqualFunc(v.Identities, w.Identities, Identity.Is)
}
