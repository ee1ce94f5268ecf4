package store

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Topics iterates over the topics, in the order of their keys. An error ends the iteration.
func (w *Workspace) Topics(ctx context.Context) iter.Seq2[consent.Topic, error] {
	return recordsOf(ctx, w, "list topics", driver.TopicRecords, driver.TopicOf)
}

// PutTopic creates a topic, or replaces the one with its key, and returns it in normalized form.
// The error matches ErrInvalid if a field is not valid or there are consent.MaxTopics others.
func (w *Workspace) PutTopic(ctx context.Context, t consent.Topic) (consent.Topic, error) {
	const op = "put topic"
	t, err := t.Normalize()
	if err != nil {
		return consent.Topic{}, fail(op, err)
	}
	out, err := w.applyLast(ctx, op, driver.PutTopic{Audit: w.audit(w.now()), Topic: t})
	if err != nil {
		return consent.Topic{}, err
	}
	return *out.Topic, nil
}

// DeleteTopic deletes a topic, and reports whether it existed. What people said about it is kept,
// and counts again if a topic with its key is created. The error matches ErrInvalid for what cannot
// be a key, or ErrInUse (an *InUseError) if the rule of a group mentions the topic.
func (w *Workspace) DeleteTopic(ctx context.Context, key string) (bool, error) {
	const op = "delete topic"
	if _, err := (consent.Topic{Key: key}).Normalize(); err != nil {
		return false, fail(op, err)
	}
	out, err := w.applyLast(ctx, op, driver.DeleteTopic{Audit: w.audit(w.now()), Key: key})
	return out.Effect == driver.Deleted, err
}

// RecordConsent records what was said about addresses, all of it or nothing, and returns the status
// of each subject and topic afterwards, in the order of the entries. No visitor needs to have the
// address. The actor and cause of the workspace are recorded where an entry has none.
//
// The error matches ErrInvalid, or ErrNotFound for a topic that does not exist. It matches
// consent.ErrPlatformOwned or consent.ErrDenied for a state that the application cannot write; see
// consent.Entry.CheckApplication.
func (w *Workspace) RecordConsent(ctx context.Context, entries ...consent.Entry) ([]consent.Status, error) {
	const op = "record consent"
	now := w.now()
	changes := make([]driver.Change, len(entries))
	for n, e := range entries {
		e.Actor, e.Cause = cmp.Or(e.Actor, w.actor), cmp.Or(e.Cause, w.cause)
		e, err := e.Normalize(now)
		if err != nil {
			return nil, fail(op, err)
		}
		changes[n] = driver.RecordConsent{Audit: w.audit(now), Entry: e}
	}
	outcomes, err := w.apply(ctx, op, changes...)
	if err != nil {
		return nil, err
	}
	statuses := make([]consent.Status, len(outcomes))
	for n, o := range outcomes {
		statuses[n] = *o.Consent
	}
	return statuses, nil
}

// ReportHealth records whether messages arrive at addresses, all of it or nothing, and returns what
// stands afterwards, in the order of the reports. Errors are as for RecordConsent.
func (w *Workspace) ReportHealth(ctx context.Context, reports ...consent.HealthReport) ([]consent.Health, error) {
	const op = "report health"
	now := w.now()
	changes := make([]driver.Change, len(reports))
	for n, r := range reports {
		r.Actor, r.Cause = cmp.Or(r.Actor, w.actor), cmp.Or(r.Cause, w.cause)
		r, err := r.Normalize(now)
		if err != nil {
			return nil, fail(op, err)
		}
		changes[n] = driver.ReportHealth{Audit: w.audit(now), Report: r}
	}
	outcomes, err := w.apply(ctx, op, changes...)
	if err != nil {
		return nil, err
	}
	health := make([]consent.Health, len(outcomes))
	for n, o := range outcomes {
		health[n] = *o.Health
	}
	return health, nil
}

