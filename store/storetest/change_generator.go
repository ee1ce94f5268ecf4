package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// changeGenerator draws changes about a few visitors, tags, groups and identities, so that
// the changes affect each other.
type changeGenerator struct {
	maker
	rnd        *rand.Rand
	visitors   []visitor.Visitor
	tags       []tag.Tag
	groups     []group.Group
	rules      []filter.Expr
	identities []visitor.Identity
	audiences  []driver.Audience
	jobs       []driver.Job
}

func newChangeGenerator(m maker, rnd *rand.Rand) *changeGenerator {
	g := &changeGenerator{maker: m, rnd: rnd}
	for _, name := range []string{"Ada", "Bob", "Cleo", "Dan", "Eve"} {
		g.visitors = append(g.visitors, g.visitor(name))
	}
	for _, name := range []string{"vip", "Hot Lead", "hot lead", "ÁÉ"} {
		g.tags = append(g.tags, g.tag(name))
	}
	g.groups = append(g.groups, g.group("Team", nil), g.group("Crew", nil), g.group("Chatters", filter.Source.Is(visitor.Chat)), g.group("TEAM", filter.All()))
	g.rules = []filter.Expr{
		filter.All(), filter.Source.Is(visitor.Chat), filter.Group.Exists(),
		filter.Or(filter.Email.Exists(), filter.Not(filter.Tag.HasID(g.tags[0].ID))),
		filter.Not(filter.And(filter.Group.HasID(g.groups[0].ID), filter.Tag.HasID(g.tags[3].ID))),
		filter.And(filter.All(), filter.Group.HasID(g.groups[1].ID)),
		filter.Or(filter.LastSeenAt.Within(5*time.Second), filter.UpdatedAt.OlderThan(20*time.Second)),
		filter.Not(filter.Health(consent.Email).Is(consent.HardBounce)),
	}
	for i := range 4 {
		g.identities = append(g.identities, visitor.Identity{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)})
	}
	g.audiences = append(g.audiences, g.audience("A", 1), g.audience("B", 2))
	for range 3 {
		g.jobs = append(g.jobs, driver.Job{ID: driver.JobID(g.id(g.now()))})
	}
	return g
}

func one[T any](g *changeGenerator, from []T) T { return from[g.rnd.IntN(len(from))] }

// few returns up to most items, each at most once, in their order.
func few[T any](g *changeGenerator, from []T, most int) []T {
	var some []T
	for _, item := range from {
		if len(some) < most && g.rnd.IntN(3) == 0 {
			some = append(some, item)
		}
	}
	return some
}

func (g *changeGenerator) keys() []string {
	keys := sorted(keys(few(g, g.tags, 3)...))
	return slices.Compact(keys)
}

// setup creates most of what the changes are about, so that most of them have an effect.
func (g *changeGenerator) setup() []driver.Change {
	a, b := inGroups(g.visitors[0], g.groups[0].ID), g.visitors[1]
	a.Identities = g.identities[:1]
	changes := []driver.Change{
		driver.CreateTag{Tag: g.tags[0]}, driver.CreateTag{Tag: g.tags[1]}, driver.CreateTag{Tag: g.tags[3]},
		driver.CreateGroup{Group: g.groups[0]}, driver.CreateGroup{Group: g.groups[1]}, driver.CreateGroup{Group: g.groups[2]},
		create(a, g.tags[0], g.tags[1]), create(b), g.topic("news"),
	}
	if g.rnd.IntN(2) == 0 {
		changes = append(changes, driver.WatchGroup{Audit: g.audit(), Group: g.groups[0].ID, On: true},
			driver.WatchGroup{Audit: g.audit(), Group: g.groups[2].ID, On: true, Events: true})
	}
	return changes
}

