package sqlite_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

var (
	largest = flag.Int("sqlite.size", 100_000, "visitors of the largest benchmark database")
	keep    = flag.String("sqlite.data", "", "folder that keeps benchmark databases; default: a temporary one")
)

// crowd makes visitors like those of a business: skewed sources, 200 tags of which few
// are common, mean 2.5 a visitor, and made-up names.
type crowd struct {
	rand *rand.Rand
	tags []tag.Tag
	pick func() int
	vip  group.Group
	size int
}

const crowdTags = 200

var crowdStart = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func newCrowd(size int) *crowd {
	c := &crowd{rand: rand.New(rand.NewPCG(1, uint64(size))), size: size}
	zipf := rand.NewZipf(c.rand, 1.2, 3, crowdTags-1)
	c.pick = func() int { return int(zipf.Uint64()) }
	for i := range crowdTags {
		c.tags = append(c.tags, c.tag(fmt.Sprintf("tag %03d", i)))
	}
	c.tags = append(c.tags, c.tag("pioneer"))
	c.vip = group.Group{ID: group.NewID(crowdStart), Name: "VIP", CreatedAt: crowdStart}
	return c
}

func (c *crowd) tag(name string) tag.Tag {
	return tag.Tag{ID: tag.NewID(crowdStart), Name: name, Color: tag.ColorFor(name), CreatedAt: crowdStart}
}

var (
	firstNames = []string{"Ana", "Bruno", "Carla", "Daniel", "Elena", "Farid", "Giulia", "Hannah", "Igor", "Joana", "Kenji", "Laura", "María", "Nadia", "Oleg", "Paula", "Quentin", "Rosa", "Søren", "Tariq", "Ursula", "Víctor", "Wanda", "Xavier", "Yara", "Zoë"}
	lastParts  = []string{"al", "ber", "cos", "dan", "eri", "fon", "gar", "hol", "ivo", "jan", "kov", "lin", "mar", "nos", "oli", "per", "qui", "ros", "sen", "tor", "ulm", "ves", "wal", "xen", "yil", "zan"}
	mailHosts  = []string{"gmail.com", "gmail.com", "outlook.com", "example.org", "mail.example.com", "empresa.com.br"}
	sources    = []visitor.Source{visitor.WhatsApp, visitor.Instagram, visitor.Chat, visitor.Messenger, visitor.Telegram}
)

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
	if i < c.size/200 {
		create.Tags = append(create.Tags, "pioneer")
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

// load writes the crowd through Apply, 1,000 visitors at a time.
func (c *crowd) load(ctx context.Context, st store.Store, ws store.WorkspaceID) error {
	if _, err := st.Apply(ctx, ws, c.first()); err != nil {
		return err
	}
	for i := 0; i < c.size; {
		var changes []store.Change
		for ; len(changes) < 1000 && i < c.size; i++ {
			changes = append(changes, c.visitor(i))
		}
		if _, err := st.Apply(ctx, ws, changes); err != nil {
			return err
		}
	}
	return nil
}

// env is what filters on the crowd are bound in.
func (c *crowd) env(t testing.TB, st store.Store) *filter.Env {
	env := &filter.Env{
		Now:  crowdStart.Add(time.Duration(c.size) * time.Minute),
		Tags: map[string]tag.ID{}, Groups: map[string]filter.GroupRef{},
	}
	tags, err := st.ListTags(context.Background(), "acme", store.List{})
	require.NoError(t, err)
	for _, made := range tags {
		env.Tags[tag.Key(made.Name)] = made.ID
	}
	groups, err := st.ListGroups(context.Background(), "acme", store.List{})
	require.NoError(t, err)
	for _, made := range groups {
		env.Groups[group.Key(made.Name)] = filter.GroupRef{ID: made.ID}
	}
	return env
}

// city is an opened database with a crowd in the workspace acme.
type city struct {
	*sqlite.Store
	path string
	env  *filter.Env
}

var (
	citiesLock sync.Mutex
	cities     = map[int]*city{}
)

// cityOf returns the database with that many visitors, made once.
func cityOf(t testing.TB, size int) *city {
	citiesLock.Lock()
	defer citiesLock.Unlock()
	if c := cities[size]; c != nil {
		return c
	}
	ctx := context.Background()
	folder := *keep
	if folder == "" {
		var err error
		folder, err = os.MkdirTemp("", "visitors")
		require.NoError(t, err)
		temporary = append(temporary, folder)
	}
	path := filepath.Join(folder, fmt.Sprintf("%d.db", size))
	st, err := sqlite.Open(ctx, path, &sqlite.Options{Relaxed: true})
	require.NoError(t, err)
	made := newCrowd(size)
	n, err := st.CountVisitors(ctx, "acme", bind(t, filter.All(), nil), 0)
	require.NoError(t, err)
	if n == 0 {
		require.NoError(t, made.load(ctx, st, "acme"))
	}
	c := &city{Store: st, path: path, env: made.env(t, st)}
	cities[size] = c
	return c
}

func bind(t testing.TB, e filter.Expr, env *filter.Env) filter.Bound {
	t.Helper()
	b, err := filter.Bind(e, env)
	require.NoError(t, err)
	return b
}

var temporary []string

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, c := range cities {
		c.Close()
	}
	for _, folder := range temporary {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}
