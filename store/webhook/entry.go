package webhook

import (
	"errors"
	"log/slog"
	"maps"
	"sync"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Outcome is what became of an event, a delivery or a question.
type Outcome string

// The outcomes.
const (
	Created        Outcome = "created"         // a visitor was made
	Updated        Outcome = "updated"         // a visitor's profile, ids or tags changed
	Matched        Outcome = "matched"         // of a visitor who is there, at most seen again
	Duplicate      Outcome = "duplicate"       // the event was taken in before
	Ignored        Outcome = "ignored"         // nothing to do; the Reason says why
	Refused        Outcome = "refused"         // cannot be kept, today or ever; Err names the field
	Failed         Outcome = "failed"          // the store failed: the channel is to send again
	Rejected       Outcome = "rejected"        // of a delivery: not authentic or not readable; see Status
	ProfileFetched Outcome = "profile_fetched" // the channel was asked for a profile, and what it told is kept
	ProfileFailed  Outcome = "profile_failed"  // the channel was asked for a profile, and told none; Err says why
)

// The reasons for which the handler ignores events that package intake does not.
const (
	Unknown  intake.Reason = "unknown"  // changes a person whom the workspace does not know
	Unrouted intake.Reason = "unrouted" // Options.Route knows no workspace for its account
)

// Entry tells of one event, or of a delivery that was rejected. It holds nothing of a
// person but the visitor's id, which is the workspace's own.
type Entry struct {
	Source        visitor.Source // the channel
	Account       string         // the business's own account that it came to
	Via           string         // the channel's own word for it
	Outcome       Outcome
	Reason        string     // how the visitor was found, or why the event was ignored
	Visitor       visitor.ID // "" for none
	InvalidFields []error    // of fields that were not valid, a *visitor.FieldError each; the rest was kept
	Status        int        // that a Rejected delivery was answered with
	Err           error      // of Refused, Failed, Rejected and Unasked; that of Options.Profile is as it gave it
}

// Level is how much an entry matters: a failure is an error; what was refused, rejected or
// left out a warning; all else is for information.
func (e Entry) Level() slog.Level {
	switch {
	case e.Outcome == Failed:
		return slog.LevelError
	case e.Outcome == Refused, e.Outcome == Rejected, e.Outcome == ProfileFailed, len(e.InvalidFields) > 0:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// LogValue makes an entry a group of what it holds, for package slog.
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

// Counts are how many of what there have been.
type Counts struct {
	Answers       map[int]int64           // requests, by the status they were answered with
	Outcomes      map[Outcome]int64       // events, rejected deliveries, questions
	Ignored       map[intake.Reason]int64 // of the events that were ignored
	InvalidFields int64                   // fields that were not valid, of events that were kept
}

// tally counts.
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

// tell counts an entry and hands it to whoever listens.
func (h *Handler) tell(e Entry) {
	h.tally.note(e)
	h.o.Log(e)
}

// sourceOf returns the channel that an error of package intake names.
func sourceOf(err error) visitor.Source {
	var known *intake.Error
	if errors.As(err, &known) {
		return known.Channel
	}
	return ""
}
