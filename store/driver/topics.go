package driver

import (
	"encoding/json"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// TopicOf returns the topic that a record of the kind TopicRecords holds.
func TopicOf(r Record) (t consent.Topic, err error) {
	return t, decode("topic", r.Key, r.Value, &t)
}

// topic returns a topic, nil if it does not exist.
func (b *batch) topic(key string) (*consent.Topic, error) {
	b.topics.want(key)
	err := inChunks(b.topics.unread(), func(keys []string) error {
		found, err := b.tx.Records(RecordQuery{Kind: TopicRecords, Keys: keys})
		for _, r := range found {
			t, err := TopicOf(r)
			if err != nil {
				return err
			}
			b.topics.set(r.Key, &t)
		}
		return err
	})
	return b.topics.get(key), err
}

func (c PutTopic) apply(b *batch) (Outcome, error) {
	before, err := b.topic(c.Topic.Key)
	if err != nil {
		return Outcome{}, err
	}
	after := c.Topic
	after.Channels = slices.Clone(after.Channels)
	out := Outcome{Effect: Updated, Topic: &after}
	switch {
	case before == nil:
		all, err := b.tx.Records(RecordQuery{Kind: TopicRecords, Limit: consent.MaxTopics})
		if err != nil {
			return Outcome{}, err
		}
		if len(all) == consent.MaxTopics {
			return Outcome{}, text.Refuse("topic", "the workspace has 100 topics already")
		}
		out.Effect = Created
	case before.Equal(after):
		return Outcome{Effect: Unchanged, Topic: &after}, nil
	}
	value, err := json.Marshal(after)
	if err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: TopicChanged, Fields: []string{after.Key}})
	return out, b.tx.PutRecords([]Record{{TopicRecords, after.Key, value}})
}

func (c DeleteTopic) apply(b *batch) (Outcome, error) {
	before, err := b.topic(c.Key)
	if err != nil || before == nil {
		return Outcome{Effect: Missing}, err
	}
	err = checkUnused(b.tx, "topic", func(refs filter.Refs) bool { return slices.Contains(refs.Topics, c.Key) })
	if err != nil {
		return Outcome{}, err
	}
	b.event(c.Audit, Event{Kind: TopicChanged, Fields: []string{c.Key}})
	return Outcome{Effect: Deleted}, b.tx.DeleteRecords(TopicRecords, []string{c.Key})
}
