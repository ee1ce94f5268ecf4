package filter

import (
	"strings"
	"time"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Env is the context in which an expression is bound: the clock, the calendar, and the names
// of a workspace. A nil Env is the zero Env. Bind does not change it.
type Env struct {
	Now       time.Time                // relative dates count from it; with the zero time they are refused
	Zone      *time.Location           // of days and periods; default: UTC
	WeekStart *time.Weekday            // first day of a week; default (nil): Monday, as in ISO 8601
	Sources   visitor.Catalog          // default: the built-in sources
	Tags      map[string]tag.ID        // by tag.Key of the name
	Groups    map[string]GroupRef      // by tag.Key of the name, and by id
	Topics    map[string]consent.Topic // normalized, by key
	Jobs      map[string][]visitor.ID  // the visitors of jobs, by the id of the job
	// KeyMissing means that a suppression key is missing, so that denials cannot be found. Then
	// conditions on can match no visitor.
	KeyMissing bool
	Unknown    Unknown // how an unknown name is bound
	// Known returns the names of all tags (TagKind) or groups (GroupKind), or the keys of all topics
	// (TopicKind), for the suggestion in an UnknownError. It is called only for an unknown name.
	// Default: no suggestion.
	Known func(Kind) []string
}

// GroupRef is a group of an Env. Its rule can mention groups of the Env that have no rule
// themselves.
type GroupRef struct {
	ID   visitor.GroupID
	Rule Expr // nil if the group has none
}

// Unknown selects how the name of a tag, group or topic, or the id of a job, that does not exist is
// bound. In the rule of a group, a topic that does not exist is always bound as with UnknownIsNobody.
type Unknown int

const (
	// UnknownIsError: Bind returns an *UnknownError.
	UnknownIsError Unknown = iota
	// UnknownIsNobody: the condition is bound as if no visitor had the tag or group, or anything
	// to do with the topic or the job.
	UnknownIsNobody
)

// Refs are the tags, groups, topics and jobs that an expression mentions. A list can repeat one.
type Refs struct {
	Tags     []string          // names, with single spaces
	Groups   []string          // names, with single spaces
	TagIDs   []tag.ID          // in lower case
	GroupIDs []visitor.GroupID // in lower case
	Topics   []string          // keys
	Jobs     []string          // ids, in lower case
	Can      bool              // has a condition on can, which depends on Env.KeyMissing
}

// References returns the tags, groups, topics and jobs that a valid expression mentions. To bind it, an
// Env must have the tags that it mentions by name, all groups, topics and jobs that it mentions, and
// those that the rules of these groups mention.
func References(e Expr) Refs {
	var r Refs
	walk(e, MaxDepth, func(leaf Expr) {
		c, _ := leaf.(Condition)
		r.Can = r.Can || c.Field == "can"
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
			case c.Field == "job":
				r.Jobs = append(r.Jobs, strings.ToLower(v.Text))
			case v.Permission.Topic != "":
				r.Topics = append(r.Topics, v.Permission.Topic)
			}
		}
	})
	return r
}

// walk visits the leaves of the first levels of e; a Bound is a leaf.
func walk(e Expr, levels int, visit func(leaf Expr)) {
	if levels == 0 {
		return
	}
	of := childrenOf(e)
	if of == nil {
		visit(e)
	}
	for _, child := range of {
		walk(child, levels-1, visit)
	}
}

// key returns tag.Key of a name as it would be stored: with single spaces.
func key(name string) string { return tag.Key(oneSpaced(name)) }

func oneSpaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// id returns the id of the tag or group that v names. The id of a tag is not looked up.
func (env *Env) id(kind Kind, v Value) (id string, known bool) {
	switch {
	case kind == GroupKind:
		ref, ok := env.group(v)
		return string(ref.ID), ok
	case v.Kind == IDValue:
		return strings.ToLower(v.Text), true
	}
	found, ok := env.Tags[key(v.Text)]
	return string(found), ok
}

// group returns the group whose name or id v is.
func (env *Env) group(v Value) (GroupRef, bool) {
	k := strings.ToLower(v.Text)
	if v.Kind == TextValue {
		k = key(v.Text)
	}
	ref, ok := env.Groups[k]
	return ref, ok
}

// unknown returns the error for an unknown name.
func (env *Env) unknown(kind Kind, v Value) error {
	err := &UnknownError{Kind: kind, Name: v.Text}
	if env.Known != nil {
		err.Suggestion = Suggest(v.Text, env.Known(kind))
	}
	return err
}
