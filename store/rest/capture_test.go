package rest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

func TestCapture(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	contact := object{"source": "telegram", "external_id": "42", "name": "Ada", "email": "ada@", "event_id": "e1", "tags": []string{"bot"}}
	made := s.call("POST", "/capture", contact).is(200)
	require.Equal(t, []any{"created", "new_person", "no visitor had these ids"}, []any{made["outcome"], made["reason"], made["reason_text"]})
	require.Equal(t, []any{object{"field": "email", "detail": "no dot in the domain"}}, made["invalid_fields"])
	id := made["visitor"].(object)["id"].(string)
	again := s.call("POST", "/capture", contact).is(200)
	require.Equal(t, []any{"ignored", "already_processed", "the event was processed before"}, []any{again["outcome"], again["reason"], again["reason_text"]})
	require.Equal(t, "updated", s.call("POST", "/capture", with(contact, "event_id", "e2", "email", "ada@example.com")).is(200)["outcome"])
	unknown := s.call("POST", "/capture", object{"source": "telegram", "external_id": "43", "update_only": true}).is(200)
	require.Equal(t, "ignored", unknown["outcome"])
	require.NotContains(t, unknown, "visitor")
	require.Equal(t, "external_id", s.call("POST", "/capture", object{"source": "telegram", "external_id": ""}).problem(422, rest.CodeInvalid)["field"])
	require.Equal(t, "external_id", s.call("POST", "/capture", object{"source": "telegram"}).problem(422, rest.CodeInvalid)["field"])

	require.Equal(t, id, s.call("GET", "/identities?source=telegram&external_id=42", nil).is(200)["id"])
	s.call("GET", "/identities?source=telegram&external_id=43", nil).problem(404, rest.CodeNotFound)
	s.call("GET", "/identities?source=telegram", nil).problem(422, rest.CodeInvalid)

	path := "/visitors/" + id + "/identities"
	require.Len(t, s.call("POST", path, object{"source": "chat", "account": "site", "external_id": "7"}).is(200)["identities"], 2)
	other := s.people("Bob")[0]
	taken := s.call("POST", "/visitors/"+other+"/identities", object{"source": "chat", "account": "site", "external_id": "7"}).problem(409, rest.CodeExists)
	require.Equal(t, id, taken["id"])
	require.Len(t, s.call("DELETE", path+"?source=chat&account=site&external_id=7", nil).is(200)["identities"], 1)
	s.call("GET", "/identities?source=chat&account=site&external_id=7", nil).problem(404, rest.CodeNotFound)
}

func TestMerge(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	make := func(name, phone string) string {
		return s.call("POST", "/visitors", object{"name": name, "source": "chat", "phone": phone}).is(201)["id"].(string)
	}
	ada, twin := make("Ada Lovelace", "+5511987654321"), make("Ada King", "+5511987654321")
	pairs := s.call("GET", "/visitors/"+twin+"/duplicates", nil).is(200)["duplicates"].([]any)
	require.Len(t, pairs, 1)
	require.Equal(t, ada, pairs[0].(object)["a"].(object)["id"])
	reason := pairs[0].(object)["reasons"].([]any)[0].(object)
	require.Equal(t, "same_phone", reason["reason"])
	require.Equal(t, "same phone", reason["text"])
	require.Equal(t, pairs, s.call("GET", "/duplicates?limit=1", nil).is(200)["duplicates"])
	s.call("GET", "/visitors/018f0000-0000-7000-8000-000000000000/duplicates", nil).problem(404, rest.CodeNotFound)

	preview := s.call("GET", "/visitors/"+ada+"/merge?from="+twin, nil).is(200)
	require.Equal(t, []any{object{"field": "name", "into": "Ada Lovelace", "from": "Ada King", "result": "Ada Lovelace"}}, preview["choices"])
	require.EqualValues(t, 2, s.call("GET", "/visitors/count", nil).is(200)["count"], "a preview changes nothing")
	s.call("GET", "/visitors/"+ada+"/merge?from="+ada, nil).problem(422, rest.CodeInvalid)

	require.Equal(t, "Ada Lovelace", s.call("POST", "/visitors/"+ada+"/merge", object{"from": twin}).is(200)["name"])
	require.Equal(t, ada, s.call("GET", "/visitors/"+twin, nil).is(200)["id"], "the old id is an alias of the survivor")
	require.EqualValues(t, 1, s.call("GET", "/visitors/count", nil).is(200)["count"])
	undone := s.call("POST", "/visitors/"+twin+"/unmerge", nil).is(200)
	require.Equal(t, "Ada Lovelace", undone["survivor"].(object)["name"])
	require.Equal(t, "Ada King", undone["restored"].(object)["name"])
	require.EqualValues(t, 2, s.call("GET", "/visitors/count", nil).is(200)["count"])
	s.call("POST", "/visitors/"+twin+"/unmerge", nil).problem(404, rest.CodeNotFound)
	s.call("POST", "/visitors/"+ada+"/merge", object{"from": "018f0000-0000-7000-8000-000000000000"}).problem(404, rest.CodeNotFound)
	s.call("POST", "/visitors/"+ada+"/merge", object{}).problem(422, rest.CodeInvalid)
}
