package rest_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
	"github.com/contactpipeline/visitors/visitor"
)

func names(page object) (names []string) {
	for _, v := range page["visitors"].([]any) {
		names = append(names, v.(object)["name"].(string))
	}
	return names
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	s.people("Ada", "Bob", "Cleo", "Dora", "Eve")
	first := s.call("GET", "/visitors?order=name&limit=2", nil).is(200)
	second := s.call("GET", "/visitors?order=name&limit=2&after="+first["next"].(string), nil).is(200)
	third := s.call("GET", "/visitors?order=name&limit=2&after="+second["next"].(string), nil).is(200)
	require.Equal(t, [][]string{{"Ada", "Bob"}, {"Cleo", "Dora"}, {"Eve"}}, [][]string{names(first), names(second), names(third)})
	require.Empty(t, third["next"])
	require.Equal(t, []any{}, s.call("GET", "/visitors?filter=is:nobody", nil).is(200)["visitors"])
	require.Len(t, s.call("GET", "/visitors?filter=", nil).is(200)["visitors"], 5)

	where := object{"version": 1, "filter": object{"op": "not", "of": object{"op": "in", "field": "name", "values": []string{"ada"}}}}
	found := s.call("POST", "/visitors/search", object{"where": where, "order": "name-desc", "limit": 3}).is(200)
	require.Equal(t, []string{"Eve", "Dora", "Cleo"}, names(found))
	found = s.call("POST", "/visitors/search", object{"where": where, "order": "name-desc", "limit": 3, "after": found["next"]}).is(200)
	require.Equal(t, []string{"Bob"}, names(found))

	require.Equal(t, "limit", s.call("GET", "/visitors?limit=1001", nil).problem(422, rest.CodeInvalid)["field"])
	require.Equal(t, "limit", s.call("GET", "/visitors?limit=x", nil).problem(422, rest.CodeInvalid)["field"])
	require.Equal(t, "order", s.call("GET", "/visitors?order=random", nil).problem(422, rest.CodeInvalid)["field"])
	require.Equal(t, "after", s.call("GET", "/visitors?after=abc", nil).problem(422, rest.CodeInvalid)["field"])
	require.Equal(t, "after", s.call("GET", "/visitors?after="+first["next"].(string), nil).problem(422, rest.CodeInvalid)["field"], "of another order")
	require.Equal(t, "query", s.call("GET", "/visitors?fliter=ada", nil).problem(422, rest.CodeInvalid)["field"], "a slip is not everyone")
	require.Equal(t, "where", s.call("POST", "/visitors/search", object{}).problem(422, rest.CodeInvalid)["field"])
	s.call("POST", "/visitors/search", object{"where": object{}}).problem(422, rest.CodeFilterInvalid)
	s.call("POST", "/visitors/search", object{"where": nil}).problem(422, rest.CodeFilterInvalid)
}

func TestCounts(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ids := s.people("Ada", "Bob", "Cleo")
	s.call("POST", "/visitors/bulk", object{"action": "tag", "ids": ids[:2], "tags": []string{"vip"}}).is(200)
	s.call("POST", "/groups", object{"name": "Rule", "rule_text": "tag:vip"}).is(201)
	count := func(query string) object { return s.call("GET", "/visitors/count"+query, nil).is(200) }
	require.Equal(t, object{"count": 3., "more": false}, count(""))
	require.Equal(t, object{"count": 2., "more": false}, count("?filter=tag:vip"))
	require.Equal(t, object{"count": 2., "more": true}, count("?up_to=2"))
	require.Equal(t, object{"count": 3., "more": false}, count("?up_to=3"))

	f := s.call("GET", "/visitors/facets?filter=-name:cleo", nil).is(200)
	require.EqualValues(t, 2, f["total"])
	require.Len(t, f["sources"], len(visitor.Sources()))
	require.EqualValues(t, 2, f["tags"].([]any)[0].(object)["count"])
	require.EqualValues(t, 2, f["groups"].([]any)[0].(object)["count"], "matches of its rule")
}

