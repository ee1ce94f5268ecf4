package consent

import (
	"slices"
	"time"
)

// Status is the result of all entries about a subject and a topic, or a subject and the whole
// channel. It does not depend on the time at which it is read; State returns its meaning at a time.
type Status struct {
	Entry Entry     `json:"entry"`          // the entry that counts
	Since time.Time `json:"since"`          // since when the state of Entry holds without a break
	Lapse Entry     `json:"lapse,omitzero"` // the denial that counts again when Entry expires; zero: none
}

// State returns the state at a time, "" if it is unknown: the entry has expired.
func (s Status) State(at time.Time) State {
	if s.Entry.live(at) {
		return s.Entry.State
	}
	return s.Lapse.State
}

// since returns since when the state at a time holds.
func (s Status) since(at time.Time) time.Time {
	if s.Entry.live(at) {
		return s.Since
	}
	return s.Entry.Expires
}

// denial returns the denial that stands, alone or under an entry that expires.
func (s Status) denial() (Entry, bool) {
	if s.Entry.State == Denied {
		return s.Entry, true
	}
	return s.Lapse, s.Lapse.State == Denied
}

// Fold returns the result of the entries, one Status for each subject and topic, in the order
// of subjects and topics. The entries are normalized, and all that there are about these subjects;
// their order, and entries given twice, make no difference. The rules are those of the package.
func Fold(entries []Entry) []Status {
	sorted := slices.Clone(entries)
	slices.SortFunc(sorted, Entry.compare)
	var all []Status
	for len(sorted) > 0 {
		end := 1
		for end < len(sorted) && sorted[end].Subject == sorted[0].Subject && sorted[end].Topic == sorted[0].Topic {
			end++
		}
		if s := fold(sorted[:end]); s.Entry.State != "" {
			all = append(all, s)
		}
		sorted = sorted[end:]
	}
	return all
}

// standing is what stands while entries about one subject and topic are read in their order.
type standing struct {
	denial      Entry     // zero: none
	deniedSince time.Time // since when the denial holds
	top         Entry     // a grant or a pending entry, on top of a denial only if it expires; zero: none
	topSince    time.Time
}

func fold(sorted []Entry) Status {
	var s standing
	for _, e := range sorted {
		switch e.State {
		case Denied:
			s.deny(e)
		case Granted:
			s.grant(e)
		case Pending:
			s.ask(e)
		case Lifted:
			if s.canLift(e) {
				s.denial, s.deniedSince = Entry{}, time.Time{}
			}
		}
	}
	if s.top.State == "" {
		return Status{Entry: s.denial, Since: s.deniedSince}
	}
	return Status{Entry: s.top, Since: s.topSince, Lapse: s.denial}
}

// deny makes e the denial. A denial that stands already stays if its origin ranks higher, since
// it is the better evidence.
func (s *standing) deny(e Entry) {
	lifted := s.isLive(Granted, e.At)
	switch {
	case s.denial.State == "" || s.top.State != "" && s.top.live(e.At):
		s.deniedSince = e.At
	case s.top.State != "": // it has expired, and since then the earlier denial counts again
		s.deniedSince = s.top.Expires
	}
	erased := s.denial.Evidence.Kind == ByErasure && e.Evidence.Kind != ByErasure // what lifts it has to be more
	if s.denial.State == "" || lifted || e.Origin.Compare(s.denial.Origin) >= 0 && !erased {
		s.denial = e
	}
	s.top, s.topSince = Entry{}, time.Time{}
}

// grant makes e what stands, if it may. A grant that expires leaves the denial below it.
func (s *standing) grant(e Entry) {
	granted := s.isLive(Granted, e.At)
	if e.Origin.speaksForPerson() {
		if s.denial.State != "" && !s.canLift(e) {
			return
		}
	} else {
		known := s.denial.State != "" || s.isLive(Pending, e.At)
		extends := granted && !s.top.Origin.speaksForPerson() && e.outlasts(s.top)
		if known || granted && !extends {
			return
		}
	}
	if e.Expires.IsZero() {
		s.denial, s.deniedSince = Entry{}, time.Time{}
	}
	s.put(e, granted)
}

// canLift reports whether e lifts a denial. Anybody can type the address of somebody else, so what
// stays of an erased person is lifted only by what shows that the person has the address.
func (s *standing) canLift(e Entry) bool {
	return e.Origin.speaksForPerson() &&
		(s.denial.Evidence.Kind != ByErasure || e.Origin == Platform || e.Evidence.Kind.FromAddress())
}

// ask makes e what stands, unless there is a grant, or the business asks after a denial or while
// the person's own sign-up can still be confirmed.
func (s *standing) ask(e Entry) {
	pending := s.isLive(Pending, e.At)
	if s.isLive(Granted, e.At) {
		return
	}
	if !e.Origin.speaksForPerson() && (s.denial.State != "" || pending && s.top.Origin.speaksForPerson()) {
		return
	}
	s.put(e, pending)
}

// put makes e what stands. continued reports whether its state held before.
func (s *standing) put(e Entry, continued bool) {
	s.top = e
	if !continued {
		s.topSince = e.At
	}
}

// isLive reports whether a grant or pending entry of that state stands at t.
func (s *standing) isLive(state State, t time.Time) bool {
	return s.top.State == state && s.top.live(t)
}

// Retain returns what is kept of the entries about a person who is deleted: the denials that
// stand, of the evidence only the kind, without actor and cause. Grants are dropped.
func Retain(entries []Entry) []Entry {
	var kept []Entry
	for _, s := range Fold(entries) {
		if d, denied := s.denial(); denied {
			kept = append(kept, Entry{
				Subject: d.Subject, Topic: d.Topic, State: d.State, Origin: d.Origin, At: d.At,
				Evidence: Evidence{Kind: d.Evidence.Kind},
			})
		}
	}
	return kept
}
