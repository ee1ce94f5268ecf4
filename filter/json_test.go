package filter_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

func TestMarshalIsStable(t *testing.T) {
	t.Parallel()
	e := filter.And(
		filter.All(), filter.Not(filter.None()), filter.Search("<ada> & \u2028"),
		filter.Tag.HasAll("a", "b"), filter.Group.HasID(teamID), filter.Email.Exists(),
		filter.Or(filter.Attr("n").Between(1, 2.5), filter.Attr("on").IsTrue(), filter.Attr("born").Time().Within(36*3600e9)),
		filter.CreatedAt.During(filter.LastMonth), filter.CreatedAt.On(2026, 1, 31), filter.UpdatedAt.After(now),
		filter.Identity.Is(visitor.Telegram, "", "42"),
	)
	const want = `{"version":1,"filter":{"op":"and","of":[{"op":"everyone"},{"op":"not","of":{"op":"nobody"}},` +
		`{"op":"search","text":"<ada> & \u2028"},{"op":"all","field":"tag","values":["a","b"]},` +
		`{"op":"in","field":"group","values":[{"id":"01900000-0000-7000-8000-000000000011"}]},{"op":"exists","field":"email"},` +
		`{"op":"or","of":[{"op":"between","field":"attr","attr":"n","values":[1,2.5]},{"op":"in","field":"attr","attr":"on","values":[true]},` +
		`{"op":"ge","field":"attr","attr":"born","values":[{"ago":"1d12h"}]}]},` +
		`{"op":"in","field":"created","values":[{"period":"last-month"}]},{"op":"in","field":"created","values":[{"date":"2026-01-31"}]},` +
		`{"op":"gt","field":"updated","values":[{"time":"2026-03-15T12:00:00Z"}]},` +
		`{"op":"in","field":"identity","values":[{"identity":{"source":"telegram","external_id":"42"}}]}]}}`
	for range 10 {
		b, err := filter.Marshal(e)
		require.NoError(t, err)
		require.Equal(t, want, string(b))
	}
	back, err := filter.Unmarshal([]byte(want))
	require.NoError(t, err)
	require.Equal(t, e, back)
}

func TestUnmarshalTakesAnyOrderAndSpace(t *testing.T) {
	t.Parallel()
	e, err := filter.Unmarshal([]byte(" {\n\t\"filter\" : { \"of\" :\r\n [ { \"values\": [ \"a\" , {\"id\" : \"01900000-0000-7000-8000-000000000001\"} ], \"field\":\"tag\",\"op\":\"in\" } ] , \"op\" : \"or\" }, \"version\": 1.0 } \n"))
	require.NoError(t, err)
	require.Equal(t, filter.Or(condition("tag", filter.OpIn,
		filter.Value{Kind: filter.TextValue, Text: "a"}, filter.Value{Kind: filter.IDValue, Text: string(vipID)})), e)
}

func TestUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	schema := newValidator(t)
	for _, c := range []struct {
		json, pointer, reason string
		beyondSchema          bool // a JSON Schema cannot say so
	}{
		{``, ``, `not JSON at byte 0`, false},
		{`null`, ``, `want an object`, false},
		{`[]`, ``, `want an object`, false},
		{`{}`, ``, `want {"version": 1`, false},
		{`{"version":1}`, ``, `want {"version": 1`, false},
		{`{"filter":{"op":"everyone"}}`, ``, `want {"version": 1`, false},
		{`{"version":2,"filter":{"op":"everyone"}}`, `/version`, `not version 1`, false},
		{`{"version":"1","filter":{"op":"everyone"}}`, `/version`, `want a number`, false},
		{`{"version":1,"filter":null}`, `/filter`, `want an object`, false},
		{`{"version":1,"filter":{"op":"everyone"},"x":1}`, ``, `key 3 is unknown; known are version, filter`, false},
		{`{"version":1,"version":1,"filter":{"op":"everyone"}}`, `/version`, `given twice`, true},
		{`{"version":1,"filter":{"op":"everyone"}}x`, ``, `more after the end`, false},
		{`{"version":1,"filter":{"op":"everyone"}}{}`, ``, `more after the end`, false},
		{`{"version":1,"filter":{"op":"everyone"}`, ``, `not JSON`, false},
		{`{"version":1,"filter":{"op":"everyone",}}`, `/filter`, `not JSON`, false},
		{`{"version":1,"Filter":{"op":"everyone"}}`, ``, `key 2 is unknown`, false},
		{"{\"version\":1,\"filter\":{\"op\":\"search\",\"text\":\"a\xff\"}}", ``, `not valid Unicode`, true},
		{`{"version":1,"filter":{"op":"search","text":"a\ud800"}}`, ``, `not valid Unicode`, true},

		{`{"version":1,"filter":{}}`, `/filter`, `no "op"`, false},
		{`{"version":1,"filter":{"op":1}}`, `/filter/op`, `want a text`, false},
		{`{"version":1,"filter":{"op":"xor","of":[]}}`, `/filter/op`, `unknown op`, false},
		{`{"version":1,"filter":{"op":"everyone","of":[]}}`, `/filter`, `everyone takes no other key`, false},
		{`{"version":1,"filter":{"op":"nobody","field":"tag"}}`, `/filter`, `nobody takes no other key`, false},
		{`{"version":1,"filter":{"op":"and"}}`, `/filter`, `and takes "of", a list`, false},
		{`{"version":1,"filter":{"op":"and","of":{"op":"everyone"}}}`, `/filter`, `and takes "of", a list`, false},
		{`{"version":1,"filter":{"op":"and","of":[]}}`, `/filter/of`, `empty`, false},
		{`{"version":1,"filter":{"op":"or","of":[null]}}`, `/filter/of/0`, `want an object`, false},
		{`{"version":1,"filter":{"op":"or","of":[{"op":"everyone"}],"text":"x"}}`, `/filter`, `or takes "of"`, false},
		{`{"version":1,"filter":{"op":"or","of":[{"op":"everyone"},{"op":"x"}]}}`, `/filter/of/1/op`, `unknown op`, false},
		{`{"version":1,"filter":{"op":"not"}}`, `/filter`, `not takes "of", a node`, false},
		{`{"version":1,"filter":{"op":"not","of":[{"op":"everyone"}]}}`, `/filter`, `not takes "of", a node`, false},
		{`{"version":1,"filter":{"op":"not","of":{"op":"and","of":[]}}}`, `/filter/of/of`, `empty`, false},
		{`{"version":1,"filter":{"op":"search"}}`, `/filter`, `search takes "text"`, false},
		{`{"version":1,"filter":{"op":"search","text":["a"]}}`, `/filter/text`, `want a text`, false},
		{`{"version":1,"filter":{"op":"search","text":""}}`, `/filter/text`, `an empty text`, false},
		{`{"version":1,"filter":{"op":"search","text":" \u0301"}}`, `/filter/text`, `an empty text`, true},
		{`{"version":1,"filter":{"op":"search","text":"a","values":["b"]}}`, `/filter`, `search takes`, false},

		{`{"version":1,"filter":{"op":"in","values":["a"]}}`, `/filter`, `no "field"`, false},
		{`{"version":1,"filter":{"op":"in","field":"sorce","values":["a"]}}`, `/filter/field`, `unknown field`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":["a"],"of":[]}}`, `/filter`, `a condition takes`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","attr":"x","values":["a"]}}`, `/filter/attr`, `has no attributes`, false},
		{`{"version":1,"filter":{"op":"in","field":"attr","values":["a"]}}`, `/filter/attr`, `not the name of an attribute`, false},
		{`{"version":1,"filter":{"op":"in","field":"attr","attr":"A","values":["a"]}}`, `/filter/attr`, `not the name of an attribute`, false},
		{`{"version":1,"filter":{"op":"gt","field":"tag","values":["a"]}}`, `/filter/op`, `no operator "gt" here`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag"}}`, `/filter/values`, `empty list`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":[]}}`, `/filter/values`, `empty list`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":"a"}}`, `/filter/values`, `want a list`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":["a",null]}}`, `/filter/values/1`, `want a text, a number`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":["a",[]]}}`, `/filter/values/1`, `want a text, a number`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":["a",1]}}`, `/filter/values/1`, `a number does not fit in`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":[{}]}}`, `/filter/values/0`, `a value without a kind`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":[{"text":"a"}]}}`, `/filter/values/0`, `key 1 is unknown`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":[{"id":"x"}]}}`, `/filter/values/0`, `not an id`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":[{"id":1}]}}`, `/filter/values/0/id`, `want a text`, false},
		{`{"version":1,"filter":{"op":"exists","field":"tag","values":["a"]}}`, `/filter/values`, `exists takes no value`, false},
		{`{"version":1,"filter":{"op":"contains","field":"name","values":["a","b"]}}`, `/filter/values`, `contains takes one value`, false},
		{`{"version":1,"filter":{"op":"between","field":"created","values":[{"date":"2026-01-01"}]}}`, `/filter/values`, `between takes two values`, false},
		{`{"version":1,"filter":{"op":"between","field":"attr","attr":"a","values":[1,{"date":"2026-01-01"}]}}`, `/filter/values`, `of one kind`, true},
		{`{"version":1,"filter":{"op":"lt","field":"attr","attr":"a","values":["b"]}}`, `/filter/values/0`, `a text does not fit lt`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":["2026-01-01"]}}`, `/filter/values/0`, `a text does not fit in`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"date":"2026-02-29"}]}}`, `/filter/values/0`, `not a date`, true},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"time":"2026-01-01"}]}}`, `/filter/values/0/time`, `not a time`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"time":"2026-01-01T1:00:00Z"}]}}`, `/filter/values/0/time`, `not a time`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"time":"2026-01-01T01:00:00,5Z"}]}}`, `/filter/values/0/time`, `not a time`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"time":"2026-01-01T01:00:00+99:00"}]}}`, `/filter/values/0/time`, `not a time`, true},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"period":"next-week"}]}}`, `/filter/values/0`, `unknown period`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"ago":""}]}}`, `/filter/values/0/ago`, `not an age`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"ago":"-1d"}]}}`, `/filter/values/0/ago`, `not an age`, false},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"ago":"999999999d"}]}}`, `/filter/values/0/ago`, `not an age`, true},
		{`{"version":1,"filter":{"op":"in","field":"created","values":[{"ago":"1d","date":"2026-01-01"}]}}`, `/filter/values/0/date`, `a second kind`, false},
		{`{"version":1,"filter":{"op":"in","field":"attr","attr":"a","values":[1e999]}}`, `/filter/values/0`, `out of range`, false},
		{`{"version":1,"filter":{"op":"in","field":"identity","values":[{"identity":{}}]}}`, `/filter/values/0`, `needs a source`, false},
		{`{"version":1,"filter":{"op":"in","field":"identity","values":[{"identity":{"source":"chat","id":"1"}}]}}`, `/filter/values/0/identity`, `key 2 is unknown`, false},
		{`{"version":1,"filter":{"op":"in","field":"identity","values":[{"identity":{"source":"chat","source":"chat"}}]}}`, `/filter/values/0/identity/source`, `given twice`, true},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":["a"],"a/b~c":1}}`, `/filter`, `key 4 is unknown`, false},
		{`{"version":1,"filter":{"op":"in","field":"tag","values":["a"],"a rather long secret key":1}}`, `/filter`, `key 4 is unknown`, false},
	} {
		_, err := filter.Unmarshal([]byte(c.json))
		var refused *filter.Error
		require.ErrorAs(t, err, &refused, c.json)
		require.ErrorIs(t, err, visitor.ErrInvalid, c.json)
		require.Contains(t, refused.Reason, c.reason, c.json)
		require.Equal(t, c.pointer, refused.Pointer, "%s: %s", c.json, err)
		require.True(t, strings.HasPrefix(err.Error(), "filter: "), c.json)
		if json.Valid([]byte(c.json)) {
			require.Equal(t, c.beyondSchema, schema.valid([]byte(c.json)), c.json)
		}
	}
}

