package remote_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/remote"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	someID  = "01900000-0000-7000-8000-000000000000" // generated from someAt
	otherID = "01900000-0000-7001-8000-000000000000"
	someAt  = "2024-06-10T02:35:18.4Z"
)

// with returns a copy of o with changed fields.
func with(o object, fields ...any) object {
	o = maps.Clone(o)
	for i := 0; i+1 < len(fields); i += 2 {
		o[fields[i].(string)] = fields[i+1]
	}
	return o
}

func newcomer(fields ...any) object {
	return with(object{"id": someID, "name": "Ada", "source": "chat", "created_at": someAt, "updated_at": someAt, "revision": 1}, fields...)
}

// A hostile client cannot store what a Workspace would refuse.
func TestChangesAreChecked(t *testing.T) {
	t.Parallel()
	st := memory.New()
	s := open(t, st, &remote.HandlerOptions{Authorize: anyone})
	apply := func(kind string, value any) answer {
		return s.call("apply", object{"changes": []any{object{"kind": kind, "value": value}}})
	}
	visit := func(fields ...any) object { return object{"At": someAt, "Visitor": newcomer(fields...)} }
	tag := func(fields ...any) object {
		return object{"At": someAt, "Tag": with(object{"id": someID, "name": "vip", "color": "#ff0000", "created_at": someAt}, fields...)}
	}
	group := func(fields ...any) object {
		return object{"At": someAt, "Group": with(object{"ID": someID, "Name": "Team", "Description": "", "CreatedAt": someAt}, fields...)}
	}
	many := make([]string, 201)
	for i := range many {
		many[i] = "t"
	}
	identity := object{"source": "chat", "external_id": "1"}
	for name, c := range map[string]struct {
		kind  string
		value any
	}{
		"an unknown kind":                {"drop_table", object{}},
		"no kind":                        {"", object{}},
		"an unknown field":               {"delete_visitor", object{"ID": someID, "At": someAt, "Force": true}},
		"no value":                       {"delete_visitor", nil},
		"no id":                          {"delete_visitor", object{"At": someAt}},
		"not an id":                      {"delete_visitor", object{"ID": "1", "At": someAt}},
		"no time":                        {"delete_visitor", object{"ID": someID}},
		"a time of another zone":         {"delete_visitor", object{"ID": someID, "At": "2024-01-01T00:00:00+01:00"}},
		"a time in nanoseconds":          {"delete_visitor", object{"ID": someID, "At": "2024-01-01T00:00:00.0000001Z"}},
		"no name":                        {"create_visitor", visit("name", "")},
		"a name with control":            {"create_visitor", visit("name", "A\x00da")},
		"a long name":                    {"create_visitor", visit("name", strings.Repeat("a", 201))},
		"a bad e-mail":                   {"create_visitor", visit("email", "x")},
		"a bad phone":                    {"create_visitor", visit("phone", "x")},
		"an unknown source":              {"create_visitor", visit("source", "fax")},
		"an id of another time":          {"create_visitor", visit("created_at", "2024-01-01T00:00:00Z")},
		"a later revision":               {"create_visitor", visit("revision", 7)},
		"a visitor with tags":            {"create_visitor", visit("tags", []any{object{"tag": someID, "name": "x", "color": "#ffffff", "at": someAt}})},
		"a visitor with exclusions":      {"create_visitor", visit("excluded", []string{someID})},
		"an identity twice":              {"create_visitor", visit("identities", []any{identity, identity})},
		"an identity without id":         {"create_visitor", visit("identities", []any{object{"source": "chat", "external_id": ""}})},
		"an unknown channel":             {"create_visitor", visit("identities", []any{object{"source": "fax", "external_id": "1"}})},
		"a bad attribute":                {"create_visitor", visit("attributes", object{"A B": 1})},
		"a number that is too large":     {"create_visitor", visit("attributes", object{"a": json.RawMessage("1e999")})},
		"too many tags":                  {"create_visitor", with(visit(), "Tags", many)},
		"a tag that is not a key":        {"create_visitor", with(visit(), "Tags", []string{"VIP"})},
		"a long actor":                   {"create_visitor", with(visit(), "Actor", strings.Repeat("a", 201))},
		"a cause of two lines":           {"create_visitor", with(visit(), "Cause", "a\nb")},
		"an actor with spaces":           {"delete_visitor", object{"ID": someID, "At": someAt, "Actor": " ann"}},
		"an actor by its old name":       {"delete_visitor", object{"ID": someID, "At": someAt, "By": "ann"}},
		"a tag of another time zone":     {"create_tag", with(tag(), "At", "2024-01-01T00:00:00+01:00")},
		"a visitor with memberships":     {"create_visitor", visit("memberships", []any{object{"group": someID}})},
		"a patch that clears the name":   {"update_visitor", object{"ID": someID, "At": someAt, "Patch": object{"name": " "}}},
		"a patch without an id":          {"update_visitor", object{"At": someAt, "Patch": object{"name": "x"}}},
		"a tag without name":             {"create_tag", tag("name", "")},
		"a tag with a bad colour":        {"create_tag", tag("color", "red")},
		"a tag without id":               {"ensure_tag", tag("id", "")},
		"tags that are not keys":         {"add_tags", object{"ID": someID, "At": someAt, "Tags": []string{""}}},
		"a group without name":           {"create_group", group("Name", "")},
		"a group with a bad rule":        {"create_group", group("Rule", object{"version": 1, "filter": object{"op": "and", "of": []any{}}})},
		"a rule with an unknown group":   {"create_group", group("Rule", object{"version": 1, "filter": object{"op": "in", "field": "group", "values": []any{object{"id": otherID}}}})},
		"a rule with an unknown tag":     {"create_group", group("Rule", object{"version": 1, "filter": object{"op": "in", "field": "tag", "values": []any{object{"id": otherID}}}})},
		"a group without an id":          {"add_to_group", object{"Group": someID, "At": someAt}},
		"a contact without an id":        {"capture_contact", object{"ID": someID, "At": someAt, "Contact": object{"source": "chat", "external_id": "", "occurred_at": someAt}}},
		"a contact with a bad phone":     {"capture_contact", object{"ID": someID, "At": someAt, "Contact": object{"source": "chat", "external_id": "1", "phone": "x", "occurred_at": someAt}}},
		"a contact without a time":       {"capture_contact", object{"ID": someID, "At": someAt, "Contact": object{"source": "chat", "external_id": "1"}}},
		"a contact without a visitor id": {"capture_contact", object{"At": someAt, "Contact": object{"source": "chat", "external_id": "1", "occurred_at": someAt}}},
		"an unknown policy":              {"capture_contact", object{"ID": someID, "At": someAt, "Policy": object{"name": "sometimes"}, "Contact": object{"source": "chat", "external_id": "1", "occurred_at": someAt}}},
		"a contact's bad tag":            {"capture_contact", object{"ID": someID, "At": someAt, "Tags": []any{object{"name": ""}}, "Contact": object{"source": "chat", "external_id": "1", "occurred_at": someAt}}},
		"a visitor with provenance":      {"create_visitor", visit("provenance", object{"name": object{"at": someAt}})},
		"a merge without an id":          {"merge_visitors", object{"Into": someID, "At": someAt}},
		"an unmerge without an id":       {"unmerge_visitor", object{"At": someAt}},
		"a link of an unknown channel":   {"link_identity", object{"ID": someID, "At": someAt, "Identity": object{"source": "fax", "external_id": "1"}}},
		"a link without a time":          {"link_identity", object{"ID": someID, "Identity": identity}},
		"an unlink without an id":        {"unlink_identity", object{"At": someAt, "Identity": identity}},
		"a removal without an id":        {"remove_from_group", object{"ID": someID, "At": someAt}},
	} {
		a := apply(c.kind, c.value)
		require.Contains(t, []int{400, 422}, a.status, "%s: %s", name, a.body)
		require.Contains(t, []any{"invalid", "malformed", "filter_invalid"}, a.code, name)
	}
	events, err := st.Events(t.Context(), "acme", driver.EventQuery{Limit: 1})
	require.NoError(t, err)
	require.Empty(t, events, "and nothing has changed")
	apply("create_visitor", visit()).ok()
	apply("create_tag", tag()).ok()
	apply("create_group", group()).ok()
	apply("capture_contact", object{"ID": otherID, "At": someAt, "Contact": object{"source": "chat", "external_id": "1", "occurred_at": someAt}}).ok()
}

