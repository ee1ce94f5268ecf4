package driver

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	MaxWatched = 1_000    // watched groups in a workspace
	MaxAdvance = maxBatch // visitors of an AdvanceWatch
)

// Of the watched groups of a workspace, a store keeps only their rules and how far the events are
// recorded, not who is a member: who was a member at an instant follows from a visitor's row and the
// rule. An event of a flip is appended
//
//   - when a change of a visitor is made: Apply compares the row before and after it, and
//   - when AdvanceWatch is applied: for the visitors whose membership the clock has changed.
//
// Events of a visitor are recorded up to Watch.At, or up to Watch.Next for those up to Watch.Cursor,
// or up to the instant in its record of the kind WatchAhead, whichever is last. A change of a visitor
// first records what the clock did to the old row up to the change. It writes such a record only if
// the new row would have had flips before the change, which are none.

// Watch is the state of the watched groups of a workspace, in JSON in a record of the kind
// WatchRecords. Instants are in microseconds since 1970.
type Watch struct {
	At     int64      `json:"at"`               // what the clock changed up to then is recorded
	Clock  int64      `json:"clock"`            // no event is recorded for an instant before it but what the clock changed
	Next   int64      `json:"next,omitempty"`   // not 0: it is being recorded up to then, in the order of ids
	Cursor visitor.ID `json:"cursor,omitempty"` // and it is for visitors up to this id
	Ahead  bool       `json:"ahead,omitempty"`  // there are records of the kind WatchAhead
	Hash   string     `json:"hash"`             // of the record with the groups
}

// WatchedGroup is a group whose members are watched.
type WatchedGroup struct {
	Group     group.ID      `json:"group"`
	Zone      string        `json:"zone,omitempty"` // of days and periods
	WeekStart time.Weekday  `json:"week_start"`
	Quiet     bool          `json:"quiet,omitempty"` // members at the start get no event
	Rules     []WatchedRule `json:"rules"`           // by Since; all but the last are still to be recorded
}

// WatchedRule is the rule of a group from an instant on.
type WatchedRule struct {
	Version int             `json:"version"` // 1 when the group began to be watched
	Since   int64           `json:"since"`
	Rule    json.RawMessage `json:"rule,omitempty"` // none: members are added by hand
}

// Keys of records of the kind WatchRecords.
const (
	watchState  = "state"
	watchGroups = "groups"
)

// Watching is the watched groups of a workspace, ready to be tested. Its groups are safe for
// concurrent use.
type Watching struct {
	Watch
	Groups []*Segment
}

// Segment is a watched group with its rules bound.
type Segment struct {
	WatchedGroup
	moving []*filter.Moving // of each rule
	reads  fieldSet
	any    fieldSet // tag or group, if the rule asks whether there is any
}

// RuleCache keeps the bound rules of a workspace between calls of Apply, for a Tx that has a method
// RuleCache. The zero RuleCache is ready to use.
type RuleCache struct {
	mu     sync.Mutex
	hash   string
	groups []*Segment
}

// ruleCacher is an optional interface of a Tx.
type ruleCacher interface{ RuleCache() *RuleCache }

// ReadWatching returns the watched groups of a workspace, nil if there are none. read is the method
// Records of a store or a Tx.
func ReadWatching(read func(RecordQuery) ([]Record, error), cache *RuleCache) (*Watching, error) {
	for range 3 { // the groups can change between the two records
		found, err := read(RecordQuery{Kind: WatchRecords, Keys: []string{watchState}})
		if err != nil || len(found) == 0 {
			return nil, err
		}
		w := &Watching{}
		if err := decode("watch", watchState, found[0].Value, &w.Watch); err != nil {
			return nil, err
		}
		var current bool
		if w.Groups, current, err = cache.segments(w.Hash, read); err != nil || current {
			return w, err
		}
	}
	return nil, &Error{Kind: "watch", Err: ErrConflict}
}

// segments returns the groups whose record has that hash. It returns false if the record has another.
func (c *RuleCache) segments(hash string, read func(RecordQuery) ([]Record, error)) ([]*Segment, bool, error) {
	if c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.hash == hash {
			return c.groups, true, nil
		}
	}
	found, err := read(RecordQuery{Kind: WatchRecords, Keys: []string{watchGroups}})
	if err != nil || len(found) == 0 || hashOf(found[0].Value) != hash {
		return nil, false, err
	}
	var groups []WatchedGroup
	if err := decode("watch", watchGroups, found[0].Value, &groups); err != nil {
		return nil, false, err
	}
	segments := make([]*Segment, len(groups))
	for n, g := range groups {
		if segments[n], err = NewSegment(g); err != nil {
			return nil, false, err
		}
	}
	if c != nil {
		c.hash, c.groups = hash, segments
	}
	return segments, true, nil
}

func hashOf(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:8])
}

// NewSegment binds the rules of a watched group. The error matches ErrInvalid for a rule that cannot
// be watched.
func NewSegment(g WatchedGroup) (*Segment, error) {
	s := &Segment{WatchedGroup: g}
	zone := time.UTC
	if g.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(g.Zone); err != nil || zone == time.Local {
			return nil, text.Refuse("zone", "cannot be watched: want the name of a zone of the IANA database, such as Europe/Berlin")
		}
	}
	for _, r := range g.Rules {
		env := &filter.Env{Zone: zone, WeekStart: &g.WeekStart, Groups: map[string]filter.GroupRef{}}
		ref := filter.GroupRef{ID: g.Group}
		if r.Rule != nil {
			rule, err := filter.Unmarshal(r.Rule)
			if err != nil {
				return nil, err
			}
			for _, id := range filter.References(rule).GroupIDs {
				env.Groups[string(id)] = filter.GroupRef{ID: id}
			}
			ref.Rule = rule
		}
		env.Groups[string(g.Group)] = ref
		m, err := filter.BindMoving(filter.Group.HasID(g.Group), env)
		if err != nil {
			return nil, err
		}
		s.moving = append(s.moving, m)
		for _, name := range m.Fields() {
			s.reads |= fieldNamed(name)
			if m.ReadsAny(name) {
				s.any |= fieldNamed(name)
			}
		}
	}
	return s, nil
}

