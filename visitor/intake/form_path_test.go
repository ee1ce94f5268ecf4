package intake_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

func TestFormPaths(t *testing.T) {
	t.Parallel()
	const body = `{
		"name": "Ada", "a.b": "exact name", "n": 12345678901234567890, "yes": true, "none": null,
		"a": {"b": "by dot", "c": [{"k": "x", "v": 1}, {"k": "y", "v": 2}, {"k": "z", "deep": {"k": "q"}, "v": ["l", "m"]}]},
		"list": ["first", "second"], "object": {"m": {"type": "email", "value": "e"}, "p": {"type": "tel", "value": "t"}},
		"odd": {"x.y": {"[z]": "quoted"}, "e=f": "equals"}, "text": "{\"in\": {\"side\": \"json\"}}", "not": "{json"
	}`
	for path, want := range map[string]visitor.Value{
		"a.b":                        visitor.Text("exact name"),
		"a[b]":                       visitor.Text("by dot"),
		"a.c[0].v":                   visitor.Text("1"),
		"a.c[1][v]":                  visitor.Text("2"),
		"a.c[k=y].v":                 visitor.Text("2"),
		"a.c[k=z].v":                 visitor.List("l", "m"),
		"a.c[k=z].v[1]":              visitor.Text("m"),
		"a.c[deep.k=q].k":            visitor.Text("z"),
		"a.c[].k":                    visitor.List("x", "y", "z"),
		"a.c[v=1].k":                 visitor.Text("x"),
		"a.c.k":                      visitor.Text("x"), // a list where an object was: its first object
		"a[0].b":                     visitor.Text("by dot"),
		"list[1]":                    visitor.Text("second"),
		"list":                       visitor.List("first", "second"),
		"list[]":                     visitor.List("first", "second"),
		"object[type=tel].value":     visitor.Text("t"),
		"object.m[type=email].value": visitor.Text("e"),
		`odd["x.y"]["[z]"]`:          visitor.Text("quoted"),
		`odd["e=f"]`:                 visitor.Text("equals"),
		`["a"].b`:                    visitor.Text("by dot"),
		"text.in.side":               visitor.Text("json"),
		"n":                          visitor.Text("12345678901234567890"),
		"yes":                        visitor.Text("true"),
		"none":                       {}, "none.x": {}, "a.x": {}, "a.c[9].v": {}, "a.c[k=no].v": {}, "a.b.c": {}, "list[-1]": {},
		"not.x": {}, "name[x=y]": {}, "a.c[0].v.deeper": {}, "x": {}, "object": {},
	} {
		form := intake.Form{Fields: map[string]string{path: "attributes.x", "name": "name"}}
		batch, err := form.Parse(contentType("application/json"), []byte(body))
		require.NoError(t, err, path)
		require.Equal(t, want, batch.Events[0].Contact.Attributes["x"], path)
	}
}

func TestFormPathErrors(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"a.", ".a", "a..b", "a[", "a[b", "a[b=", "a[=b]", "a[b.=c]", "a[b]c", "a]", "a.b]", `a["b]`, `a["b"x]`, `["a]`, "a.[b]",
		"a" + strings.Repeat("[b]", 32), strings.Repeat("a.", 33) + "a",
	} {
		for _, form := range []intake.Form{
			{Fields: map[string]string{path: "name"}}, {Ignore: map[string][]string{path: {"x"}}}, {Only: map[string][]string{path: {"x"}}},
			{ID: path}, {Consent: path}, {Honeypot: path}, {RenderedAt: path},
		} {
			if !strings.ContainsAny(path, ".[") {
				continue // a name with ] alone
			}
			_, err := form.Parse(contentType("application/json"), []byte(`{"name":"Ada"}`))
			require.ErrorIs(t, err, intake.ErrInvalid, path)
			require.ErrorContains(t, err, "is not a path", path)
		}
	}
	longest := "a" + strings.Repeat("[b]", 31)
	_, err := intake.Form{Fields: map[string]string{longest: "name"}}.Parse(contentType("application/json"), []byte(`{"name":"Ada"}`))
	require.NoError(t, err)
}

// Names in brackets in a form are read as PHP reads them, and also found as they are.
func TestFormNamesInBrackets(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"user[mail][0]", "user.mail[0]", "user[mail].0", `user["mail"][]`} {
		form := intake.Form{Fields: map[string]string{field: "email"}}
		batch, err := form.Parse(contentType("application/x-www-form-urlencoded"), []byte("user[mail][0]=ada%40example.com&user[x=y]=1&user[=1&user=2"))
		require.NoError(t, err, field)
		require.Equal(t, "ada@example.com", batch.Events[0].Contact.Email, field)
	}
	form := intake.Form{Fields: map[string]string{"topics[]": "attributes.topics"}}
	batch, err := form.Parse(contentType("application/x-www-form-urlencoded"), []byte("name=Ada&topics[]=a&topics[]=b"))
	require.NoError(t, err)
	require.Equal(t, visitor.List("a", "b"), batch.Events[0].Contact.Attributes["topics"])
}
