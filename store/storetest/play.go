package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// cast is the few things that random changes are about, so that they meet.
type cast struct {
	maker
	rnd        *rand.Rand
	visitors   []visitor.Visitor
	tags       []tag.Tag
	groups     []group.Group
	identities []visitor.Identity
}

func newCast(m maker, rnd *rand.Rand) *cast {
	c := &cast{maker: m, rnd: rnd}
	for _, name := range []string{"Ada", "Bob", "Cleo", "Dan", "Eve"} {
		c.visitors = append(c.visitors, c.visitor(name))
	}
	for _, name := range []string{"vip", "Hot Lead", "hot lead", "ÁÉ"} {
		c.tags = append(c.tags, c.tag(name))
	}
	c.groups = append(c.groups, c.group("Team", nil), c.group("Chatters", filter.Source.Is(visitor.Chat)), c.group("TEAM", filter.All()))
	for i := range 4 {
		c.identities = append(c.identities, visitor.Identity{Source: visitor.Telegram, ExternalID: fmt.Sprint(i)})
	}
	return c
}

func one[T any](c *cast, from []T) T { return from[c.rnd.IntN(len(from))] }

// few returns up to most of from, sorted by place, each at most once.
func few[T any](c *cast, from []T, most int) []T {
	var some []T
	for _, item := range from {
		if len(some) < most && c.rnd.IntN(3) == 0 {
			some = append(some, item)
		}
	}
	return some
}

func (c *cast) keys() []string {
	keys := sorted(keys(few(c, c.tags, 3)...))
	return slices.Compact(keys)
}

// opening makes most of the cast, so that most of what is drawn has an effect.
func (c *cast) opening() []store.Change {
	a, b := c.visitors[0], c.visitors[1]
	a.Identities, a.Groups = c.identities[:1], []group.ID{c.groups[0].ID}
	return []store.Change{
		store.CreateTag{Tag: c.tags[0]}, store.CreateTag{Tag: c.tags[1]}, store.CreateTag{Tag: c.tags[3]},
		store.CreateGroup{Group: c.groups[0]}, store.CreateGroup{Group: c.groups[1]}, create(a, c.tags[0], c.tags[1]), create(b),
	}
}

// next draws a change.
func (c *cast) next() store.Change {
	at, v, t, g := c.now(), one(c, c.visitors), one(c, c.tags), one(c, c.groups)
	names := []string{"Ada", "Ben", "vip", "Hot Lead", "Team", "Chatters", "new"}
	switch c.rnd.IntN(34) {
	case 0, 1, 2, 3, 4:
		v.Name, v.Identities = one(c, names), few(c, c.identities, 2)
		for _, g := range few(c, c.groups, 2) {
			v.Groups = append(v.Groups, g.ID)
		}
		v.Groups = sorted(v.Groups)
		return store.CreateVisitor{Visitor: v, Tags: c.keys(), By: one(c, []string{"", "ann"}), Cause: "import"}
	case 5, 6, 7:
		return store.UpdateVisitor{ID: v.ID, Patch: c.patch(), At: at}
	case 8:
		return store.DeleteVisitor{ID: v.ID, At: at}
	case 9, 10, 11:
		return store.AddTags{ID: v.ID, Tags: c.keys(), At: at, By: one(c, []string{"", "bob"})}
	case 12, 13:
		return store.RemoveTags{ID: v.ID, Tags: c.keys(), At: at}
	case 14, 15:
		return store.EnsureTag{Tag: t}
	case 16:
		return store.CreateTag{Tag: t}
	case 17:
		return store.UpdateTag{ID: t.ID, Patch: tag.Patch{Name: ptr(one(c, names)), Color: ptr(one(c, tag.Palette[:2]))}, At: at}
	case 18:
		return store.DeleteTag{ID: t.ID, At: at}
	case 19:
		return store.CreateGroup{Group: g}
	case 20:
		return store.UpdateGroup{ID: g.ID, Patch: c.groupPatch(names), At: at}
	case 21:
		return store.LeaveGroup{Group: g.ID, ID: v.ID, At: at}
	case 22:
		if c.rnd.IntN(3) == 0 {
			return store.DeleteGroup{ID: g.ID, At: at}
		}
	case 24, 25, 26, 27, 28:
		return c.arrival(at)
	case 29:
		return store.LinkIdentity{ID: v.ID, Identity: one(c, c.identities), At: at}
	case 30:
		return store.UnlinkIdentity{ID: v.ID, Identity: one(c, c.identities), At: at}
	case 31, 32:
		return store.MergeVisitors{Into: v.ID, From: one(c, c.visitors).ID, At: at}
	case 33:
		return store.UnmergeVisitor{From: v.ID, At: at}
	}
	return store.JoinGroup{Group: g.ID, ID: v.ID, At: at}
}