// CanContact returns whether a message may be sent to a visitor now, to which address, from which
// sender, and why. The error matches ErrNotFound if there is no such visitor, ErrInvalid if the
// request is not valid. A topic that does not exist and a missing key are reasons of the decision.
func (w *Workspace) CanContact(ctx context.Context, id visitor.ID, r consent.Request) (consent.Decision, error) {
	decisions, err := w.Decisions(ctx, id, r)
	if err != nil {
		return consent.Decision{}, err
	}
	return decisions[0], nil
}

// Decisions returns the decisions of CanContact on several requests, in their order. It reads the
// visitor and the topics once.
func (w *Workspace) Decisions(ctx context.Context, id visitor.ID, requests ...consent.Request) ([]consent.Decision, error) {
	const op = "decide on contact"
	normal := make([]consent.Request, len(requests))
	for n, r := range requests {
		var err error
		if normal[n], err = r.Normalize(); err != nil {
			return nil, fail(op, err)
		}
	}
	v, err := w.Get(ctx, id)
	if err != nil {
		return nil, fail(op, err)
	}
	d, err := w.decider(ctx, normal...)
	if err != nil {
		return nil, fail(op, err)
	}
	decisions := make([]consent.Decision, len(normal))
	for n, r := range normal {
		decisions[n] = d.decide(r, &v)
	}
	return decisions, nil
}

// decider decides on requests, which are normalized, for one visitor after the other.
type decider struct {
	topics     map[string]consent.Topic
	keyMissing bool
	now        func() time.Time
}

func (w *Workspace) decider(ctx context.Context, requests ...consent.Request) (decider, error) {
	d := decider{topics: map[string]consent.Topic{}, now: w.now}
	keys, err := w.store.Keys(ctx, w.id)
	if err != nil {
		return decider{}, err
	}
	d.keyMissing = keys.Missing
	var topics []string
	for _, r := range requests {
		if r.Topic != "" && !slices.Contains(topics, r.Topic) {
			topics = append(topics, r.Topic)
		}
	}
	for some := range slices.Chunk(topics, MaxLimit) {
		found, err := w.store.Records(ctx, w.id, driver.RecordQuery{Kind: driver.TopicRecords, Keys: some})
		if err != nil {
			return decider{}, err
		}
		for _, record := range found {
			t, err := driver.TopicOf(record)
			if err != nil {
				return decider{}, err
			}
			d.topics[t.Key] = t
		}
	}
	return d, nil
}

func (d decider) decide(r consent.Request, v *visitor.Visitor) consent.Decision {
	return consent.Decide(r, v.Facts(d.topics[r.Topic], d.keyMissing), d.now())
}

// ConsentHistory returns all that is recorded about the addresses of a visitor: entries with their
// evidence, and reports, in the order of the addresses and of the times. The error matches
// ErrNotFound.
func (w *Workspace) ConsentHistory(ctx context.Context, id visitor.ID) ([]consent.Entry, []consent.HealthReport, error) {
	const op = "read consents"
	v, err := w.Get(ctx, id)
	if err != nil {
		return nil, nil, fail(op, err)
	}
	var subjects []consent.Subject
	for _, r := range v.Routes() {
		s := consent.Subject{Channel: r.Subject.Channel, Address: r.Subject.Address}
		if !slices.Contains(subjects, s) {
			subjects = append(subjects, s)
		}
	}
	entries, reports, err := w.recorded(ctx, subjects...)
	return entries, reports, fail(op, err)
}

// StatusOf returns what stands about an address towards a sender: a status for each topic about
// which something was said, and for the whole channel with the topic "". What was said towards
// every sender, the empty one, is part of it; with an empty sender, so is what was said towards any.
func (w *Workspace) StatusOf(ctx context.Context, s consent.Subject) ([]consent.Status, error) {
	const op = "read consents"
	s, err := s.Normalize()
	if err != nil {
		return nil, fail(op, err)
	}
	entries, _, err := w.recorded(ctx, s)
	if err != nil {
		return nil, fail(op, err)
	}
	return slices.DeleteFunc(consent.Fold(entries), func(status consent.Status) bool {
		sender := status.Entry.Subject.Sender
		return s.Sender != "" && sender != "" && sender != s.Sender
	}), nil
}