// The handler stores normalised values, also if the client sends others.
func TestChangesAreNormalised(t *testing.T) {
	t.Parallel()
	st := memory.New()
	s := open(t, st, &remote.HandlerOptions{Authorize: anyone})
	apply := func(kind string, value any) {
		s.call("apply", object{"changes": []any{object{"kind": kind, "value": value}}}).ok()
	}
	apply("create_tag", object{"Tag": object{"id": someID, "name": " VIP ", "color": "#F00", "created_at": someAt}})
	apply("create_group", object{"Group": object{"ID": someID, "Name": " Team ", "Description": " x ", "CreatedAt": someAt}})
	apply("create_visitor", object{"Groups": []string{someID}, "Tags": []string{"vip"}, "Visitor": newcomer(
		"name", " Ada ", "email", "ada@EXAMPLE.com", "phone", "+49 30 123456", "source", "Chat",
		"attributes", object{"city": " Rome "}, "identities", []any{object{"source": "Chat", "external_id": "1", "username": " ada "}},
	)})
	apply("link_identity", object{"ID": someID, "At": someAt, "Identity": object{"source": "Chat", "external_id": "2"}})
	v, err := st.GetVisitor(t.Context(), "acme", someID)
	require.NoError(t, err)
	require.Equal(t, []string{"Ada", "ada@example.com", "+4930123456", "chat"}, []string{v.Name, v.Email, v.Phone, string(v.Source)})
	require.Equal(t, visitor.Attributes{"city": visitor.Text("Rome")}, v.Attributes)
	require.Equal(t, []visitor.Identity{{Source: "chat", ExternalID: "1", Username: "ada"}, {Source: "chat", ExternalID: "2"}}, v.Identities)
	require.Equal(t, []visitor.GroupID{someID}, v.Groups())
	require.Equal(t, []string{"VIP", "#ff0000"}, []string{v.Tags[0].Name, string(v.Tags[0].Color)})
	groups, err := st.ListGroups(t.Context(), "acme", driver.List{IDs: []string{someID}})
	require.NoError(t, err)
	require.Equal(t, []string{"Team", "x"}, []string{groups[0].Name, groups[0].Description})

	apply("update_visitor", object{"ID": someID, "At": someAt, "Patch": object{"name": " Eve ", "set": object{"city": " Oslo "}}})
	apply("unlink_identity", object{"ID": someID, "At": someAt, "Identity": object{"source": "Chat", "external_id": "2"}})
	apply("capture_contact", object{"ID": otherID, "At": someAt, "Contact": object{
		"source": "Chat", "external_id": "3", "name": " Bob ", "email": "bob@EXAMPLE.com", "occurred_at": someAt,
	}, "Tags": []any{object{"id": otherID, "name": " New ", "color": "#0F0", "created_at": someAt}}})
	v, err = st.GetVisitor(t.Context(), "acme", someID)
	require.NoError(t, err)
	require.Equal(t, "Eve", v.Name)
	require.Equal(t, visitor.Text("Oslo"), v.Attributes["city"])
	require.Len(t, v.Identities, 1)
	v, err = st.GetVisitor(t.Context(), "acme", otherID)
	require.NoError(t, err)
	require.Equal(t, []string{"Bob", "bob@example.com", "chat", "New", "#00ff00"},
		[]string{v.Name, v.Email, string(v.Source), v.Tags[0].Name, string(v.Tags[0].Color)})
}