// arrival draws a capture, of one of the cast if it makes a visitor.
func (c *cast) arrival(at time.Time) store.CaptureContact {
	i := one(c, c.identities)
	contact := visitor.Contact{
		Source: i.Source, ExternalID: i.ExternalID, Name: one(c, []string{"", "Ada", "Ben"}), Username: one(c, []string{"", "ada", "ben"}),
		Email: one(c, []string{"", "a@example.com", "b@example.com"}), Claimed: c.rnd.IntN(3) == 0, Known: c.rnd.IntN(5) == 0,
		OccurredAt: at.Add(-time.Duration(c.rnd.IntN(5)) * time.Second), EventID: one(c, []string{"", fmt.Sprint(c.rnd.IntN(30))}),
	}
	if c.rnd.IntN(3) == 0 {
		contact.Attributes = visitor.Attributes{"a": one(c, []visitor.Value{visitor.Text("x"), visitor.Number(1)})}
	}
	if c.rnd.IntN(3) == 0 {
		contact.Also = few(c, c.identities, 1)
	}
	capture := store.CaptureContact{ID: one(c, c.visitors).ID, Contact: contact, Tags: few(c, c.tags, 2), At: at, By: "bot"}
	if c.rnd.IntN(4) == 0 {
		capture.Policy = visitor.Policy{Name: visitor.Always, Email: visitor.IfNewer, ByEmail: visitor.TrustClaims}
	}
	return capture
}

func (c *cast) patch() visitor.Patch {
	var p visitor.Patch
	if c.rnd.IntN(2) == 0 {
		p.Name = ptr(one(c, []string{"Ada", "Ben"}))
	}
	if c.rnd.IntN(3) == 0 {
		p.Email = ptr(one(c, []string{"", "a@example.com"}))
	}
	if c.rnd.IntN(3) == 0 {
		p.Source = ptr(one(c, visitor.Sources()[:3]))
	}
	if c.rnd.IntN(3) == 0 {
		p.Set = visitor.Attributes{one(c, []string{"a", "b"}): one(c, []visitor.Value{visitor.Text("x"), visitor.Number(1), visitor.List("x", "y")})}
	}
	if c.rnd.IntN(4) == 0 {
		p.Unset = []string{"c"}
		if p.Set == nil {
			p.Unset = []string{"a", "c"}
		}
	}
	if c.rnd.IntN(4) == 0 {
		p.IfRevision = int64(1 + c.rnd.IntN(3))
	}
	return p
}

func (c *cast) groupPatch(names []string) group.Patch {
	p := group.Patch{Description: ptr(one(c, []string{"", "about"}))}
	if c.rnd.IntN(3) == 0 {
		p.Name = ptr(one(c, names))
	}
	if c.rnd.IntN(4) == 0 {
		p.Rule = one(c, []filter.Expr{filter.All(), filter.Source.Is(visitor.Chat)})
	}
	return p
}

// play makes random calls in the room, beside a neighbour in which others were made, and
// compares all that comes out of each with the model.
func (r *room) play(rnd, beside *rand.Rand, calls int) *model {
	r.Helper()
	theirs := newCast(r.maker, beside)
	for range 8 {
		// Many of these fail, which is no matter here.
		_, _ = r.st.Apply(r.Context(), r.neighbour, []store.Change{theirs.next()})
	}
	r.before = r.dump(r.neighbour)
	ours, m := newCast(r.maker, rnd), newModel()
	r.follow(m, ours.opening())
	for range calls {
		var changes []store.Change
		trial := *m
		for range 1 + rnd.IntN(5) {
			c := ours.next()
			v := trial.apply([]store.Change{c})[0]
			if v.open || v.faults != nil && rnd.IntN(4) > 0 {
				continue
			}
			if changes = append(changes, c); v.faults != nil {
				break
			}
		}
		r.follow(m, changes)
		if r.Failed() {
			return m
		}
	}
	return m
}

// follow makes a call in the room and in the model, and compares.
func (r *room) follow(m *model, changes []store.Change) {
	r.Helper()
	out, err := r.apply(changes...)
	verdicts := m.apply(changes)
	defer func() {
		if r.Failed() && len(changes) < 12 {
			for i, c := range changes {
				r.Logf("change %d: %T%+v", i, c, c)
			}
		}
	}()
	if n := len(verdicts) - 1; n >= 0 && verdicts[n].faults != nil {
		r.blames(err, n, verdicts[n].faults)
	} else if err != nil {
		r.Errorf("apply: %v", err)
	} else {
		var want []store.Outcome
		for _, v := range verdicts {
			want = append(want, v.outcome)
		}
		r.same("outcomes", out, want)
	}
	r.same("the workspace", r.dump(r.ws), m.dump())
}

// blames fails unless err is one of the faults of the change at index.
func (r *room) blames(err error, index int, faults []store.Error) {
	r.Helper()
	var at *store.ChangeError
	var e *store.Error
	if !errors.As(err, &at) || at.Index != index || !errors.As(err, &e) {
		r.Errorf("error %v, want one of change %d", err, index)
		return
	}
	for _, f := range faults {
		if errors.Is(err, f.Err) && e.Kind == f.Kind && e.Key == f.Key {
			return
		}
	}
	r.Errorf("error %v about %s %q, want one of %v", err, e.Kind, e.Key, faults)
}