// TestErrorsPointIntoTheTree checks the two names of a node in an error: Path for people, and Pointer
// for programs that have the JSON form.
func TestErrorsPointIntoTheTree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e             filter.Expr
		path, pointer string
	}{
		{filter.Or(), "or", "/filter/of"},
		{filter.And(filter.All(), filter.Not(filter.Tag.HasAny())), "and[1].not.tag", "/filter/of/1/of/values"},
		{filter.Or(filter.All(), filter.Tag.HasAny("a", "")), "or[1].tag", "/filter/of/1/values/1"},
		{filter.Or(filter.And(filter.Search(" "))), "or[0].and[0].search", "/filter/of/0/of/0/text"},
		{filter.And(nil), "and[0]", "/filter/of/0"},
		{filter.Not(filter.Source.In("chat", "carrier-pigeon")), "not.source", "/filter/of/values/1"},
		{filter.Or(filter.Identity.On("carrier-pigeon")), "or[0].identity", "/filter/of/0/values/0"},
		{filter.And(filter.LastSeenAt.Within(1)), "and[0].seen", "/filter/of/0/values/0"},
	} {
		_, err := filter.Bind(c.e, nil)
		var refused *filter.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, c.path, refused.Path)
		require.Equal(t, c.pointer, refused.Pointer)
		require.NotContains(t, err.Error(), "pigeon")
	}
	_, err := filter.Bind(filter.And(filter.All(), filter.Or(filter.Tag.HasAny("vip", "hot laed"))), env())
	var unknown *filter.UnknownError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, filter.UnknownError{Kind: filter.TagKind, Name: "hot laed", Suggestion: "Hot lead", Path: "and[1].or[0].tag", Pointer: "/filter/of/1/of/0/values/1"}, *unknown)
	require.EqualError(t, err, `filter: unknown tag "hot laed"; did you mean "Hot lead"?`)
}
