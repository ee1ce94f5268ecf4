package filter

import (
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// Env is what an expression is bound in: the clock, the calendar, and the names of a
// workspace. A nil Env is the zero Env.
type Env struct {
	Now       time.Time           // the instant that relative dates count from; they are refused while it is zero
	Zone      *time.Location      // of days and periods; default UTC
	WeekStart time.Weekday        // first day of a week; the zero value is Sunday
	Sources   visitor.Catalog     // default: the built-in sources
	Tags      map[string]tag.ID   // by tag.Key of the name
	Groups    map[string]GroupRef // by tag.Key of the name, and by id
	Unknown   Unknown             // what a name that is not there means
	// Known lists the names of all tags (TagKind) or groups (GroupKind), to find the one
	// that an unknown name is most like. It is called only then; default: no suggestion.
	Known func(Kind) []string
}

// GroupRef is what Bind knows of a group. A rule may mention groups of the Env that have no
// rule themselves.
type GroupRef struct {
	ID   visitor.GroupID
	Rule Expr // nil if the group has none
}

// Unknown says what the name of a tag or group that does not exist means.
type Unknown int

const (
	// UnknownIsError makes it an *UnknownError.
	UnknownIsError Unknown = iota
	// UnknownIsNobody makes the condition match as if nobody had it.
	UnknownIsNobody
)

// Refs are the tags and groups that an expression mentions.
type Refs struct {
	Tags     []string          // names, their white space folded
	Groups   []string          // names, their white space folded
	TagIDs   []tag.ID          // ids
	GroupIDs []visitor.GroupID // ids
}

// References returns the tags and groups that a valid expression mentions. To bind it, an Env
// must hold the tags that it mentions by name, the groups, and likewise what the rules of
// those groups mention.
func References(e Expr) Refs {
	var r Refs
	walk(e, MaxDepth, func(leaf Expr) {
		c, _ := leaf.(Condition)
		for _, v := range c.Values {
			switch {
			case c.Field == "tag" && v.Kind == TextValue:
				r.Tags = append(r.Tags, oneSpaced(v.Text))
			case c.Field == "tag" && v.Kind == IDValue:
				r.TagIDs = append(r.TagIDs, tag.ID(strings.ToLower(v.Text)))
			case c.Field == "group" && v.Kind == TextValue:
				r.Groups = append(r.Groups, oneSpaced(v.Text))
			case c.Field == "group" && v.Kind == IDValue:
				r.GroupIDs = append(r.GroupIDs, visitor.GroupID(strings.ToLower(v.Text)))
			}
		}
	})
	return r
}

// MentionsGroups reports whether a valid expression has a condition on groups, also
// inside a Bound.
func MentionsGroups(e Expr) bool {
	found := false
	walk(e, MaxDepth, func(leaf Expr) {
		switch leaf := leaf.(type) {
		case Condition:
			found = found || leaf.Field == "group"
		case Bound:
			found = found || testsGroups(leaf.Node())
		}
	})
	return found
}

// testsGroups reports whether a bound tree has a test on groups.
func testsGroups(n Node) bool {
	switch n := n.(type) {
	case AllOf:
		return slices.ContainsFunc(n, testsGroups)
	case AnyOf:
		return slices.ContainsFunc(n, testsGroups)
	case Negation:
		return testsGroups(n.Of)
	case *Test:
		return n.Field.Kind == GroupKind
	}
	return false
}

// walk visits the leaves of e down to that many levels; a Bound is a leaf.
func walk(e Expr, levels int, visit func(leaf Expr)) {
	if levels == 0 {
		return
	}
	switch e := e.(type) {
	case AndExpr:
		for _, child := range e.Of {
			walk(child, levels-1, visit)
		}
	case OrExpr:
		for _, child := range e.Of {
			walk(child, levels-1, visit)
		}
	case NotExpr:
		walk(e.Of, levels-1, visit)
	default:
		visit(e)
	}
}

// key is tag.Key of a name as it would be kept: white space folded.
func key(name string) string { return tag.Key(oneSpaced(name)) }

func oneSpaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// tag looks up a tag that v names, or whose id v is.
func (env *Env) tag(v Value) (tag.ID, bool) {
	if v.Kind == IDValue {
		return tag.ID(strings.ToLower(v.Text)), true
	}
	found, ok := env.Tags[key(v.Text)]
	return found, ok
}

// group looks up a group that v names, or whose id v is.
func (env *Env) group(v Value) (GroupRef, bool) {
	k := strings.ToLower(v.Text)
	if v.Kind == TextValue {
		k = key(v.Text)
	}
	ref, ok := env.Groups[k]
	return ref, ok
}

// unknown refuses the name that v is.
func (env *Env) unknown(kind Kind, v Value) error {
	err := &UnknownError{Kind: kind, Name: v.Text}
	if env.Known != nil {
		err.Suggestion = Suggest(v.Text, env.Known(kind))
	}
	return err
}
