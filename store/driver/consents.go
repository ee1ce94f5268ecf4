package driver

import (
	"slices"
	"time"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// The changes about consent. See package visitor/consent for what entries and reports mean.
type (
	// PutTopic creates a topic or replaces the one with its key. The topic is as it was:
	// Unchanged. ErrInvalid: the workspace has consent.MaxTopics others.
	PutTopic struct {
		Audit
		Topic consent.Topic // normalized
	}
	// DeleteTopic deletes a topic. Entries about it are kept, and count again if a topic with
	// the same key is created. No such topic: Missing. ErrInUse (an *InUseError): a group's rule
	// mentions it.
	DeleteTopic struct {
		Audit
		Key string
	}
	// RecordConsent records an entry about an address, which no visitor needs to have. The
	// outcome has the Status that results. The entry is known already: Unchanged. ErrNotFound: no
	// such topic. consent.ErrPlatformOwned or consent.ErrDenied: see Entry.CheckApplication; these
	// are checked unless FromChannel is set.
	RecordConsent struct {
		Audit
		Entry       consent.Entry // normalized
		FromChannel bool          // what a channel reported, not the application
		// Event is the event of a channel that the entry comes from, if the channel does not send
		// its time; zero: none. Processed before: Unchanged, unless the entry is a denial and does
		// not stand any more, as a denial too many does less harm than one that is lost.
		Event DedupKey `json:",omitzero"`
	}
	// ReportHealth records a report about an address, as RecordConsent does.
	ReportHealth struct {
		Audit
		Report      consent.HealthReport // normalized
		FromChannel bool
	}
	// EraseVisitor deletes a visitor with all data about the person: also the stored states of
	// merges and, of its addresses, all but a hash with a denial. From then on, CreateVisitor,
	// UpdateVisitor and LinkIdentity with one of these addresses fail with ErrSuppressed, until
	// the person grants messages there or takes the denial back, with evidence that is FromAddress;
	// captures are recorded, and the denial counts. The outcome has the Erasure. No such visitor:
	// Missing.
	EraseVisitor struct {
		Audit
		ID     visitor.ID
		Reason string
	}
	// ReapplyErasure makes an erasure again in a database that was restored from a backup from
	// before it. All of it is in effect: Unchanged. ErrInvalid: the erasure was not signed with a
	// key of the store.
	ReapplyErasure struct {
		Audit
		Erasure Erasure
	}
	// PutAudience stores an audience with the visitors in it, or another batch of the visitors
	// of an audience that is not complete. ErrExists: there is a complete one with its id.
	PutAudience struct {
		Audit
		Audience Audience
		Part     int          // the number of the batch, from 1
		Visitors []visitor.ID // at most MaxAudienceBatch, in order
	}
	// DeleteAudience deletes an audience. No such audience: Missing.
	DeleteAudience struct {
		Audit
		ID string
	}
)

// MaxAudienceBatch is the maximum of visitors of a PutAudience, and of those in one Record.
const MaxAudienceBatch = 1_000

// Erasure is the receipt of an EraseVisitor. It holds no address and no name.
type Erasure struct {
	Visitor visitor.ID       `json:"visitor"`
	At      time.Time        `json:"at"`
	Reason  string           `json:"reason,omitempty"`
	Actor   string           `json:"actor,omitempty"`
	Aliases []visitor.ID     `json:"aliases,omitempty"` // ids that had been merged into it
	Others  []visitor.ID     `json:"others,omitempty"`  // other visitors that have one of its addresses
	Deleted map[string]int64 `json:"deleted"`           // what was deleted: "identities", "merges", "entries" …
	Hashes  []ErasedAddress  `json:"hashes,omitempty"`
	Key     string           `json:"key"`       // consent.KeyID of the key of the hashes and the signature
	MAC     []byte           `json:"signature"` // of all other fields
}

// ErasedAddress is an address that was erased.
type ErasedAddress struct {
	Channel consent.Channel `json:"channel"`
	Hash    consent.Hash    `json:"hash"`
}

// Audience is the receipt of who could be written to at a time, and why the others could not.
type Audience struct {
	ID       string                   `json:"id"` // a UUIDv7 of the time
	Name     string                   `json:"name,omitempty"`
	At       time.Time                `json:"at"`
	Actor    string                   `json:"actor,omitempty"`
	Cause    string                   `json:"cause,omitempty"`
	Filter   string                   `json:"filter"` // in text form
	Request  consent.Request          `json:"request"`
	Matching int64                    `json:"matching"` // visitors that matched the filter
	Count    int64                    `json:"count"`    // of them, those that could be written to
	Reasons  map[consent.Reason]int64 `json:"reasons"`  // of all that matched
	Hash     []byte                   `json:"hash"`     // SHA-256 of the ids, in order, as their 16 bytes
	Complete bool                     `json:"complete"` // false: it is still being stored, or was given up
}

// Record is a value that a store keeps by kind and key, without knowing what it means.
type Record struct {
	Kind  RecordKind
	Key   string // at most 128 bytes of printable ASCII
	Value []byte // not empty
}

// RecordKind is a kind of records.
type RecordKind string

// The kinds.
const (
	TopicRecords    RecordKind = "topic"             // consent.Topic in JSON, by key
	AddressRecords  RecordKind = "address"           // an AddressRecord in JSON, by the hash in hex
	FormerAddresses RecordKind = "visitor.addresses" // addresses that a visitor gave up, a list of consent.Subject in JSON, by its id
	ErasureRecords  RecordKind = "erasure"           // an Erasure in JSON, by the visitor's id
	AudienceRecords RecordKind = "audience"          // an Audience in JSON, by id
	AudienceMembers RecordKind = "audience.visitors" // ids as 16 bytes each, by the audience's id, a slash and a number of 6 digits
	JobRecords      RecordKind = "job"               // a Job in JSON, by id
	JobVisitors     RecordKind = "job.visitors"      // ids as 16 bytes each, by the job's id, a slash and a number of 6 digits
	JobChanges      RecordKind = "job.changes"       // which facts of these visitors were changed, a bit each, by the same key
	JobItems        RecordKind = "job.items"         // values from before jobs in JSON, by job, by the visitor's id
	WatchRecords    RecordKind = "watch"             // a Watch in JSON by "state", []WatchedGroup in JSON by "groups"
	WatchAhead      RecordKind = "watch.ahead"       // an instant in microseconds since 1970 in decimal, by the visitor's id
)

// RecordQuery asks for the records of a kind: for those with Keys, at most 1,000, or else for a
// page of those whose key has the prefix and comes after After, in the order of keys (bytewise).
type RecordQuery struct {
	Kind   RecordKind
	Keys   []string
	Prefix string
	After  string
	Limit  int // at least 1, at most 1,000; 0 with Keys
}

// AddressRecord is what is known about an address, by the hash of consent.Subject.Hash. Subjects of
// its entries and reports have no address.
type AddressRecord struct {
	Channel consent.Channel        `json:"channel"`
	Key     string                 `json:"key"` // consent.KeyID of the key of the hash
	Entries []consent.Entry        `json:"entries,omitempty"`
	Reports []consent.HealthReport `json:"reports,omitempty"`
	Erased  time.Time              `json:"erased,omitzero"` // when a person with it was erased; zero: never, or lifted by the person
}

func (c RecordConsent) apply(b *batch) (Outcome, error) {
	e := c.Entry
	if e.Topic != "" {
		t, err := b.topic(e.Topic)
		switch {
		case err != nil:
			return Outcome{}, err
		case t == nil:
			return Outcome{}, NotFound("topic", e.Topic)
		}
		if e, err = t.Admit(e); err != nil {
			return Outcome{}, err
		}
	}
	of := addressOf(e.Subject)
	known, err := b.address(of)
	if err != nil {
		return Outcome{}, err
	}
	if !c.FromChannel {
		if err := e.CheckApplication(known.status(e.Subject.Sender, e.Topic)); err != nil {
			return Outcome{}, &Error{Kind: "consent", Err: err}
		}
	}
	sender, topic := e.Subject.Sender, e.Topic
	out := func(effect Effect) Outcome {
		s := known.status(sender, topic)
		return Outcome{Effect: effect, Consent: &s}
	}
	if c.Event != (DedupKey{}) {
		before, err := b.process(c.Event, c.At)
		stands := known.status(sender, topic).Entry.State
		if err != nil || before && (e.State != consent.Denied || stands == consent.Denied) {
			return out(Unchanged), err
		}
	}
	e.Subject.Address = ""
	if slices.ContainsFunc(known.record.Entries, e.Equal) {
		return out(Unchanged), nil
	}
	known.record.Entries = append(known.record.Entries, e)
	known.record.lift()
	b.change(of, known)
	field := string(of.Channel)
	if topic != "" {
		field += "/" + topic
	}
	return out(Updated), b.spread(c.Audit, of, Event{Kind: ConsentRecorded, Fields: []string{field}})
}

func (c ReportHealth) apply(b *batch) (Outcome, error) {
	r := c.Report
	of := addressOf(r.Subject)
	known, err := b.address(of)
	if err != nil {
		return Outcome{}, err
	}
	before := known.healthOf(r.Subject.Sender)
	if !c.FromChannel {
		if err := r.CheckApplication(before); err != nil {
			return Outcome{}, &Error{Kind: "health", Err: err}
		}
	}
	sender := r.Subject.Sender
	r.Subject.Address = ""
	if slices.ContainsFunc(known.record.Reports, r.Equal) {
		return Outcome{Effect: Unchanged, Health: &before}, nil
	}
	known.record.Reports = append(known.record.Reports, r)
	b.change(of, known)
	after := known.healthOf(sender)
	out := Outcome{Effect: Updated, Health: &after}
	if before.Equal(after) {
		return out, nil
	}
	return out, b.spread(c.Audit, of, Event{Kind: HealthReported, Fields: []string{string(of.Channel)}})
}