// next draws a change.
func (g *changeGenerator) next() driver.Change {
	a := driver.Audit{At: g.now(), Actor: one(g, []string{"", "ann", "bob"}), Cause: one(g, []string{"", "import"})}
	v, t, in := one(g, g.visitors), one(g, g.tags), one(g, g.groups)
	names := []string{"Ada", "Ben", "vip", "Hot Lead", "Team", "Chatters", "new"}
	switch g.rnd.IntN(60) {
	case 0, 1, 2, 3, 4:
		v.Name, v.Identities, v.Email = one(g, names), few(g, g.identities, 2), one(g, append(emails, ""))
		c := driver.CreateVisitor{Audit: a, Visitor: v, Tags: g.keys()}
		for _, in := range few(g, g.groups, 2) {
			c.Groups = append(c.Groups, in.ID)
		}
		return c
	case 5, 6, 7:
		return driver.UpdateVisitor{Audit: a, ID: v.ID, Patch: g.patch()}
	case 8, 9:
		return driver.DeleteVisitor{Audit: a, ID: v.ID}
	case 10, 11, 12:
		return driver.AddTags{Audit: a, ID: v.ID, Tags: g.keys()}
	case 13, 14:
		return driver.RemoveTags{Audit: a, ID: v.ID, Tags: g.keys()}
	case 15:
		return driver.EnsureTag{Audit: a, Tag: t}
	case 16:
		return driver.CreateTag{Audit: a, Tag: t}
	case 17:
		return driver.UpdateTag{Audit: a, ID: t.ID, Patch: tag.Patch{Name: ptr(one(g, names)), Color: ptr(one(g, tag.Palette()[:2]))}}
	case 18:
		return driver.DeleteTag{Audit: a, ID: t.ID}
	case 19:
		return driver.CreateGroup{Audit: a, Group: in}
	case 20, 21:
		return driver.UpdateGroup{Audit: a, ID: in.ID, Patch: g.groupPatch(names)}
	case 22, 23:
		return driver.RemoveFromGroup{Audit: a, Group: in.ID, ID: v.ID}
	case 24:
		return driver.DeleteGroup{Audit: a, ID: in.ID}
	case 25, 26, 27, 28, 29:
		return g.capture(a)
	case 30:
		return driver.LinkIdentity{Audit: a, ID: v.ID, Identity: one(g, g.identities)}
	case 31:
		return driver.UnlinkIdentity{Audit: a, ID: v.ID, Identity: one(g, g.identities)}
	case 32, 33:
		return driver.MergeVisitors{Audit: a, Into: v.ID, From: one(g, g.visitors).ID}
	case 34:
		return driver.UnmergeVisitor{Audit: a, From: v.ID}
	case 35:
		return g.topic(one(g, topicKeys))
	case 36:
		return driver.DeleteTopic{Audit: a, Key: one(g, topicKeys)}
	case 37, 38, 39, 40, 41:
		return driver.RecordConsent{Audit: a, Entry: g.entry(a), FromChannel: g.rnd.IntN(4) == 0}
	case 42, 43, 44:
		return driver.ReportHealth{Audit: a, Report: g.health(a), FromChannel: g.rnd.IntN(4) == 0}
	case 45:
		return driver.EraseVisitor{Audit: a, ID: v.ID, Reason: one(g, []string{"", "a letter"})}
	case 46:
		audience := one(g, g.audiences)
		audience.Complete = g.rnd.IntN(2) == 0
		return driver.PutAudience{Audit: a, Audience: audience, Part: 1 + g.rnd.IntN(2), Visitors: few(g, []visitor.ID{v.ID}, 1)}
	case 50, 51, 52:
		return g.putJob(a)
	case 53, 54, 55, 56, 57, 58, 59:
		steps := []driver.JobStep{driver.StepRun, driver.StepRun, driver.StepRun, driver.StepUndo, driver.StepUndo, driver.StepDelete, driver.StepCancel}
		return driver.StepJob{Audit: a, ID: one(g, g.jobs).ID, Step: one(g, steps), From: g.rnd.IntN(3)}
	case 47:
		return driver.DeleteAudience{Audit: a, ID: one(g, g.audiences).ID}
	case 48:
		return driver.WatchGroup{Audit: a, Group: in.ID, On: g.rnd.IntN(3) > 0, Events: g.rnd.IntN(2) == 0}
	}
	return driver.AddToGroup{Audit: a, Group: in.ID, ID: v.ID}
}