func TestFilterCheck(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	s.call("POST", "/tags", object{"name": "hot-lead", "color": "#F00", "description": "soon"}).is(201)
	check := func(text string) answer { return s.call("POST", "/filters/check", object{"text": text}) }

	r := check("source:instagram   tag:hot-lead -tag:hot-lead").is(200)
	require.Equal(t, "source:instagram tag:hot-lead -tag:hot-lead", r["text"])
	require.Equal(t, "contradiction", r["findings"].([]any)[0].(object)["issue"])
	again := s.call("POST", "/filters/check", object{"json": r["json"]}).is(200)
	require.Equal(t, r, again)
	require.Equal(t, []any{}, check("is:everyone").is(200)["findings"])

	p := check("source:instagram (tag:hot-lead").problem(422, rest.CodeFilterSyntax)
	require.EqualValues(t, 17, p["position"])
	p = check("sorce:instagram").problem(422, rest.CodeFilterSyntax)
	require.Equal(t, "source", p["suggestion"])
	p = check("ada tag:hot-leed").problem(422, rest.CodeUnknownTag)
	require.Equal(t, "hot-lead", p["suggestion"])
	require.NotContains(t, p["detail"], "leed")
	require.EqualValues(t, 8, p["position"])
	p = s.call("GET", "/visitors?filter=tag:hot-lead+tag:x", nil).problem(422, rest.CodeUnknownTag)
	require.EqualValues(t, 17, p["position"])
	p = check("group:team").problem(422, rest.CodeUnknownGroup)
	require.Equal(t, "filter", p["field"])
	p = s.call("POST", "/filters/check", object{"json": object{"version": 1, "filter": object{"op": "and", "of": []any{object{"op": "in", "field": "sorce", "values": []string{"x"}}}}}}).problem(422, rest.CodeFilterInvalid)
	require.Equal(t, "/filter/of/0/field", p["pointer"])
	s.call("POST", "/filters/check", object{}).problem(422, rest.CodeInvalid)
	check("").problem(422, rest.CodeFilterSyntax)
}

func TestExplain(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	id := s.people("Ada")[0]
	e := s.call("GET", "/visitors/"+id+"/explain?filter="+url.QueryEscape("source:telegram name:ada"), nil).is(200)
	require.Equal(t, false, e["matches"])
	s.call("GET", "/visitors/"+id+"/explain", nil).problem(422, rest.CodeInvalid)
	s.call("GET", "/visitors/018f0000-0000-7000-8000-000000000000/explain?filter=ada", nil).problem(404, rest.CodeNotFound)
	s.call("GET", "/visitors/1/explain?filter=ada", nil).problem(422, rest.CodeInvalid)
}

func TestSchema(t *testing.T) {
	t.Parallel()
	shop := map[visitor.Source]visitor.SourceInfo{"shop": {Label: "Shop", Badge: "#000000", Description: "a purchase"}}
	s := open(t, memory.New(), &rest.Options{Store: &store.Options{Sources: shop}})
	got := s.call("GET", "/schema", nil).is(200)
	require.Contains(t, got["sources"], object{"value": "shop", "label": "Shop", "badge": "#000000", "text": "#ffffff", "description": "a purchase"})
	require.Equal(t, object{"default": 50., "max": 1000.}, got["page"])
	for _, o := range got["orders"].([]any) {
		require.NotEmpty(t, o.(object)["label"], o)
	}
	require.Len(t, got["orders"], len(store.Orders()))
	require.NotEmpty(t, got["fields"])
	require.NotEmpty(t, got["limits"])
	s.call("POST", "/visitors", object{"name": "Ada", "source": "shop"}).is(201)
}

func TestTags(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	made := s.call("POST", "/tags", object{"name": "Hot Lead", "color": "#F00", "description": "call soon"})
	tag := made.is(201)
	require.Equal(t, "#ff0000", tag["color"])
	require.Equal(t, "tags/"+tag["id"].(string), made.Header.Get("Location"))
	require.Equal(t, tag["id"], s.call("POST", "/tags", object{"name": "HOT lead"}).problem(409, rest.CodeExists)["id"])
	require.Equal(t, "color", s.call("POST", "/tags", object{"name": "x", "color": "red"}).problem(422, rest.CodeInvalid)["field"])
	path := "/tags/" + tag["id"].(string)
	require.Equal(t, "warm", s.call("PATCH", path, object{"name": "warm"}).is(200)["name"])
	require.Equal(t, "warm", s.call("GET", "/tags", nil).is(200)["tags"].([]any)[0].(object)["name"])
	s.call("DELETE", path, nil).is(204)
	s.call("DELETE", path, nil).problem(404, rest.CodeNotFound)
	s.call("PATCH", path, object{"name": "x"}).problem(404, rest.CodeNotFound)
	require.Equal(t, []any{}, s.call("GET", "/tags", nil).is(200)["tags"])
}