// at returns the index of the rule at an instant, -1 before the first.
func (s *Segment) at(instant int64) int {
	n := len(s.Rules) - 1
	for n >= 0 && s.Rules[n].Since > instant {
		n--
	}
	return n
}

// Has reports whether v, as it is, would be a member at an instant.
func (s *Segment) Has(v *visitor.Visitor, instant int64) bool {
	n := s.at(instant)
	return n >= 0 && s.moving[n].Match(v, instant)
}

// Flip is an instant at which a visitor enters or leaves a group.
type Flip struct {
	At      int64 // in microseconds since 1970
	Visitor visitor.ID
	Entered bool
	Group   group.ID
	Rule    int // version
	Cause   FlipCause
}

// FlipCause says why a visitor entered or left a group.
type FlipCause string

// The causes.
const (
	ByChange FlipCause = "change" // of the visitor
	ByClock  FlipCause = "clock"  // the time has passed
	ByRule   FlipCause = "rule"   // the rule was edited, or the group began to be watched
	ByMerge  FlipCause = "merge"  // two visitors were merged or unmerged
	ByDelete FlipCause = "delete" // the visitor was deleted
)

// Flips returns what the clock, and edits of the rule, do to the membership of v after an instant and
// up to another, in order. member is whether v is a member afterwards.
func (s *Segment) Flips(v *visitor.Visitor, from, to int64) (flips []Flip, member bool) {
	if first := s.Rules[0].Since; s.Quiet && from < first {
		from = first
	}
	member = s.Has(v, from)
	for n, m := range s.moving {
		since, until := s.Rules[n].Since, to
		if n+1 < len(s.moving) {
			until = min(to, s.Rules[n+1].Since) // what the clock does at that instant comes before the edit
		}
		instants := m.Instants(v, max(from, since), until)
		if since > from && since <= to {
			instants = slices.Insert(instants, 0, since)
		}
		for _, at := range instants {
			if m.Match(v, at) == member {
				continue
			}
			member = !member
			f := Flip{At: at, Visitor: v.ID, Entered: member, Group: s.Group, Rule: s.Rules[n].Version, Cause: ByClock}
			if at == since {
				f.Cause = ByRule
			}
			flips = append(flips, f)
		}
	}
	return flips, member
}

// still reports whether no membership can change after an instant and up to another but by changes
// of visitors.
func (s *Segment) still(from int64) bool {
	return len(s.Rules) == 1 && s.Rules[0].Since <= from && !s.moving[0].Moves()
}

// Crossing returns the times of those visitors for whom Flips can return a flip by the clock.
func (s *Segment) Crossing(from, to int64) (all []filter.Times) {
	for _, m := range s.moving {
		all = append(all, m.Crossing(from, to)...)
	}
	return all
}

// Edit is an edit of the rule: Before and After are the members before and from then on.
type Edit struct{ Before, After filter.Bound }

// Edits returns the edits of the rule after an instant and up to another.
func (s *Segment) Edits(from, to int64) (all []Edit, err error) {
	for n, r := range s.Rules {
		if r.Since <= from || r.Since > to || n == 0 && s.Quiet {
			continue
		}
		var e Edit // the zero Bound matches no visitor
		if e.After, err = s.moving[n].At(r.Since); err != nil {
			return nil, err
		}
		if n > 0 {
			if e.Before, err = s.moving[n-1].At(r.Since); err != nil {
				return nil, err
			}
		}
		all = append(all, e)
	}
	return all, nil
}

// Boundary returns the first instant after another at which a period of the rule ends, 0 if it has
// none.
func (s *Segment) Boundary(after int64) int64 {
	first, _ := s.moving[len(s.moving)-1].Boundary(after)
	return first
}

// Ages returns the fields and ages that the rule compares.
func (s *Segment) Ages() map[filter.TimeField][]int64 { return s.moving[len(s.moving)-1].Ages() }

// event returns the event of a flip. Its Fields are the cause and the version of the rule.
func (f Flip) event(a Audit) Event {
	e := Event{
		Kind: GroupLeft, At: FromMicros(f.At), Visitor: f.Visitor, Groups: []group.ID{f.Group},
		Fields: []string{string(f.Cause), "rule:" + strconv.Itoa(f.Rule)},
	}
	if f.Entered {
		e.Kind = GroupEntered
	}
	if f.Cause != ByClock && f.Cause != ByRule {
		e.Actor, e.Cause = a.Actor, a.Cause
		if a.Bulk {
			e.Fields = append(e.Fields, "bulk")
		}
	}
	return e
}

// sortFlips sorts flips by instant, and otherwise by visitor and group.
func sortFlips(flips []Flip) {
	slices.SortStableFunc(flips, func(f, g Flip) int {
		return cmp.Or(cmp.Compare(f.At, g.At), cmp.Compare(f.Visitor, g.Visitor), cmp.Compare(f.Group, g.Group))
	})
}
