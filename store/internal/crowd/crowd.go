package crowd

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	tags   = 200
	OldTag = "pioneer" // on the oldest 5 %
	batch  = 1_000
)

// Start is when the oldest visitor was created; the others follow by the minute.
var Start = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Crowd generates visitors, oldest first.
type Crowd struct {
	Size int
	Tags []tag.Tag // "tag 000", the most common, to "tag 199", and OldTag
	VIP  group.Group

	rand *rand.Rand
	pick *rand.Zipf
}

// New returns a crowd of size visitors.
func New(size int) *Crowd {
	c := &Crowd{Size: size, rand: rand.New(rand.NewPCG(1, uint64(size)))}
	c.pick = rand.NewZipf(c.rand, 1.2, 3, tags-1)
	for i := range tags {
		c.Tags = append(c.Tags, newTag(fmt.Sprintf("tag %03d", i)))
	}
	c.Tags = append(c.Tags, newTag(OldTag))
	c.VIP = group.Group{ID: group.NewID(Start), Name: "VIP", CreatedAt: Start}
	return c
}

func newTag(name string) tag.Tag {
	return tag.Tag{ID: tag.NewID(Start), Name: name, Color: tag.ColorFor(name), CreatedAt: Start}
}

var (
	firstNames = []string{"Ana", "Bruno", "Carla", "Daniel", "Elena", "Farid", "Giulia", "Hannah", "Игорь", "Joana", "健二", "Laura", "María", "نادية", "Oleg", "Paula", "Quentin", "Rosa", "Søren", "Tariq", "Ursula", "Víctor", "Wanda", "Xavier", "Yara", "Zoë"}
	lastParts  = []string{"al", "ber", "cos", "dan", "eri", "fon", "gar", "hol", "ivo", "jan", "kov", "lin", "mar", "nos", "oli", "per", "qui", "ros", "sen", "tor", "ulm", "ves", "wal", "xen", "yil", "zan"}
	mailHosts  = []string{"gmail.com", "gmail.com", "outlook.com", "example.org", "mail.example.com", "empresa.com.br"}
	sources    = []visitor.Source{visitor.WhatsApp, visitor.Instagram, visitor.Chat, visitor.Messenger, visitor.Telegram}
)

// First returns the changes that create the tags and the group.
func (c *Crowd) First() []driver.Change {
	changes := []driver.Change{driver.CreateGroup{Group: c.VIP}}
	for _, t := range c.Tags {
		changes = append(changes, driver.CreateTag{Tag: t})
	}
	return changes
}

// Batches iterates once over the changes that create the visitors, oldest first, 1,000 in a
// batch.
func (c *Crowd) Batches() iter.Seq[[]driver.Change] {
	return func(yield func([]driver.Change) bool) {
		for i := 0; i < c.Size; {
			var changes []driver.Change
			for ; len(changes) < batch && i < c.Size; i++ {
				changes = append(changes, c.visitor(i))
			}
			if !yield(changes) {
				return
			}
		}
	}
}

// Load writes the crowd into an empty workspace.
func (c *Crowd) Load(ctx context.Context, st driver.Store, ws driver.WorkspaceID) error {
	if _, err := st.Apply(ctx, ws, c.First()); err != nil {
		return err
	}
	for changes := range c.Batches() {
		if _, err := st.Apply(ctx, ws, changes); err != nil {
			return err
		}
	}
	return nil
}

// Now returns a time one minute after the newest visitor was created.
func (c *Crowd) Now() time.Time { return Start.Add(time.Duration(c.Size) * time.Minute) }

// Middle returns the position by id after the newer half.
func (c *Crowd) Middle() *driver.Position {
	return &driver.Position{ID: visitor.NewID(Start.Add(time.Duration(c.Size/2) * time.Minute))}
}

// EnvOf returns the Env for filters on a workspace with a crowd of that size.
func EnvOf(ctx context.Context, st driver.Store, ws driver.WorkspaceID, size int) (*filter.Env, error) {
	env := &filter.Env{Now: New(size).Now(), Tags: map[string]tag.ID{}, Groups: map[string]filter.GroupRef{}}
	tags, err := st.ListTags(ctx, ws, driver.List{})
	if err != nil {
		return nil, err
	}
	for _, t := range tags {
		env.Tags[tag.Key(t.Name)] = t.ID
	}
	groups, err := st.ListGroups(ctx, ws, driver.List{})
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		env.Groups[group.Key(g.Name)] = filter.GroupRef{ID: g.ID}
	}
	return env, nil
}

// visitor creates the i-th oldest visitor.
func (c *Crowd) visitor(i int) driver.CreateVisitor {
	at := Start.Add(time.Duration(i) * time.Minute)
	first := pickOne(c, firstNames)
	last := pickOne(c, lastParts) + pickOne(c, lastParts) + pickOne(c, lastParts)
	v := visitor.Visitor{
		ID: visitor.NewID(at), Name: first + " " + last, Source: sources[c.skewed()],
		CreatedAt: at, UpdatedAt: at.Add(time.Duration(c.rand.IntN(1000)) * time.Hour), Revision: 1,
	}
	if c.rand.IntN(4) > 0 {
		v.Email = fmt.Sprintf("%s%d@%s", last, c.rand.IntN(10_000), pickOne(c, mailHosts))
	}
	if c.rand.IntN(4) > 0 {
		v.Phone = fmt.Sprintf("+5511%09d", c.rand.IntN(1_000_000_000))
	}
	if i%2 == 0 {
		v.LastSeenAt = v.UpdatedAt
		v.Identities = []visitor.Identity{{Source: v.Source, Account: "1", ExternalID: fmt.Sprint(i), FirstSeen: at, LastSeen: v.LastSeenAt}}
	}
	if i%4 == 0 {
		v.Attributes = visitor.Attributes{"plan": visitor.Text(pickOne(c, []string{"free", "pro", "team"})), "score": visitor.Number(float64(c.rand.IntN(100)))}
	}
	if i%5000 == 17 {
		v.Name = first + " Zykov"
	}
	if i%50_000 == 23 {
		v.Name = first + " Quyhn"
	}
	create := driver.CreateVisitor{Visitor: v, Audit: driver.Audit{At: v.UpdatedAt, Actor: "ann", Cause: "import"}}
	if i%1000 == 0 {
		create.Groups = []group.ID{c.VIP.ID}
	}
	chosen := map[uint64]bool{}
	for range c.rand.IntN(6) {
		chosen[c.pick.Uint64()] = true
	}
	for t := range uint64(tags) {
		if chosen[t] {
			create.Tags = append(create.Tags, tag.Key(c.Tags[t].Name))
		}
	}
	if i < c.Size/20 {
		create.Tags = append(create.Tags, OldTag)
	}
	return create
}

// skewed returns 0 to 4, each half as often as the previous number.
func (c *Crowd) skewed() int { return min(int(-math.Log2(1-c.rand.Float64())), len(sources)-1) }

func pickOne[T any](c *Crowd, of []T) T { return of[c.rand.IntN(len(of))] }
