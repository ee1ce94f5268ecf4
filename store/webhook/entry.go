package webhook

import (
	"errors"
	"log/slog"
	"maps"
	"sync"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Outcome is a code for the result of an event, a delivery, or a request for a profile or a lead.
type Outcome string

// The outcomes.
const (
	Created        Outcome = "created"         // event: a visitor was created
	Updated        Outcome = "updated"         // event: the visitor's profile, ids or tags changed
	Matched        Outcome = "matched"         // event: at most the visitor's times of last contact changed
	Duplicate      Outcome = "duplicate"       // event: captured before
	ConsentSignal  Outcome = "consent_signal"  // event: permission or health of an address, which was recorded
	Ignored        Outcome = "ignored"         // event: nothing to do; see Reason
	Refused        Outcome = "refused"         // event: can never be captured; see Err
	Failed         Outcome = "failed"          // event: the store failed, and the channel sends it again; see Err
	Rejected       Outcome = "rejected"        // delivery: not authentic or not readable; see Status and Err
	ProfileFetched Outcome = "profile_fetched" // profile request: answered, and captured
	ProfileFailed  Outcome = "profile_failed"  // profile request: failed; see Err
	LeadFetched    Outcome = "lead_fetched"    // lead request: answered, and captured
	LeadRetried    Outcome = "lead_retried"    // lead request: failed, and is repeated later; see Err
	LeadFailed     Outcome = "lead_failed"     // lead request: failed for the last time; see Err
)

// Reasons for ignoring an event, in addition to those of package intake.
const (
	Unknown  intake.Reason = "unknown"  // an update of a person who is not a visitor
	Unrouted intake.Reason = "unrouted" // Options.Route returned no workspace for its account
)

// Entry is the log entry of an event, a rejected delivery, or a request for a profile or a
// lead. Its only personal data is the visitor's id, which means nothing outside of the workspace.
type Entry struct {
	Source  visitor.Source // the channel
	Account string         // the business's own account that received the event
	Via     string         // the kind of the event in the channel's API
	Outcome Outcome
	// Reason is a code: an intake.Reason if Ignored, a state of package consent if ConsentSignal,
	// else a store.CaptureReason.
	Reason        string
	Visitor       visitor.ID // or ""
	InvalidFields []error    // a *visitor.FieldError for each field that was left out
	Status        int        // HTTP status of the answer, if Rejected
	// Err is set if something was refused, rejected or failed. Errors of the functions Profile,
	// Fetch and Inbound of Options are not redacted.
	Err error
}

// Level returns slog.LevelError for Failed, slog.LevelWarn for other entries with an Err or
// InvalidFields, and slog.LevelInfo for all others.
func (e Entry) Level() slog.Level {
	switch {
	case e.Outcome == Failed:
		return slog.LevelError
	case e.Err != nil, len(e.InvalidFields) > 0:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// LogValue returns the entry as a group of attributes, without empty fields.
func (e Entry) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("outcome", string(e.Outcome))}
	for _, s := range []struct{ name, value string }{
		{"source", string(e.Source)}, {"account", e.Account}, {"via", e.Via}, {"reason", e.Reason}, {"visitor", string(e.Visitor)},
	} {
		if s.value != "" {
			attrs = append(attrs, slog.String(s.name, s.value))
		}
	}
	if e.Status != 0 {
		attrs = append(attrs, slog.Int("status", e.Status))
	}
	if len(e.InvalidFields) > 0 {
		attrs = append(attrs, slog.String("invalid_fields", errors.Join(e.InvalidFields...).Error()))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// Counts are totals since New.
type Counts struct {
	Answers       map[int]int64           // requests by HTTP status of the answer
	Outcomes      map[Outcome]int64       // events, rejected deliveries and requests
	Ignored       map[intake.Reason]int64 // ignored events by reason
	InvalidFields int64                   // fields that were left out of captured events
}

// tally holds the counts.
type tally struct {
	mu sync.Mutex
	n  Counts
}

func (t *tally) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.n
	n.Answers, n.Outcomes, n.Ignored = maps.Clone(n.Answers), maps.Clone(n.Outcomes), maps.Clone(n.Ignored)
	return n
}

func (t *tally) answered(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n.Answers == nil {
		t.n.Answers = map[int]int64{}
	}
	t.n.Answers[status]++
}

func (t *tally) note(e Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n.Outcomes == nil {
		t.n.Outcomes, t.n.Ignored = map[Outcome]int64{}, map[intake.Reason]int64{}
	}
	t.n.Outcomes[e.Outcome]++
	if e.Outcome == Ignored {
		t.n.Ignored[intake.Reason(e.Reason)]++
	}
	t.n.InvalidFields += int64(len(e.InvalidFields))
}

// record counts and logs an entry.
func (h *Handler) record(e Entry) {
	h.tally.note(e)
	h.o.Log(e)
}

// sourceOf returns the channel of an error of package intake.
func sourceOf(err error) visitor.Source {
	var known *intake.Error
	if errors.As(err, &known) {
		return known.Channel
	}
	return ""
}
