package sqlstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"github.com/contactpipeline/visitors/tag"
)

// names are what rows refer to: the names and colors of tags and, on a database that has numbers
// of ids, the ids of tags and groups. The column catalog of the workspace is another random number
// after each change of a tag or group, so equal numbers mean equal names, in every process and
// after any rollback.
type names struct {
	catalog int64
	tags    map[tag.ID]tagName
	ids     map[int64]string
	numbers map[string]int64
	whole   bool // has all of the workspace
}

type tagName struct {
	name  string
	color tag.Color
}

func newNames() *names {
	return &names{tags: map[tag.ID]tagName{}, ids: map[int64]string{}, numbers: map[string]int64{}}
}

// id returns the id that has a number, "" for none.
func (n *names) id(number int64) string { return n.ids[number] }

// The maximum of names that are kept of a workspace, and of all workspaces together. In a
// workspace with more, each call reads those that its rows mention.
const (
	maxNames    = 2_000
	maxAllNames = 100_000
)

// namesCache keeps the names of workspaces, as they were read last.
type namesCache struct {
	mu   sync.Mutex
	of   map[string]*names
	kept int
}

// get returns the names that a workspace had with that catalog number, nil if they are not kept.
func (c *namesCache) get(ws string, catalog int64) *names {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.of[ws]; n != nil && n.catalog == catalog {
		return n
	}
	return nil
}

// put keeps names, in place of those of some other workspaces if there are too many.
func (c *namesCache) put(ws string, n *names) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]*names{}
	}
	c.drop(ws)
	for other := range c.of {
		if c.kept+n.size() <= maxAllNames {
			break
		}
		c.drop(other)
	}
	c.of[ws] = n
	c.kept += n.size()
}

func (c *namesCache) drop(ws string) {
	if n := c.of[ws]; n != nil {
		c.kept -= n.size()
		delete(c.of, ws)
	}
}

// size is how many names there are, and 1 for the workspace.
func (n *names) size() int { return max(len(n.tags), len(n.ids)) + 1 }

// errSeveral says that a call needs several statements, which must see one state: it is repeated
// in a transaction.
var errSeveral = errors.New("one statement is not enough")

// several is called before a statement that is not the first one of a call.
func (s scope) several() error {
	if s.single {
		return errSeveral
	}
	return nil
}

// namesOf returns the names that rows need, which were read with that catalog number.
func (s scope) namesOf(ctx context.Context, catalog int64, mentioned func() ([]string, []int64)) (*names, error) {
	n := s.names.get(s.name, catalog)
	if n != nil && n.whole {
		return n, nil
	}
	if err := s.several(); err != nil {
		return nil, err
	}
	if n == nil && s.names != nil {
		n, err := s.readNames(ctx, nil, nil)
		if err != nil {
			return nil, err
		}
		s.names.put(s.name, n)
		if n.whole {
			return n, nil
		}
	}
	ids, numbers := mentioned()
	if len(ids)+len(numbers) == 0 {
		return newNames(), nil
	}
	return s.readNames(ctx, ids, numbers)
}

// readNames reads the names of some ids or numbers or, if none are given, of all, unless there are
// more than maxNames.
func (s scope) readNames(ctx context.Context, ids []string, numbers []int64) (*names, error) {
	n := newNames()
	noID := s.d.NoID()
	columns := []string{"w.catalog", "0", "coalesce(t.id, " + noID + ")", "coalesce(t.name, '')", "coalesce(t.color, '')"}
	q := s.from(workspaceTable, "w", columns...).LeftJoin(tagTable+" t ON t.ws = ?", s.ws)
	id := "t.id"
	if s.d.server == nil {
		columns[1], columns[2] = "coalesce(k.number, 0)", "coalesce(k.id, "+noID+")"
		q = s.from(workspaceTable, "w", columns...).LeftJoin(numberTable+" k ON k.ws = ?", s.ws).
			LeftJoin(tagTable+" t ON t.ws = ? AND t.id = k.id", s.ws)
		id = "k.id"
	}
	switch {
	case len(numbers) > 0:
		q = q.Where(s.d.InMicros("k.number", numbers))
	case len(ids) > 0:
		q = q.Where(s.d.InIDs(id, ids))
	default:
		q = q.Limit(maxNames + 1)
	}
	rows := 0
	err := s.queryByKey(ctx, q, func(r row) error {
		rows++
		var number int64
		var id string
		var t tagName
		if err := r.Scan(&n.catalog, &number, into(&id), &t.name, &t.color); err != nil {
			return err
		}
		if number != 0 {
			n.ids[number], n.numbers[id] = id, number
		}
		if t.name != "" {
			n.tags[tag.ID(id)] = t
		}
		return nil
	})
	n.whole = len(ids)+len(numbers) == 0 && rows <= maxNames
	if !n.whole && len(ids)+len(numbers) == 0 {
		n.tags, n.ids, n.numbers = nil, nil, nil // only the catalog number is kept
	}
	return n, err
}

// numbersOf adds the numbers of ids of tags and groups to a map. A server has no numbers.
func (s scope) numbersOf(ctx context.Context, to map[string]int64, ids []string) error {
	if s.d.server != nil || len(ids) == 0 {
		return nil
	}
	n, err := s.namesOf(ctx, s.catalog, func() ([]string, []int64) { return ids, nil })
	if err != nil {
		return err
	}
	for _, id := range ids {
		to[id] = n.numbers[id]
	}
	return nil
}

// numberedIDs returns a function that finds ids by number, for columns that mention these numbers.
func (s scope) numberedIDs(ctx context.Context, numbers []int64) (func(int64) string, error) {
	if s.d.server != nil || len(numbers) == 0 {
		return nil, nil
	}
	n, err := s.namesOf(ctx, s.catalog, func() ([]string, []int64) { return nil, numbers })
	if err != nil {
		return nil, err
	}
	return n.id, nil
}

const changeCatalog = "UPDATE " + workspaceTable + " SET catalog = ? WHERE ws = ?"

// newCatalog gives the workspace another catalog number, since a tag or a group was created,
// changed or deleted.
func (t *tx) newCatalog() error {
	t.catalog = rand.Int64()
	_, err := t.run(t.ctx, changeCatalog, []any{t.catalog, t.ws})
	return err
}

// giveNumber gives the id of a new tag or group a number, unless it had one before.
const giveNumber = "INSERT INTO " + numberTable + " (ws, number, id)" +
	" SELECT ?1, 1 + (SELECT coalesce(max(k.number), 0) FROM " + numberTable + " k WHERE k.ws = ?1), ?2 WHERE true" +
	" ON CONFLICT (ws, id) DO NOTHING"

func (t *tx) giveNumber(id string) error {
	if t.d.server != nil {
		return nil
	}
	_, err := t.exec(t.ctx, giveNumber, t.d.ID(id))
	return err
}
