package rest

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

type (
	topicInput struct {
		scope
		Key  string `path:"key" doc:"A permanent id, such as newsletter."`
		Body TopicDraft
	}
	keyInput struct {
		scope
		Key string `path:"key"`
	}
	contactInput struct {
		scope
		ID      string `path:"id" format:"uuid"`
		Channel string `query:"channel" required:"true" doc:"A channel of /schema."`
		Topic   string `query:"topic" doc:"The key of a topic. Default: none, so only a consent for the whole channel counts."`
		Sender  string `query:"sender" doc:"The business's own number, page, bot or sending domain. Default: any that the visitor knows."`
		Purpose string `query:"purpose" doc:"marketing, service or transactional. Default: marketing."`
	}
)

// TopicList lists all topics, ordered by key.
type TopicList struct {
	Topics []consent.Topic `json:"topics"`
}

// TopicDraft is a consent.Topic without its key.
type TopicDraft struct {
	Label       string               `json:"label,omitempty"`
	Description string               `json:"description,omitempty"`
	Channels    []consent.Channel    `json:"channels,omitempty"`
	Default     consent.DefaultState `json:"default,omitempty"`
	DoubleOptIn bool                 `json:"double_opt_in,omitempty"`
	Public      bool                 `json:"public,omitempty"`
}

// EntryList is the body of POST /consents.
type EntryList struct {
	Entries []consent.Entry `json:"entries" minItems:"1" maxItems:"1000"`
}

// StatusList lists what stands about addresses.
type StatusList struct {
	Statuses []consent.Status `json:"statuses"`
}

// ReportList is the body of POST /health.
type ReportList struct {
	Reports []consent.HealthReport `json:"reports" minItems:"1" maxItems:"1000"`
}

// HealthList lists whether messages arrive at addresses.
type HealthList struct {
	Health []consent.Health `json:"health"`
}

// Decision is consent.Decision as JSON, with its reason in English.
type Decision struct {
	consent.Decision
	Text string `json:"text" doc:"The reason in English."`
}

// TopicDecision is a Decision about marketing.
type TopicDecision struct {
	Channel consent.Channel `json:"channel"`
	On      string          `json:"channel_text" doc:"The channel in English."`
	Topic   string          `json:"topic" doc:"The key of a topic. Empty: the whole channel."`
	Label   string          `json:"label" doc:"The label of the topic. Empty: the whole channel."`
	Decision
}

// VisitorConsents is what is known about whether a visitor may be written to.
type VisitorConsents struct {
	Subjects  []consent.Subject      `json:"subjects" doc:"The addresses of the visitor on channels, without senders."`
	Decisions []TopicDecision        `json:"decisions" doc:"For each channel on which the visitor has an address: the whole channel, then each topic that is sent there."`
	Entries   []consent.Entry        `json:"entries" doc:"All that was said about the addresses, with the evidence."`
	Reports   []consent.HealthReport `json:"reports" doc:"All that was reported about the addresses."`
}

// UnsubscribeLink is the body of POST /unsubscribe-tokens: what the link is to deny.
type UnsubscribeLink struct {
	Subject consent.Subject `json:"subject"`
	Topic   string          `json:"topic,omitempty" doc:"The key of a topic. Default: the whole channel."`
}

// UnsubscribeToken is the token of a link.
type UnsubscribeToken struct {
	Token string `json:"token"`
}

func (h *handler) consentRoutes(r routes) {
	query(r, "GET /topics", "listTopics", "List all topics", body(h.listTopics))
	change(r, "PUT /topics/{key}", "putTopic", "Create or replace a topic", body(h.putTopic))
	change(r, "DELETE /topics/{key}", "deleteTopic", "Delete a topic; what people said about it is kept", h.deleteTopic)
	change(r, "POST /consents", "recordConsents", "Record what was said about addresses", body(h.recordConsents))
	query(r, "POST /consents/status", "getStatus", "Get what stands about an address", body(h.getStatus))
	change(r, "POST /health", "reportHealth", "Record whether messages arrive at addresses", body(h.reportHealth))
	query(r, "GET /visitors/{id}/consents", "listConsentsOfVisitor", "Get whether a visitor may be written to, and all that is recorded",
		body(h.listConsents))
	query(r, "GET /visitors/{id}/can-contact", "canContact", "Decide whether a message may be sent to a visitor now", body(h.canContact))
	query(r, "POST /unsubscribe-tokens", "makeUnsubscribeToken", "Make the token of a link by which a person unsubscribes", body(h.makeToken))
}