var (
	emails    = []string{"a@example.com", "b@example.com", "c@example.com"}
	topicKeys = []string{"news", "offers"}
)

func (g *changeGenerator) topic(key string) driver.Change {
	t := consent.Topic{Key: key, Label: key, Default: one(g, []consent.DefaultState{consent.OptIn, consent.OptOut})}
	t.DoubleOptIn = t.Default == consent.OptIn && g.rnd.IntN(3) == 0
	return driver.PutTopic{Audit: g.audit(), Topic: t}
}

// subject draws an address that a visitor may have.
func (g *changeGenerator) subject() consent.Subject {
	if g.rnd.IntN(2) == 0 {
		return consent.Subject{Channel: consent.Email, Address: one(g, emails)}
	}
	return consent.Subject{Channel: consent.Telegram, Sender: one(g, []string{"", "a", "b"}), Address: one(g, g.identities).ExternalID}
}

// entry draws an entry, which may be older than others.
func (g *changeGenerator) entry(a driver.Audit) consent.Entry {
	for {
		e := consent.Entry{
			Subject: g.subject(), Topic: one(g, append(topicKeys, "")), State: one(g, []consent.State{consent.Granted, consent.Denied, consent.Pending, consent.Lifted}),
			Origin: one(g, []consent.Origin{consent.Person, consent.Person, consent.Platform, consent.Operator, consent.Import}),
			Basis:  one(g, []consent.Basis{"", consent.ByConsent}), At: a.At.Add(-time.Duration(g.rnd.IntN(5)) * time.Second), Actor: a.Actor, Cause: a.Cause,
			Evidence: consent.Evidence{Kind: one(g, []consent.EvidenceKind{consent.ByForm, consent.ByKeyword}), Ref: one(g, []string{"", "7"})},
		}
		if g.rnd.IntN(4) == 0 {
			e.Expires = a.At.Add(time.Hour)
		}
		if e, err := e.Normalize(a.At); err == nil {
			return e
		}
	}
}

// health draws a report, which may be older than others.
func (g *changeGenerator) health(a driver.Audit) consent.HealthReport {
	states := []consent.HealthState{consent.Healthy, consent.SoftBounce, consent.HardBounce, consent.Complaint, consent.Blocked, consent.Invalid}
	for {
		r := consent.HealthReport{
			Subject: g.subject(), State: one(g, states), Origin: one(g, []consent.Origin{consent.Person, consent.Platform, consent.Operator}),
			At: a.At.Add(-time.Duration(g.rnd.IntN(5)) * time.Second), Actor: a.Actor, Cause: a.Cause,
		}
		if r, err := r.Normalize(a.At); err == nil {
			return r
		}
	}
}

// putJob draws a plan of one or two parts.
func (g *changeGenerator) putJob(a driver.Audit) driver.PutJob {
	action := driver.Action{Kind: one(g, []driver.ActionKind{
		driver.ActionTag, driver.ActionUntag, driver.ActionAddToGroup, driver.ActionRemoveFromGroup, driver.ActionSet, driver.ActionUnset,
		driver.ActionDelete, driver.ActionMerge,
	})}
	var tags []tag.Tag
	ids := []visitor.ID{one(g, g.visitors).ID, one(g, g.visitors).ID}
	switch action.Kind {
	case driver.ActionTag, driver.ActionUntag:
		tags = few(g, []tag.Tag{g.tags[0], g.tags[1], g.tags[3]}, 2)
	case driver.ActionAddToGroup, driver.ActionRemoveFromGroup:
		action.Group = one(g, g.groups).ID
	case driver.ActionSet:
		action.Set = visitor.Attributes{"a": visitor.Text("job"), "b": visitor.Number(2)}
	case driver.ActionUnset:
		action.Unset = []string{"a", "b"}
	}
	j := g.job(action, tags...)
	j.ID, j.Parts, j.State = one(g, g.jobs).ID, 1+g.rnd.IntN(2), one(g, []driver.JobState{driver.JobFreezing, driver.JobPlanned, driver.JobPlanned})
	if action.Kind != driver.ActionMerge && ids[0] == ids[1] {
		ids = ids[:1]
	}
	return driver.PutJob{Audit: a, Job: j, Part: j.Parts, Visitors: ids}
}

