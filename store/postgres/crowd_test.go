package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/pgtest"
	"github.com/contactpipeline/visitors/store/postgres"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// crowd makes visitors like those of a business: skewed sources, 200 tags of which few
// are common, names in several scripts, and a tag that only the oldest carry.
type crowd struct {
	rand *rand.Rand
	tags []tag.Tag
	pick func() int
	vip  group.Group
	size int
}

const (
	crowdTags = 200
	oldTag    = "pioneer" // of the oldest twentieth
)

var crowdStart = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func newCrowd(size int) *crowd {
	c := &crowd{rand: rand.New(rand.NewPCG(1, uint64(size))), size: size}
	zipf := rand.NewZipf(c.rand, 1.2, 3, crowdTags-1)
	c.pick = func() int { return int(zipf.Uint64()) }
	for i := range crowdTags {
		c.tags = append(c.tags, c.tag(fmt.Sprintf("tag %03d", i)))
	}
	c.tags = append(c.tags, c.tag(oldTag))
	c.vip = group.Group{ID: group.NewID(crowdStart), Name: "VIP", CreatedAt: crowdStart}
	return c
}

func (c *crowd) tag(name string) tag.Tag {
	return tag.Tag{ID: tag.NewID(crowdStart), Name: name, Color: tag.ColorFor(name), CreatedAt: crowdStart}
}

var (
	firstNames = []string{"Ana", "Bruno", "Carla", "Daniel", "Elena", "Farid", "Giulia", "Hannah", "Игорь", "Joana", "健二", "Laura", "María", "نادية", "Oleg", "Paula", "Quentin", "Rosa", "Søren", "Tariq", "Ursula", "Víctor", "Wanda", "Xavier", "Yara", "Zoë"}
	lastParts  = []string{"al", "ber", "cos", "dan", "eri", "fon", "gar", "hol", "ivo", "jan", "kov", "lin", "mar", "nos", "oli", "per", "qui", "ros", "sen", "tor", "ulm", "ves", "wal", "xen", "yil", "zan"}
	mailHosts  = []string{"gmail.com", "gmail.com", "outlook.com", "example.org", "mail.example.com", "empresa.com.br"}
	sources    = []visitor.Source{visitor.WhatsApp, visitor.Instagram, visitor.Chat, visitor.Messenger, visitor.Telegram}
)

// visitor makes the i-th oldest.
func (c *crowd) visitor(i int) store.CreateVisitor {
	at := crowdStart.Add(time.Duration(i) * time.Minute)
	first := firstNames[c.rand.IntN(len(firstNames))]
	last := lastParts[c.rand.IntN(len(lastParts))] + lastParts[c.rand.IntN(len(lastParts))] + lastParts[c.rand.IntN(len(lastParts))]
	v := visitor.Visitor{
		ID: visitor.NewID(at), Name: first + " " + last, Source: sources[skewed(c.rand)],
		CreatedAt: at, UpdatedAt: at.Add(time.Duration(c.rand.IntN(1000)) * time.Hour), Revision: 1,
	}
	if c.rand.IntN(4) > 0 {
		v.Email = fmt.Sprintf("%s%d@%s", last, c.rand.IntN(10_000), mailHosts[c.rand.IntN(len(mailHosts))])
	}
	if c.rand.IntN(4) > 0 {
		v.Phone = fmt.Sprintf("+5511%09d", c.rand.IntN(1_000_000_000))
	}
	if i%2 == 0 {
		v.LastSeenAt = v.UpdatedAt
		v.Identities = []visitor.Identity{{Source: v.Source, Account: "1", ExternalID: fmt.Sprint(i), FirstSeen: at, LastSeen: v.LastSeenAt}}
	}
	if i%4 == 0 {
		v.Attributes = visitor.Attributes{"plan": visitor.Text([]string{"free", "pro", "team"}[c.rand.IntN(3)]), "score": visitor.Number(float64(c.rand.IntN(100)))}
	}
	if i%1000 == 0 {
		v.Groups = []group.ID{c.vip.ID}
	}
	if i%5000 == 17 {
		v.Name = first + " Zykov"
	}
	create := store.CreateVisitor{Visitor: v, By: "ann", Cause: "import"}
	carried := map[int]bool{}
	for range c.rand.IntN(6) {
		carried[c.pick()] = true
	}
	for t := range c.tags[:crowdTags] {
		if carried[t] {
			create.Tags = append(create.Tags, tag.Key(c.tags[t].Name))
		}
	}
	if i < c.size/20 {
		create.Tags = append(create.Tags, oldTag)
	}
	return create
}

// skewed picks 0 to 4: each half as often as the one before.
func skewed(r *rand.Rand) int { return min(int(-math.Log2(1-r.Float64())), 4) }

// first are the changes that make tags and groups.
func (c *crowd) first() []store.Change {
	changes := []store.Change{store.CreateGroup{Group: c.vip}}
	for _, t := range c.tags {
		changes = append(changes, store.CreateTag{Tag: t})
	}
	return changes
}

// batches are the changes that make the visitors, 1,000 at a time.
func (c *crowd) batches(yield func([]store.Change) bool) {
	for i := 0; i < c.size; {
		var batch []store.Change
		for ; len(batch) < 1000 && i < c.size; i++ {
			batch = append(batch, c.visitor(i))
		}
		if !yield(batch) {
			return
		}
	}
}

// city is a database with a crowd in the workspace acme, and a small one in each of some
// others.
type city struct {
	*postgres.Store
	db     *sql.DB
	tags   map[string]tag.ID
	groups map[string]filter.GroupRef
}

var (
	citiesLock sync.Mutex
	cities     = map[int]*city{}
)

// cityOf returns the database with that many visitors, made once.
func cityOf(tb testing.TB, size int) *city {
	citiesLock.Lock()
	defer citiesLock.Unlock()
	if c := cities[size]; c != nil {
		return c
	}
	ctx := context.Background()
	dsn := pgtest.Shared(tb)
	st, err := postgres.Open(ctx, dsn, &postgres.Options{NoSearchIndex: true})
	require.NoError(tb, err)
	c := &city{Store: st, tags: map[string]tag.ID{}, groups: map[string]filter.GroupRef{}}
	c.db, err = sql.Open("pgx", dsn)
	require.NoError(tb, err)
	for ws, size := range map[store.WorkspaceID]int{"acme": size, "other-1": size / 10, "other-2": size / 100} {
		made := newCrowd(size)
		_, err := st.Apply(ctx, ws, made.first())
		require.NoError(tb, err)
		for batch := range made.batches {
			_, err := st.Apply(ctx, ws, batch)
			require.NoError(tb, err)
		}
		if ws != "acme" {
			continue
		}
		for _, t := range made.tags {
			c.tags[tag.Key(t.Name)] = t.ID
		}
		c.groups[group.Key(made.vip.Name)] = filter.GroupRef{ID: made.vip.ID}
	}
	require.NoError(tb, st.IndexSearch(ctx))
	_, err = c.db.ExecContext(ctx, "VACUUM (ANALYZE)")
	require.NoError(tb, err)
	cities[size] = c
	return c
}

func (c *city) bind(tb testing.TB, e filter.Expr) filter.Bound {
	tb.Helper()
	b, err := filter.Bind(e, &filter.Env{Now: crowdStart, Tags: c.tags, Groups: c.groups})
	require.NoError(tb, err)
	return b
}
