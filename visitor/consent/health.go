package consent

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/tag/text"
)

// HealthState is whether messages arrive at an address.
type HealthState string

// The states of health.
const (
	Healthy    HealthState = "ok"          // messages arrive again
	SoftBounce HealthState = "soft"        // one message failed; the next one can arrive
	HardBounce HealthState = "hard_bounce" // the address does not take messages
	Complaint  HealthState = "complaint"   // the person reported a message as spam
	Blocked    HealthState = "blocked"     // the person blocked the sender
	Invalid    HealthState = "invalid"     // the address does not exist
)

// healthStates are in the order of severity.
var healthStates = codes[HealthState]{
	{Healthy, "messages arrive"},
	{SoftBounce, "a message failed"},
	{Complaint, "reported a message as spam"},
	{HardBounce, "does not take messages"},
	{Invalid, "does not exist"},
	{Blocked, "blocked the sender"},
}

// ParseHealthState returns the state with that value, in any case and with any space around it.
// For another one it returns a *text.FieldError that lists the states.
func ParseHealthState(s string) (HealthState, error) { return healthStates.parse("health", s) }

// Text returns the state in English, or "" for an unknown one.
func (s HealthState) Text() string { return healthStates.text(s) }

// liftedBy reports whether a report of Healthy from the origin ends the state.
func (s HealthState) liftedBy(o Origin) bool {
	switch s {
	case Complaint, HardBounce:
		return o == Operator
	case Blocked:
		return o == Platform || o == Person
	}
	return o != Import
}

// HealthReport says whether messages of a sender arrive at an address. It is no statement of the
// person about permission, except that a person who blocks a sender must not be written to.
type HealthReport struct {
	Subject Subject     `json:"subject"`
	State   HealthState `json:"state"`
	// Origin is Person for a new message of the person, Platform for a report of the channel or of
	// the service that sends, Operator and Import. Default: Platform.
	Origin Origin    `json:"origin,omitempty"`
	At     time.Time `json:"at,omitzero"`     // when it happened; zero: when it is recorded
	Code   string    `json:"code,omitempty"`  // the channel's own code, such as "131026" or "kicked"
	Actor  string    `json:"actor,omitempty"` // who recorded it
	Cause  string    `json:"cause,omitempty"` // why; required for Healthy of an Operator
}

// Normalize returns r in normalized form with its defaults, times in UTC to the microsecond, or a
// *text.FieldError. It refuses the same times as Entry.Normalize; Healthy of an Operator without a
// Cause; Healthy of an Import; and Blocked of an Operator or Import, for which there are denials.
func (r HealthReport) Normalize(now time.Time) (HealthReport, error) {
	var err error
	if r.Subject, err = r.Subject.Normalize(); err != nil {
		return HealthReport{}, err
	}
	if err := healthStates.check("state", r.State); err != nil {
		return HealthReport{}, err
	}
	r.Origin = cmp.Or(r.Origin, Platform)
	if err := origins.check("origin", r.Origin); err != nil {
		return HealthReport{}, err
	}
	if r.At, err = normalizeAt(r.At, now); err != nil {
		return HealthReport{}, err
	}
	if r.Code, err = text.Token("code", r.Code, MaxAddress); err != nil {
		return HealthReport{}, err
	}
	if r.Actor, err = text.Line("actor", r.Actor, MaxActor); err != nil {
		return HealthReport{}, err
	}
	if r.Cause, err = text.Line("cause", r.Cause, MaxActor); err != nil {
		return HealthReport{}, err
	}
	switch {
	case r.State == Healthy && r.Origin == Operator && r.Cause == "":
		return HealthReport{}, text.Refuse("cause", "missing: an operator gives a reason")
	case r.State == Healthy && r.Origin == Import:
		return HealthReport{}, text.Refuse("state", "an import cannot report that messages arrive")
	case r.State == Blocked && !r.Origin.speaksForPerson():
		return HealthReport{}, text.Refuse("state", "only the channel reports a block; record a denial")
	}
	return r, nil
}

