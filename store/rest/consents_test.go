package rest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/rest"
)

const adasMail = `{"channel":"email","address":"ada@example.com"}`

// entry returns the body of POST /consents with one entry.
func entry(topic, state, origin string) string {
	basis := ""
	if state == "granted" {
		basis = `"basis":"consent",`
	}
	return `{"entries":[{"subject":` + adasMail + `,"topic":"` + topic + `","state":"` + state + `",` + basis + `"origin":"` + origin + `","evidence":{"kind":"form","ref":"7"}}]}`
}

// list returns the objects in a property of an answer.
func list(tb testing.TB, o object, name string) (all []object) {
	tb.Helper()
	items, ok := o[name].([]any)
	require.True(tb, ok, name)
	for _, item := range items {
		all = append(all, item.(object))
	}
	return all
}

func TestTopics(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	require.Equal(t, "News", s.call("PUT", "/topics/news", `{"label":"News","public":true}`).is(200)["label"])
	require.Equal(t, "opt_in", list(t, s.call("GET", "/topics", nil).is(200), "topics")[0]["default"])
	s.call("PUT", "/topics/news", `{"label":"Novelties"}`).is(200)
	require.Len(t, list(t, s.call("GET", "/topics", nil).is(200), "topics"), 1)
	require.Equal(t, "key", s.call("PUT", "/topics/Two%20words", `{}`).problem(422, rest.CodeInvalid)["field"])
	require.Equal(t, "channels", s.call("PUT", "/topics/news", `{"channels":["pigeon"]}`).problem(422, rest.CodeInvalid)["field"])
	s.call("DELETE", "/topics/news", nil).is(204)
	require.Equal(t, "topic", s.call("DELETE", "/topics/news", nil).problem(404, rest.CodeNotFound)["kind"])
}

func TestConsents(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	s.call("PUT", "/topics/news", `{"label":"News","channels":["email"]}`).is(200)
	s.call("PUT", "/topics/sms", `{"channels":["sms"]}`).is(200)
	id := s.call("POST", "/visitors", `{"name":"Ada","source":"chat","email":"Ada@Example.com"}`).is(201)["id"].(string)
	canContact := func(query string) object { return s.call("GET", "/visitors/"+id+"/can-contact?"+query, nil).is(200) }

	require.Equal(t, "unknown_opt_in", canContact("channel=email&topic=news")["reason"])
	status := list(t, s.call("POST", "/consents", entry("news", "granted", "person")).is(200), "statuses")[0]
	require.Equal(t, "granted", status["entry"].(object)["state"])
	d := canContact("channel=email&topic=news&purpose=marketing")
	require.Equal(t, true, d["allowed"])
	require.Equal(t, "Ada@example.com", d["address"])
	require.Equal(t, "agreed to messages", d["text"])

	out := s.call("GET", "/visitors/"+id+"/consents", nil).is(200)
	decisions := list(t, out, "decisions")
	require.Len(t, decisions, 2, "the channel, and the topic that is sent on it")
	require.Empty(t, decisions[0]["topic"])
	require.Equal(t, []object{{"channel": "email", "address": "ada@example.com"}}, list(t, out, "subjects"))
	require.Equal(t, "unknown_opt_in", decisions[0]["reason"])
	require.Equal(t, "News", decisions[1]["label"])
	require.Equal(t, status["since"], decisions[1]["since"])
	require.Equal(t, "7", list(t, out, "entries")[0]["evidence"].(object)["ref"])
	require.Empty(t, list(t, out, "reports"))

	s.call("POST", "/consents", entry("", "denied", "operator")).is(200)
	s.call("POST", "/consents", entry("", "granted", "operator")).problem(409, rest.CodeDenied)
	s.call("POST", "/consents", entry("", "granted", "platform")).problem(409, rest.CodePlatform)
	require.Equal(t, "denied_channel", canContact("channel=email&topic=news")["reason"])
	require.Len(t, list(t, s.call("POST", "/consents/status", adasMail).is(200), "statuses"), 2)

	report := `{"reports":[{"subject":` + adasMail + `,"state":"hard_bounce","origin":"operator"}]}`
	require.Equal(t, "hard_bounce", list(t, s.call("POST", "/health", report).is(200), "health")[0]["report"].(object)["state"])
	require.Equal(t, "bounced", canContact("channel=email&purpose=transactional")["reason"])
	require.NotEmpty(t, s.call("POST", "/unsubscribe-tokens", `{"subject":`+adasMail+`,"topic":"news"}`).is(200)["token"])
}