func (h *handler) listTopics(ctx context.Context, ws *store.Workspace, _ *nothingInput) (TopicList, error) {
	topics, err := collect(ws.Topics(ctx))
	return TopicList{topics}, err
}

func (h *handler) putTopic(ctx context.Context, ws *store.Workspace, in *topicInput) (consent.Topic, error) {
	b := in.Body
	t, err := ws.PutTopic(ctx, consent.Topic{
		Key: in.Key, Label: b.Label, Description: b.Description, Channels: b.Channels, Default: b.Default,
		DoubleOptIn: b.DoubleOptIn, Public: b.Public,
	})
	return t, renameField(err, topicNames)
}

func (h *handler) deleteTopic(ctx context.Context, ws *store.Workspace, in *keyInput) (*struct{}, error) {
	found, err := ws.DeleteTopic(ctx, in.Key)
	if err == nil && !found {
		err = notFound("topic", in.Key)
	}
	return nil, renameField(err, topicNames)
}

func (h *handler) recordConsents(ctx context.Context, ws *store.Workspace, in *bodyInput[EntryList]) (StatusList, error) {
	statuses, err := ws.RecordConsent(ctx, in.Body.Entries...)
	return StatusList{nonNil(statuses)}, err
}

func (h *handler) getStatus(ctx context.Context, ws *store.Workspace, in *bodyInput[consent.Subject]) (StatusList, error) {
	statuses, err := ws.StatusOf(ctx, in.Body)
	return StatusList{nonNil(statuses)}, err
}

func (h *handler) reportHealth(ctx context.Context, ws *store.Workspace, in *bodyInput[ReportList]) (HealthList, error) {
	health, err := ws.ReportHealth(ctx, in.Body.Reports...)
	return HealthList{nonNil(health)}, err
}

func (h *handler) listConsents(ctx context.Context, ws *store.Workspace, in *idInput) (VisitorConsents, error) {
	id := visitor.ID(in.ID)
	v, err := ws.Get(ctx, id)
	if err != nil {
		return VisitorConsents{}, err
	}
	topics, err := collect(ws.Topics(ctx))
	if err != nil {
		return VisitorConsents{}, err
	}
	out := VisitorConsents{Subjects: []consent.Subject{}, Decisions: []TopicDecision{}}
	var channels []consent.Channel
	var requests []consent.Request
	for _, route := range v.Routes() {
		channel := route.Subject.Channel
		s := consent.Subject{Channel: channel, Address: route.Subject.Address}
		if !slices.Contains(out.Subjects, s) {
			out.Subjects = append(out.Subjects, s)
		}
		if slices.Contains(channels, channel) {
			continue
		}
		channels = append(channels, channel)
		for _, t := range append([]consent.Topic{{}}, topics...) {
			if t.Key != "" && !t.On(channel) {
				continue
			}
			requests = append(requests, consent.Request{Channel: channel, Topic: t.Key})
			out.Decisions = append(out.Decisions, TopicDecision{Channel: channel, On: channel.Text(), Topic: t.Key, Label: t.Label})
		}
	}
	decisions, err := ws.Decisions(ctx, id, requests...)
	if err != nil {
		return VisitorConsents{}, err
	}
	for n, d := range decisions {
		out.Decisions[n].Decision = Decision{d, d.Reason.Text()}
	}
	entries, reports, err := ws.ConsentHistory(ctx, id)
	out.Entries, out.Reports = nonNil(entries), nonNil(reports)
	return out, err
}

func (h *handler) canContact(ctx context.Context, ws *store.Workspace, in *contactInput) (Decision, error) {
	d, err := ws.CanContact(ctx, visitor.ID(in.ID), consent.Request{
		Channel: consent.Channel(in.Channel), Topic: in.Topic, Sender: in.Sender, Purpose: consent.Purpose(in.Purpose),
	})
	return Decision{d, d.Reason.Text()}, err
}

func (h *handler) makeToken(ctx context.Context, ws *store.Workspace, in *bodyInput[UnsubscribeLink]) (UnsubscribeToken, error) {
	token, err := ws.UnsubscribeToken(ctx, in.Body.Subject, in.Body.Topic)
	return UnsubscribeToken{token}, err
}
