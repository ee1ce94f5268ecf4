package rest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

// people creates visitors with these names and returns their ids.
func (s site) people(names ...string) []string {
	s.Helper()
	var ids []string
	for _, name := range names {
		ids = append(ids, s.call("POST", "/visitors", object{"name": name, "source": "chat"}).is(201)["id"].(string))
	}
	return ids
}

func TestBulk(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ids := s.people("Ada", "Bob", "Cleo")
	gone := "018f0000-0000-7000-8000-000000000000"
	bulk := func(body object) object { t.Helper(); return s.call("POST", "/visitors/bulk", body).is(200) }

	require.Equal(t, object{"changed": 2., "unchanged": 0., "missing": []any{gone}},
		bulk(object{"action": "tag", "ids": []string{ids[0], gone, ids[1], ids[0]}, "tags": []string{"VIP"}}))
	require.Equal(t, object{"changed": 1., "unchanged": 2., "missing": []any{}},
		bulk(object{"action": "tag", "filter": "is:everyone", "expect": 3, "tags": []string{"vip"}}))
	require.Equal(t, object{"changed": 1., "unchanged": 0., "missing": []any{}},
		bulk(object{"action": "untag", "filter": "name:ada", "expect": 1, "tags": []string{"vip", "nobody's"}}))

	group := s.call("POST", "/groups", object{"name": "Team"}).is(201)["id"]
	require.EqualValues(t, 3, bulk(object{"action": "add_to_group", "ids": ids, "group": group})["changed"])
	require.EqualValues(t, 1, bulk(object{"action": "remove_from_group", "ids": ids[:1], "group": group})["changed"])
	require.EqualValues(t, 2, s.call("GET", "/visitors/count?filter=group:team", nil).is(200)["count"])

	changed := s.call("POST", "/visitors/bulk", object{"action": "delete", "filter": "tag:vip", "expect": 3}).problem(409, rest.CodeCount)
	require.EqualValues(t, 2, changed["count"], "the real number")
	require.EqualValues(t, 3, s.call("GET", "/visitors/count", nil).is(200)["count"], "and nothing was done")
	require.EqualValues(t, 2, bulk(object{"action": "delete", "filter": "tag:vip", "expect": 2})["changed"])
	require.EqualValues(t, 1, s.call("GET", "/visitors/count", nil).is(200)["count"])
}

func TestBulkRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ids := s.people("Ada")
	many := make([]string, rest.MaxBulkIDs+1)
	for i := range many {
		many[i] = fmt.Sprintf("018f0000-0000-7000-8000-%012d", i)
	}
	for name, c := range map[string]struct {
		body  object
		field string
	}{
		"neither ids nor filter":  {object{"action": "delete"}, "ids"},
		"both":                    {object{"action": "delete", "ids": ids, "filter": "ada", "expect": 1}, "ids"},
		"no ids":                  {object{"action": "delete", "ids": []string{}}, "ids"},
		"null for ids":            {object{"action": "delete", "ids": nil}, "ids"},
		"too many ids":            {object{"action": "delete", "ids": many}, "ids"},
		"not an id":               {object{"action": "delete", "ids": []string{"1"}}, "ids[0]"},
		"a filter without number": {object{"action": "delete", "filter": "ada"}, "expect"},
		"a number without filter": {object{"action": "delete", "ids": ids, "expect": 1}, "expect"},
		"an empty filter":         {object{"action": "delete", "filter": " ", "expect": 1}, "filter"},
		"an unknown action":       {object{"action": "merge", "ids": ids}, "action"},
		"no action":               {object{"ids": ids}, ""},
		"no tags":                 {object{"action": "tag", "ids": ids}, "tags"},
		"tags to delete":          {object{"action": "delete", "ids": ids, "tags": []string{"vip"}}, "tags"},
		"no group":                {object{"action": "add_to_group", "ids": ids}, "group"},
		"a group to tag":          {object{"action": "tag", "tags": []string{"vip"}, "ids": ids, "group": ids[0]}, "group"},
		"unknown field":           {object{"action": "delete", "ids": ids, "force": true}, "body"},
	} {
		p := s.call("POST", "/visitors/bulk", c.body).is(422)
		if c.field != "" {
			require.Equal(t, c.field, p["field"], "%s: %v", name, p)
		}
	}
	s.call("POST", "/visitors/bulk", object{"action": "add_to_group", "ids": ids, "group": ids[0]}).problem(404, rest.CodeNotFound)
	require.EqualValues(t, 1, s.call("GET", "/visitors/count", nil).is(200)["count"])
}
