package filtergen

import (
	"fmt"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// Visitors returns n visitors as a store would return them: each has passed
// visitor.Rules, and a Generator uses no identity twice.
func (g *Generator) Visitors(n int) []visitor.Visitor {
	rules := visitor.Rules{Sources: g.options.Sources}
	visitors := make([]visitor.Visitor, 0, n)
	for range n {
		d, err := rules.Draft(g.draft(), g.options.Now)
		if err != nil {
			panic(fmt.Sprintf("filtergen: made a draft that is refused: %v", err))
		}
		v := g.visitor(d)
		entries, reports := g.Statements(v)
		v.Consents, v.Health = statuses(entries), consent.FoldHealth(reports)
		visitors = append(visitors, v)
	}
	g.Know(visitors...)
	return visitors
}

// Draft returns the draft that creates v in a store: without its id, the audits of its tags
// and memberships, the groups it is excluded from, when it was updated and seen, and consents.
func Draft(v visitor.Visitor) visitor.Draft {
	v = v.Clone()
	d := visitor.Draft{
		Name: v.Name, Email: v.Email, Phone: v.Phone, Source: v.Source,
		Groups: v.Groups(), Identities: v.Identities, Attributes: v.Attributes, CreatedAt: v.CreatedAt,
	}
	for _, t := range v.Tags {
		d.Tags = append(d.Tags, t.Name)
	}
	return d
}

func (g *Generator) draft() visitor.Draft {
	d := visitor.Draft{Name: pick(g, names), Source: pick(g, g.options.Sources.Sources()), CreatedAt: g.instant()}
	if g.chance(60) {
		d.Email = pick(g, emails)
	}
	if g.chance(60) {
		d.Phone = pick(g, phones)
	}
	if g.chance(70) {
		for _, t := range some(g, g.options.Tags, 4) {
			d.Tags = append(d.Tags, t.Name)
		}
	}
	if g.chance(50) {
		for _, group := range some(g, g.options.Groups, 3) {
			d.Groups = append(d.Groups, group.ID)
		}
	}
	for range g.rand.IntN(3) {
		if i := g.identity(); !g.taken[i] {
			g.taken[i] = true
			g.known = append(g.known, i)
			d.Identities = append(d.Identities, visitor.Identity{Source: i.Source, Account: i.Account, ExternalID: i.ExternalID, Inboxes: some(g, inboxes, 4)})
		}
	}
	if g.chance(80) {
		d.Attributes = visitor.Attributes{}
		for _, name := range some(g, attributeNames, 4) {
			d.Attributes[name] = g.attribute(name)
		}
	}
	return d
}

func (g *Generator) visitor(d visitor.Draft) visitor.Visitor {
	v := d.Visitor(visitor.ID(g.id(d.CreatedAt)), d.CreatedAt)
	if t := g.instant(); t.After(v.CreatedAt) {
		v.UpdatedAt, v.Revision = t, 2
	}
	if g.chance(60) {
		v.LastSeenAt = g.instant()
	}
	for _, t := range g.options.Tags {
		if slices.Contains(d.Tags, t.Name) {
			v.Tags = append(v.Tags, tag.Assignment{Tag: t.ID, Name: t.Name, Color: t.Color, At: v.UpdatedAt})
		}
	}
	slices.SortFunc(v.Tags, tag.Assignment.Compare)
	for _, id := range d.Groups {
		v.Memberships = append(v.Memberships, visitor.Membership{Group: id, At: v.UpdatedAt})
	}
	for _, group := range g.options.Groups {
		if group.Rule != nil && g.chance(10) && !v.MemberOf(group.ID) {
			v.Excluded = append(v.Excluded, group.ID)
		}
	}
	slices.Sort(v.Excluded)
	return v
}

// instant returns the same time in half of the calls.
func (g *Generator) instant() time.Time {
	if g.chance(50) {
		return g.instants[0]
	}
	return pick(g, g.instants)
}

func (g *Generator) identity() filter.IdentityRef {
	i := filter.IdentityRef{Source: pick(g, g.options.Sources.Sources()), Account: pick(g, accounts), ExternalID: pick(g, externals)}
	if g.chance(50) {
		i.ExternalID = fmt.Sprint(len(g.known))
	}
	return i
}

// attribute returns a value, usually of the kind that the name suggests.
func (g *Generator) attribute(name string) visitor.Value {
	kinds := map[string]visitor.Kind{
		"city": visitor.TextKind, "plan.name": visitor.TextKind, "score": visitor.NumberKind,
		"vip": visitor.BoolKind, "born": visitor.TimeKind, "langs": visitor.ListKind,
	}
	kind, ok := kinds[name]
	if !ok || g.chance(20) {
		kind = pick(g, []visitor.Kind{visitor.TextKind, visitor.NumberKind, visitor.BoolKind, visitor.TimeKind, visitor.ListKind})
	}
	switch kind {
	case visitor.NumberKind:
		return visitor.Number(pick(g, numbers))
	case visitor.BoolKind:
		return visitor.Bool(g.chance(50))
	case visitor.TimeKind:
		return visitor.Time(g.instant())
	case visitor.ListKind:
		return visitor.List(append(some(g, names, 3), pick(g, names))...)
	}
	return visitor.Text(pick(g, names))
}