func TestQueriesAreChecked(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), &remote.HandlerOptions{Authorize: anyone, MaxBody: 100_000})
	all := object{"kind": "everyone"}
	for name, c := range map[string]struct {
		path string
		body any
	}{
		"not JSON":                    {"get", "{"},
		"more than one":               {"get", `{"id":"` + someID + `"}{}`},
		"not an id":                   {"get", object{"id": "1"}},
		"no id":                       {"get", object{}},
		"no order":                    {"find", object{"where": all, "limit": 1}},
		"no limit":                    {"find", object{"where": all, "order": "newest"}},
		"a huge limit":                {"find", object{"where": all, "order": "newest", "limit": 1 << 30}},
		"an unknown filter":           {"find", object{"where": object{"kind": "sql"}, "order": "newest", "limit": 1}},
		"a position of another order": {"find", object{"where": all, "order": "newest", "limit": 1, "after": object{"Name": "x", "ID": someID}}},
		"a position without id":       {"find", object{"where": all, "order": "newest", "limit": 1, "after": object{"Name": ""}}},
		"a position with NUL":         {"find", object{"where": all, "order": "name", "limit": 1, "after": object{"Name": "\x00", "ID": someID}}},
		"a list without limit":        {"tags", object{"list": object{}}},
		"a list with a bad id":        {"tags", object{"list": object{"IDs": []string{"x"}}}},
		"a key with NUL":              {"groups", object{"list": object{"Keys": []string{"\x00"}}}},
		"events without limit":        {"events", object{"after": 0}},
		"events with a bad id":        {"events", object{"after": 0, "limit": 1, "visitor": "1"}},
		"facets without a filter":     {"facets", object{"where": object{}}},
	} {
		a := s.call(c.path, c.body)
		require.Contains(t, []int{400, 422}, a.status, "%s: %s", name, a.body)
	}
	require.Equal(t, "too_large", s.call("get", strings.Repeat(" ", 200_000)).code)
	require.Equal(t, 404, s.call("drop", object{}).status)
}

// The client returns the same errors as the store.
func TestErrorsComeThrough(t *testing.T) {
	t.Parallel()
	st := memory.New()
	c := serve(t, st)
	_, here := st.GetVisitor(t.Context(), "acme", someID)
	_, there := c.GetVisitor(t.Context(), "acme", someID)
	require.Equal(t, here, there)
	var about *driver.Error
	require.True(t, errors.As(there, &about))
	require.NoError(t, st.Close())
	_, there = c.GetVisitor(t.Context(), "acme", someID)
	require.ErrorIs(t, there, driver.ErrClosed)
}