func TestConsentProblems(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	for body, field := range map[string]string{
		`{"entries":[]}`: "entries",
		`{"entries":[{"subject":{"channel":"email","address":"ada"},"state":"denied","origin":"person"}]}`:                      "address",
		`{"entries":[{"subject":` + adasMail + `,"state":"denied","origin":"person","at":"2999-01-01T00:00:00Z"}]}`:             "at",
		`{"entries":[{"subject":` + adasMail + `,"state":"denied","origin":"person","evidence":{"ip":"somewhere"}}]}`:           "evidence.ip",
		`{"entries":[{"subject":` + adasMail + `,"state":"granted","origin":"import"}]}`:                                        "basis",
		`{"entries":[{"subject":{"channel":"pigeon","address":"ada@example.com"},"state":"denied","origin":"person","x":"y"}]}`: "entries[0]",
	} {
		require.Equal(t, field, s.call("POST", "/consents", body).problem(422, rest.CodeInvalid)["field"], body)
	}
	require.Equal(t, "topic", s.call("POST", "/consents", entry("news", "denied", "person")).problem(404, rest.CodeNotFound)["kind"])
	require.Empty(t, list(t, s.call("POST", "/consents/status", adasMail).is(200), "statuses"), "nothing was recorded")
	id := s.call("POST", "/visitors", `{"name":"Ada","source":"chat"}`).is(201)["id"].(string)
	require.Equal(t, "channel", s.call("GET", "/visitors/"+id+"/can-contact?channel=pigeon", nil).problem(422, rest.CodeInvalid)["field"])
	s.call("GET", "/visitors/"+someID+"/can-contact?channel=email", nil).problem(404, rest.CodeNotFound)
	s.call("GET", "/visitors/"+someID+"/consents", nil).problem(404, rest.CodeNotFound)
}

func TestAudiences(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	ids := map[string]string{}
	for _, name := range []string{"ada", "bob"} {
		body := `{"name":"` + name + `","source":"chat","email":"` + name + `@example.com","tags":["vip"]}`
		ids[name] = s.call("POST", "/visitors", body).is(201)["id"].(string)
	}
	s.call("POST", "/consents", entry("", "granted", "person")).is(200)
	made := s.call("POST", "/audiences", `{"name":"June","filter":"tag:vip","request":{"channel":"email"}}`)
	receipt := made.is(201)
	require.Equal(t, "audiences/"+receipt["id"].(string), made.Header.Get("Location"))
	require.EqualValues(t, 2, receipt["matching"])
	require.EqualValues(t, 1, receipt["count"])
	require.Equal(t, object{"granted": 1.0, "unknown_opt_in": 1.0}, receipt["reasons"])
	require.Equal(t, receipt, list(t, s.call("GET", "/audiences", nil).is(200), "audiences")[0])
	path := "/audiences/" + receipt["id"].(string)
	require.Equal(t, receipt, s.call("GET", path, nil).is(200))

	streamed := s.call("GET", path+"/recipients", nil)
	require.Equal(t, http.StatusOK, streamed.StatusCode)
	lines := bufio.NewScanner(bytes.NewReader(streamed.text))
	require.True(t, lines.Scan())
	var recipient struct {
		Visitor  struct{ ID string }
		Decision struct{ Address, Reason, Text string }
	}
	require.NoError(t, json.Unmarshal(lines.Bytes(), &recipient))
	require.Equal(t, ids["ada"], recipient.Visitor.ID)
	require.Equal(t, "ada@example.com", recipient.Decision.Address)
	require.Equal(t, "granted", recipient.Decision.Reason)
	require.False(t, lines.Scan())

	s.call("POST", "/audiences/verify", receipt).is(204)
	s.call("POST", "/audiences/verify", with(receipt, "count", 2)).problem(409, rest.CodeConflict)
	require.Equal(t, "filter", s.call("POST", "/audiences", `{"filter":"tag:","request":{"channel":"email"}}`).is(422)["field"])
	require.Equal(t, "channel", s.call("POST", "/audiences", `{"filter":"ada","request":{"channel":"pigeon"}}`).problem(422, rest.CodeInvalid)["field"])
	s.call("POST", "/audiences", `{"filter":"","request":{"channel":"email"}}`).is(422)
	s.call("DELETE", path, nil).is(204)
	s.call("DELETE", path, nil).problem(404, rest.CodeNotFound)
	s.call("GET", path+"/recipients", nil).problem(404, rest.CodeNotFound)
}

func TestErasures(t *testing.T) {
	t.Parallel()
	s := open(t, memory.New(), nil)
	const ada = `{"name":"Ada","source":"chat","email":"ada@example.com"}`
	id := s.call("POST", "/visitors", ada).is(201)["id"].(string)
	receipt := s.call("POST", "/visitors/"+id+"/erase", `{"reason":"asked by letter"}`).is(200)
	require.Equal(t, id, receipt["visitor"])
	require.NotContains(t, string(s.call("GET", "/erasures", nil).text), "ada@")
	require.Equal(t, receipt, list(t, s.call("GET", "/erasures", nil).is(200), "erasures")[0])
	require.Equal(t, receipt, s.call("GET", "/erasures/"+id, nil).is(200))
	s.call("POST", "/visitors", ada).problem(409, rest.CodeSuppressed)
	s.call("POST", "/visitors/"+id+"/erase", `{}`).problem(404, rest.CodeNotFound)
	again := object{"erasures": []any{receipt}}
	require.EqualValues(t, 0, s.call("POST", "/erasures/reapply", again).is(200)["applied"])
	again["erasures"] = []any{with(receipt, "reason", "another")}
	require.Equal(t, "signature", s.call("POST", "/erasures/reapply", again).problem(422, rest.CodeInvalid)["field"])
}
