package filtergen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
	_ "time/tzdata" // the zones must not depend on the machine

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/id"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Options are the world that a Generator builds on.
type Options struct {
	Now       time.Time       // the clock; default: an awkward instant that the seed picks
	Zone      *time.Location  // the calendar; default: an awkward zone that the seed picks
	WeekStart *time.Weekday   // default: Monday; with a nil *Options the seed picks it
	Sources   visitor.Catalog // default: the built-in sources
	Tags      []tag.Tag       // tags of visitors and expressions; default: TagNames, with random ids
	Groups    []Group         // groups of visitors and expressions; default: GroupNames, with random ids and rules
	Topics    []consent.Topic // topics of consents and expressions; default: none, with nil *Options Topics
	Jobs      []string        // ids of jobs in expressions, each of some of the visitors; default: none, with nil *Options two
}

// Group is a group of visitors and expressions.
type Group struct {
	ID   visitor.GroupID
	Name string
	Rule filter.Expr // nil if the group has none
}

// Generator generates random visitors and expressions. It is not safe for concurrent use.
type Generator struct {
	rand     *rand.Rand
	options  Options
	instants []time.Time
	taken    map[filter.IdentityRef]bool
	known    []filter.IdentityRef
	ids      []visitor.ID
}

// New returns a Generator. With the same seed, options and calls it returns the same
// results. Nil options are the defaults.
func New(seed uint64, opts *Options) *Generator {
	g := &Generator{rand: rand.New(rand.NewPCG(seed, 0x76697369746f7273)), taken: map[filter.IdentityRef]bool{}}
	if opts == nil {
		weekStart := time.Weekday(g.rand.IntN(7))
		opts = &Options{WeekStart: &weekStart, Topics: Topics(), Jobs: []string{
			"01900000-0000-7000-8000-0000000000aa", "01900000-0000-7000-8000-0000000000ab",
		}}
	}
	g.options = *opts
	o := &g.options
	now, zone := pick(g, nows), pick(g, zones)
	if o.Now.IsZero() {
		o.Now = now
	}
	o.Now = o.Now.UTC().Truncate(time.Microsecond)
	if o.Zone == nil {
		o.Zone = zone
	}
	g.instants = instants(o.Now, o.Zone)
	if o.Tags == nil {
		for _, name := range TagNames() {
			o.Tags = append(o.Tags, tag.Tag{ID: tag.ID(g.id(o.Now)), Name: name, Color: tag.ColorFor(name), CreatedAt: o.Now})
		}
	}
	if o.Groups == nil {
		jobs := o.Jobs
		o.Jobs = nil // rules mention none
		o.Groups = g.groups()
		o.Jobs = jobs
	}
	return g
}

// groups returns groups of which every second has a rule. A rule mentions only tags and groups
// that exist, and no group with a rule, as stores require.
func (g *Generator) groups() []Group {
	var groups []Group
	for _, name := range GroupNames() {
		groups = append(groups, Group{ID: visitor.GroupID(g.id(g.options.Now)), Name: name})
	}
	for i := 0; i < len(groups); i += 2 {
		g.options.Groups = append(g.options.Groups, groups[i])
	}
	for i := 1; i < len(groups); i += 2 {
		for groups[i].Rule = g.Expr(3); !g.knows(groups[i].Rule); {
			groups[i].Rule = g.Expr(3)
		}
		if i%4 == 1 {
			groups[i].Rule = filter.Or(groups[i].Rule, filter.Group.HasID(pick(g, g.options.Groups).ID))
		}
	}
	return groups
}

// knows reports whether all tags and groups that e mentions by id exist.
func (g *Generator) knows(e filter.Expr) bool {
	refs := filter.References(e)
	return !slices.ContainsFunc(refs.TagIDs, func(id tag.ID) bool {
		return !slices.ContainsFunc(g.options.Tags, func(t tag.Tag) bool { return t.ID == id })
	}) && !slices.ContainsFunc(refs.GroupIDs, func(id visitor.GroupID) bool {
		return !slices.ContainsFunc(g.options.Groups, func(in Group) bool { return in.ID == id })
	})
}

// Know adds the ids of visitors, which a store created from Draft, to the operands of later
// expressions. The visitors that Visitors returned are known.
func (g *Generator) Know(visitors ...visitor.Visitor) {
	for _, v := range visitors {
		g.ids = append(g.ids, v.ID)
	}
}

// Now returns the generator's clock, in UTC to the microsecond.
func (g *Generator) Now() time.Time { return g.options.Now }

// Tags returns the tags of visitors and expressions.
func (g *Generator) Tags() []tag.Tag { return g.options.Tags }

// Groups returns the groups of visitors and expressions.
func (g *Generator) Groups() []Group { return g.options.Groups }

// Env returns the Env for the expressions of Expr.
func (g *Generator) Env() *filter.Env {
	o := g.options
	env := &filter.Env{
		Now: o.Now, Zone: o.Zone, WeekStart: o.WeekStart, Sources: o.Sources,
		Tags: map[string]tag.ID{}, Groups: map[string]filter.GroupRef{}, Topics: map[string]consent.Topic{},
	}
	for _, t := range o.Topics {
		env.Topics[t.Key] = t
	}
	for _, t := range o.Tags {
		env.Tags[tag.Key(t.Name)] = t.ID
	}
	for _, group := range o.Groups {
		ref := filter.GroupRef{ID: group.ID, Rule: group.Rule}
		env.Groups[tag.Key(group.Name)] = ref
		env.Groups[string(group.ID)] = ref
	}
	env.Jobs = make(map[string][]visitor.ID, len(o.Jobs))
	for n, job := range o.Jobs {
		env.Jobs[job] = []visitor.ID{}
		for i := n; i < len(g.ids); i += 2 + n {
			env.Jobs[job] = append(env.Jobs[job], g.ids[i])
		}
	}
	return env
}

// id returns an id like id.New, with the generator's random numbers.
func (g *Generator) id(t time.Time) string {
	first := id.First(t)
	return fmt.Sprintf("%s%04x-%012x", first[:19], 0x8000|g.rand.Uint64()>>50, g.rand.Uint64()>>16)
}

func (g *Generator) chance(percent int) bool { return g.rand.IntN(100) < percent }

func pick[T any](g *Generator, from []T) T { return from[g.rand.IntN(len(from))] }

// some picks up to most of from, each at most once.
func some[T any](g *Generator, from []T, most int) []T {
	if len(from) == 0 {
		return nil
	}
	var picked []T
	for _, i := range g.rand.Perm(len(from))[:g.rand.IntN(min(most, len(from))+1)] {
		picked = append(picked, from[i])
	}
	return picked
}