func TestGroups(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	s.call("POST", "/tags", object{"name": "vip"}).is(201)
	g := s.call("POST", "/groups", object{"name": "Best", "rule_text": "tag:vip ("}).is(422)
	require.Equal(t, "rule_text", g["field"], g)
	g = s.call("POST", "/groups", object{"name": "Best", "rule_text": "tag:vip has:email"}).is(201)
	require.Equal(t, "tag:vip has:email", g["rule_text"])
	path := "/groups/" + g["id"].(string)
	same := s.call("PATCH", path, object{"rule": g["rule"], "description": "of all"}).is(200)
	require.Equal(t, g["rule"], same["rule"])
	require.Equal(t, "of all", same["description"])
	require.Equal(t, []any{same}, s.call("GET", "/groups", nil).is(200)["groups"])
	require.NotContains(t, s.call("PATCH", path, object{"clear_rule": true}).is(200), "rule")
	s.call("PATCH", path, object{"clear_rule": true, "rule_text": "ada"}).problem(422, rest.CodeInvalid)
	s.call("POST", "/groups", object{"name": "best"}).problem(409, rest.CodeExists)
	s.call("POST", "/groups", object{"name": "x", "rule_text": "tag:nobody"}).problem(422, rest.CodeUnknownTag)
	require.Equal(t, "rule_text", s.call("PATCH", path, object{"rule_text": "tag:nobody"}).problem(422, rest.CodeUnknownTag)["field"])
	s.call("DELETE", path, nil).is(204)
	s.call("DELETE", path, nil).problem(404, rest.CodeNotFound)
}

// A rule is stored with the ids of the tags and groups that it mentions, and shown with their
// names. A tag or group that a rule mentions cannot be deleted, and such a group cannot get a
// rule.
func TestInUseByRules(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	tag := s.call("POST", "/tags", object{"name": "vip"}).is(201)["id"].(string)
	team := s.call("POST", "/groups", object{"name": "Team"}).is(201)["id"].(string)
	best := s.call("POST", "/groups", object{"name": "Best", "rule_text": "tag:vip group:Team"}).is(201)
	others := s.call("POST", "/groups", object{"name": "Others", "rule_text": "-tag:vip"}).is(201)
	require.Equal(t, "tag:vip group:Team", best["rule_text"])
	s.call("PATCH", "/groups/"+team, object{"name": "Crew"}).is(200)
	require.Equal(t, "tag:vip group:Crew", s.call("PATCH", "/groups/"+best["id"].(string), object{"description": "of all"}).is(200)["rule_text"])

	inUse := s.call("DELETE", "/tags/"+tag, nil).problem(409, rest.CodeInUse)
	require.Equal(t, "tag", inUse["kind"])
	require.ElementsMatch(t, []any{best["id"], others["id"]}, inUse["groups"])
	inUse = s.call("DELETE", "/groups/"+team, nil).problem(409, rest.CodeInUse)
	require.Equal(t, "group", inUse["kind"])
	require.Equal(t, []any{best["id"]}, inUse["groups"])
	inUse = s.call("PATCH", "/groups/"+team, object{"rule_text": "ada"}).problem(409, rest.CodeInUse)
	require.Equal(t, []any{best["id"]}, inUse["groups"])
	require.Len(t, s.call("GET", "/tags", nil).is(200)["tags"], 1)
	require.Len(t, s.call("GET", "/groups", nil).is(200)["groups"], 3)

	refused := s.call("POST", "/groups", object{"name": "x", "rule_text": "group:best"}).problem(422, rest.CodeFilterInvalid)
	require.Equal(t, "rule_text", refused["field"])
	s.call("PATCH", "/groups/"+best["id"].(string), object{"clear_rule": true}).is(200)
	s.call("DELETE", "/groups/"+others["id"].(string), nil).is(204)
	s.call("DELETE", "/tags/"+tag, nil).is(204)
	s.call("DELETE", "/groups/"+team, nil).is(204)
}