// CheckApplication returns ErrPlatformOwned if r is not the application's to report: a block by
// the channel, or Healthy where a block stands, unless a message of the person has arrived. An
// application reports what its mail service found with the origin Platform. health is that of the
// same subject, the zero Health if there is none.
func (r HealthReport) CheckApplication(health Health) error {
	if r.Origin == Platform && r.State == Blocked || r.Origin != Person && r.State == Healthy && health.Report.State == Blocked {
		return ErrPlatformOwned
	}
	return nil
}

// compare orders reports in the order in which FoldHealth reads them: by subject, time and rank.
// Of reports that are equal in this, the worse comes last.
func (r HealthReport) compare(q HealthReport) int {
	return cmp.Or(r.Subject.Compare(q.Subject), r.At.Compare(q.At), r.Origin.Compare(q.Origin),
		cmp.Compare(healthStates.index(r.State), healthStates.index(q.State)),
		cmp.Compare(r.State, q.State), cmp.Compare(r.Origin, q.Origin),
		cmp.Compare(r.Code, q.Code), cmp.Compare(r.Actor, q.Actor), cmp.Compare(r.Cause, q.Cause))
}

// Health is whether messages arrive at the address of a subject.
type Health struct {
	Report HealthReport `json:"report"` // the last one of the worst state that stands
	Since  time.Time    `json:"since"`  // since when that state stands
	// SoftBounces is how many messages failed since one last arrived. It stops no message.
	SoftBounces int `json:"soft_bounces,omitempty"`
}

// FoldHealth returns what stands after the reports, one Health for each subject, in the order of
// subjects. The reports are normalized, and all that there are about these subjects; their order,
// and reports given twice, make no difference. States of different kinds stand side by side, and
// each ends only by a report that can end it (rule 6 of the package).
func FoldHealth(reports []HealthReport) []Health {
	var all []Health
	for some := range reportsBySubject(reports) {
		if h := foldHealth(some); h.Report.State != "" {
			all = append(all, h)
		}
	}
	return all
}

// reportsBySubject iterates over the reports about each subject, sorted and each once.
func reportsBySubject(reports []HealthReport) iter.Seq[[]HealthReport] {
	sorted := slices.Clone(reports)
	slices.SortFunc(sorted, HealthReport.compare)
	sorted = slices.CompactFunc(sorted, HealthReport.Equal)
	return func(yield func([]HealthReport) bool) {
		for len(sorted) > 0 {
			end := 1
			for end < len(sorted) && sorted[end].Subject == sorted[0].Subject {
				end++
			}
			if !yield(sorted[:end]) {
				return
			}
			sorted = sorted[end:]
		}
	}
}

// foldHealth returns the worst of what stands.
func foldHealth(sorted []HealthReport) Health {
	all := standingHealth(sorted)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Report.State != "" {
			return all[i]
		}
	}
	return Health{}
}

// standingHealth returns what stands after sorted reports about one subject, by severity. A milder
// state stays below a worse one, and counts again when the worse one is lifted.
func standingHealth(sorted []HealthReport) []Health {
	stand := make([]Health, len(healthStates))
	soft := 0
	for _, r := range sorted {
		severity := healthStates.index(r.State)
		if severity < 0 {
			continue
		}
		switch r.State {
		case Healthy:
			soft = 0
			for i := range stand[1:] {
				if stand[1+i].Report.State.liftedBy(r.Origin) {
					stand[1+i] = Health{}
				}
			}
		case SoftBounce:
			soft++
		}
		if severity > 0 {
			stand[0] = Health{}
		}
		h := &stand[severity]
		if h.Report.State == "" {
			h.Since = r.At
		}
		h.Report = r
	}
	for i := range stand {
		if stand[i].Report.State != "" {
			stand[i].SoftBounces = soft
		}
	}
	return stand
}