// recorded returns what is recorded about addresses, in their order and that of the times.
func (w *Workspace) recorded(ctx context.Context, subjects ...consent.Subject) ([]consent.Entry, []consent.HealthReport, error) {
	keys, err := w.store.Keys(ctx, w.id)
	if err != nil {
		return nil, nil, err
	}
	read := func(q driver.RecordQuery) ([]driver.Record, error) { return w.store.Records(ctx, w.id, q) }
	found, err := driver.ReadAddresses(read, keys, subjects)
	if err != nil {
		return nil, nil, err
	}
	var entries []consent.Entry
	var reports []consent.HealthReport
	for n, s := range subjects {
		slices.SortStableFunc(found[n].Entries, func(a, b consent.Entry) int { return a.At.Compare(b.At) })
		slices.SortStableFunc(found[n].Reports, func(a, b consent.HealthReport) int { return a.At.Compare(b.At) })
		for _, e := range found[n].Entries {
			e.Subject.Address = s.Address
			entries = append(entries, e)
		}
		for _, r := range found[n].Reports {
			r.Subject.Address = s.Address
			reports = append(reports, r)
		}
	}
	return entries, reports, nil
}

// UnsubscribeToken returns the token of a link by which the person at an address denies messages
// about a topic, or on the channel if the topic is empty. It reveals no address, does not expire and
// works after the visitor was deleted. See consent.Link and consent.Headers.
func (w *Workspace) UnsubscribeToken(ctx context.Context, s consent.Subject, topic string) (string, error) {
	const op = "make unsubscribe token"
	s, err := s.Normalize()
	if err != nil {
		return "", fail(op, err)
	}
	if topic != "" {
		if _, err := (consent.Topic{Key: topic}).Normalize(); err != nil {
			return "", fail(op, err)
		}
	}
	keys, err := w.store.Keys(ctx, w.id)
	if err != nil {
		return "", fail(op, err)
	}
	return consent.Link{Workspace: string(w.id), Subject: s, Topic: topic}.Token(keys.Live[0]), nil
}

// ReadToken returns the link of a token of this workspace. The error matches consent.ErrToken for
// one that was changed, or is of another workspace or key.
func (w *Workspace) ReadToken(ctx context.Context, token string) (consent.Link, error) {
	const op = "read unsubscribe token"
	keys, err := w.store.Keys(ctx, w.id)
	if err != nil {
		return consent.Link{}, fail(op, err)
	}
	l, err := consent.ParseToken(token, keys.Live...)
	if err == nil && l.Workspace != string(w.id) {
		l, err = consent.Link{}, consent.ErrToken
	}
	return l, fail(op, err)
}

// recordsOf iterates over the records of a kind, in the order of their keys.
func recordsOf[T any](
	ctx context.Context, w *Workspace, op string, kind driver.RecordKind, of func(driver.Record) (T, error),
) iter.Seq2[T, error] {
	found := pages(op, func(after string, limit int) ([]driver.Record, error) {
		return w.store.Records(ctx, w.id, driver.RecordQuery{Kind: kind, After: after, Limit: limit})
	}, func(r driver.Record) string { return r.Key })
	return func(yield func(T, error) bool) {
		for r, err := range found {
			var item T
			if err == nil {
				item, err = of(r)
				err = fail(op, err)
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// oneRecord returns the record with a key. The error matches ErrNotFound.
func oneRecord[T any](
	ctx context.Context, w *Workspace, name string, kind driver.RecordKind, key string, of func(driver.Record) (T, error),
) (item T, err error) {
	found, err := w.store.Records(ctx, w.id, driver.RecordQuery{Kind: kind, Keys: []string{key}})
	if err == nil && len(found) == 0 {
		err = driver.NotFound(name, key)
	}
	if err != nil {
		return item, err
	}
	return of(found[0])
}
