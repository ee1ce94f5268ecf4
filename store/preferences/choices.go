package preferences

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// choice is a topic on the page.
type choice struct {
	consent.Topic
	On bool
}

// choices are what the page shows about an address.
type choices struct {
	topics []choice // the public topics of the channel, and that of the link
	none   bool     // the whole channel is denied
	// denied has the subjects of the denials that stand, by topic: the subject of the link, and that
	// of every sender or, if the link is of every sender, of each sender.
	denied map[string][]consent.Subject
}

func (h *handler) choices(r *http.Request, ws *store.Workspace, l consent.Link) (choices, error) {
	statuses, err := ws.StatusOf(r.Context(), l.Subject)
	if err != nil {
		return choices{}, err
	}
	now, c := h.o.Now(), choices{denied: map[string][]consent.Subject{}}
	routes := []consent.Route{{Subject: l.Subject}}
	if l.Subject.Sender == "" {
		routes[0].Subject.Sender = anotherSender
	}
	for _, s := range statuses {
		e := s.Entry
		if l.Subject.Sender == "" && e.Subject.Sender != "" {
			routes = append(routes, consent.Route{Subject: e.Subject})
		}
		if s.State(now) != consent.Denied {
			continue
		}
		c.denied[e.Topic] = append(c.denied[e.Topic], e.Subject)
		c.none = c.none || e.Topic == "" && (e.Subject.Sender == "" || e.Subject == l.Subject)
	}
	for t, err := range ws.Topics(r.Context()) {
		if err != nil {
			return choices{}, err
		}
		if !t.Public && t.Key != l.Topic || !t.On(l.Subject.Channel) {
			continue
		}
		d := consent.Decide(consent.Request{Channel: l.Subject.Channel, Topic: t.Key, Purpose: consent.Marketing},
			consent.Facts{Topic: t, Routes: routes, Statuses: statuses}, now)
		c.topics = append(c.topics, choice{t, d.Allowed})
	}
	return c, nil
}

// anotherSender stands for a sender about which nothing was said. A topic on the page of a link of
// every sender is on if one sender may write about it, so that no message comes about one that is off.
const anotherSender = "another"

// save records what differs from what was said before. Who comes back after denying the channel
// takes that back, grants the topics that are wanted and denies the others; without a topic that is
// wanted, the denial stays.
func (h *handler) save(r *http.Request, ws *store.Workspace, l consent.Link, form url.Values) error {
	c, err := h.choices(r, ws, l)
	if err != nil {
		return err
	}
	wanted := func(t choice) bool { return slices.Contains(form["topic"], t.Key) }
	wantsNone := form.Get("none") != "" ||
		c.none && len(c.topics) > 0 && !slices.ContainsFunc(c.topics, wanted)
	var entries []consent.Entry
	deny := func(topic string) {
		entries = append(entries, h.said(r, l.Subject, topic, consent.Denied, consent.ByForm))
	}
	// A denial is lifted by what is said about its own subject. The link was sent to the address.
	grant := func(t choice) {
		subjects := c.denied[t.Key]
		if !slices.Contains(subjects, l.Subject) {
			subjects = append(subjects, l.Subject)
		}
		for _, s := range subjects {
			e := h.said(r, s, t.Key, consent.Granted, consent.ByDoubleOptIn)
			e.Evidence.Wording = t.Label
			entries = append(entries, e)
		}
	}
	switch {
	case wantsNone && !c.none:
		deny("")
	case c.none && !wantsNone:
		for _, s := range c.denied[""] {
			entries = append(entries, h.said(r, s, "", consent.Lifted, consent.ByDoubleOptIn))
		}
	}
	for _, t := range c.topics {
		switch {
		case wantsNone:
		case wanted(t) && (!t.On || c.none):
			grant(t)
		case !wanted(t) && (t.On || c.none):
			deny(t.Key)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	_, err = ws.RecordConsent(r.Context(), entries...)
	return err
}