// capture draws a capture that may create one of the visitors.
func (g *changeGenerator) capture(a driver.Audit) driver.CaptureContact {
	i := one(g, g.identities)
	contact := visitor.Contact{
		Source: i.Source, ExternalID: i.ExternalID, Inbox: one(g, []string{"", "a", "b", "c"}), Name: one(g, []string{"", "Ada", "Ben"}), Username: one(g, []string{"", "ada", "ben"}),
		Email: one(g, append(emails, "")), Unverified: g.rnd.IntN(3) == 0, UpdateOnly: g.rnd.IntN(5) == 0,
		OccurredAt: a.At.Add(-time.Duration(g.rnd.IntN(5)) * time.Second), EventID: one(g, []string{"", fmt.Sprint(g.rnd.IntN(30))}),
	}
	if g.rnd.IntN(3) == 0 {
		contact.Attributes = visitor.Attributes{"a": one(g, []visitor.Value{visitor.Text("x"), visitor.Number(1)})}
	}
	if g.rnd.IntN(3) == 0 {
		contact.AlternateIDs = few(g, g.identities, 1)
	}
	capture := driver.CaptureContact{Audit: a, ID: one(g, g.visitors).ID, Contact: contact, Tags: few(g, g.tags, 2)}
	if g.rnd.IntN(4) == 0 {
		capture.Policy = visitor.Policy{Name: visitor.Always, Email: visitor.IfNewer, ByEmail: visitor.MatchAny}
	}
	return capture
}

func (g *changeGenerator) patch() visitor.Patch {
	var p visitor.Patch
	if g.rnd.IntN(2) == 0 {
		p.Name = ptr(one(g, []string{"Ada", "Ben"}))
	}
	if g.rnd.IntN(3) == 0 {
		p.Email = ptr(one(g, append(emails, "")))
	}
	if g.rnd.IntN(3) == 0 {
		p.Source = ptr(one(g, visitor.Sources()[:3]))
	}
	if g.rnd.IntN(3) == 0 {
		p.Set = visitor.Attributes{one(g, []string{"a", "b"}): one(g, []visitor.Value{visitor.Text("x"), visitor.Number(1), visitor.List("x", "y")})}
	}
	if g.rnd.IntN(4) == 0 {
		p.Unset = []string{"c"}
		if p.Set == nil {
			p.Unset = []string{"a", "c"}
		}
	}
	if g.rnd.IntN(4) == 0 {
		p.IfRevision = int64(1 + g.rnd.IntN(3))
	}
	return p
}

func (g *changeGenerator) groupPatch(names []string) group.Patch {
	p := group.Patch{Description: ptr(one(g, []string{"", "about"}))}
	switch g.rnd.IntN(4) {
	case 0:
		p.Name = ptr(one(g, names))
	case 1:
		p.Rule = one(g, g.rules)
	case 2:
		p.ClearRule = true
	}
	return p
}

// call draws up to n changes of one call, of which only the last may fail.
func (g *changeGenerator) call(f *fixture, o *oracle, n int) []driver.Change {
	f.Helper()
	var changes []driver.Change
	trial := *o
	for range n {
		c := g.next()
		_, err := trial.apply(f.Context(), []driver.Change{c})
		if err != nil && g.rnd.IntN(4) > 0 {
			continue
		}
		changes = append(changes, c)
		if err != nil {
			break
		}
	}
	return changes
}
