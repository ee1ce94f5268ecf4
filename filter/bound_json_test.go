package filter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// A Bound that is written and read has the same nodes.
func TestBoundReadsAsWritten(t *testing.T) {
	worlds(t, 10, func(t *testing.T, w world) {
		for _, e := range w.exprs {
			bound, err := filter.Bind(e, w.Env())
			require.NoError(t, err)
			text, err := json.Marshal(bound)
			require.NoError(t, err)
			var read filter.Bound
			require.NoError(t, json.Unmarshal(text, &read), "%s", text)
			require.Equal(t, bound.Node(), read.Node(), "%s", text)
		}
	})
}

func TestZeroBound(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(filter.Bound{})
	require.NoError(t, err)
	require.JSONEq(t, `{"kind":"nobody"}`, string(text))
}

func TestBoundRefusesWhatBindCannotReturn(t *testing.T) {
	t.Parallel()
	const name, id = `{"kind":"test","field":"name","op":"in","texts":["ada"]}`, `018f0000-0000-7000-8000-00000000abcd`
	test := func(parts string) string { return `{"kind":"test",` + parts + `}` }
	permission := func(parts string) string { return `{"kind":"permission",` + parts + `}` }
	for what, text := range map[string]string{
		"null":                     `null`,
		"no kind":                  `{}`,
		"an unknown kind":          `{"kind":"sql"}`,
		"an unknown key":           `{"kind":"everyone","sql":"1=1"}`,
		"an empty and":             `{"kind":"all"}`,
		"an and of one":            `{"kind":"all","of":[` + name + `]}`,
		"an and of an and":         `{"kind":"all","of":[` + name + `,{"kind":"all","of":[` + name + `,` + name + `]}]}`,
		"an or with everyone":      `{"kind":"any","of":[` + name + `,{"kind":"everyone"}]}`,
		"a not of a not":           `{"kind":"not","of":[{"kind":"not","of":[` + name + `]}]}`,
		"a not of two":             `{"kind":"not","of":[` + name + `,` + name + `]}`,
		"a constant with a field":  `{"kind":"everyone","field":"name"}`,
		"too deep":                 strings.Repeat(`{"kind":"not","of":[{"kind":"all","of":[`+name+`,`, 33) + name + strings.Repeat(`]}]}`, 33),
		"too large":                `{"kind":"any","of":[` + strings.Repeat(name+",", filter.MaxBound) + name + `]}`,
		"no terms":                 `{"kind":"terms"}`,
		"a term with capitals":     `{"kind":"terms","terms":[{"text":"Ada"}]}`,
		"a term without its phone": `{"kind":"terms","terms":[{"text":"555"}]}`,
		"a term with a false one":  `{"kind":"terms","terms":[{"text":"ada","digits":"1' OR '1"}]}`,
		"a term of two words":      `{"kind":"terms","terms":[{"text":"1 555","digits":"1555"}]}`,
		"a short term alone":       `{"kind":"terms","terms":[{"text":"+1","digits":"1"}]}`,
		"a term of other digits":   `{"kind":"terms","terms":[{"text":"+1","digits":"555"}]}`,
		"a word with digits":       `{"kind":"terms","terms":[{"text":"ada","digits":"555"}]}`,
		"more digits than a phone": `{"kind":"terms","terms":[{"text":"1","digits":"1234567890123456"}]}`,
		"an unknown field":         test(`"field":"password","op":"in","texts":["x"]`),
		"an operator of others":    test(`"field":"source","op":"contains","texts":["x"]`),
		"all of one":               test(`"field":"tag","op":"all","texts":["` + id + `"]`),
		"all of a source":          test(`"field":"source","op":"all","texts":["chat","telegram"]`),
		"excluded from a tag":      test(`"field":"tag","op":"excluded","texts":["` + id + `"]`),
		"no texts":                 test(`"field":"name","op":"in"`),
		"a part twice":             test(`"field":"name","op":"contains","texts":["a","a"]`),
		"texts out of order":       test(`"field":"name","op":"in","texts":["b","a"]`),
		"a text twice":             test(`"field":"name","op":"in","texts":["a","a"]`),
		"a text with an accent":    test(`"field":"name","op":"in","texts":["zoë"]`),
		"a text with NUL":          test(`"field":"name","op":"in","texts":["a\u0000"]`),
		"an empty text":            test(`"field":"name","op":"prefix","texts":[""]`),
		"an id in capitals":        test(`"field":"id","op":"in","texts":["` + strings.ToUpper(id) + `"]`),
		"no id":                    test(`"field":"tag","op":"in","texts":["vip"]`),
		"a phone without +":        test(`"field":"phone","op":"in","texts":["55"]`),
		"a phone with letters":     test(`"field":"phone","op":"contains","texts":["5a"]`),
		"a range upside down":      test(`"field":"created","op":"between","times":[{"min":2,"max":1}]`),
		"a range of numbers":       test(`"field":"created","op":"between","numbers":[{"min":1}]`),
		"a range with texts":       test(`"field":"created","op":"between","times":[{"min":1}],"texts":["x"]`),
		"less, which is not bound": test(`"field":"created","op":"lt","times":[{"max":1}]`),
		"a range of nothing":       test(`"field":"created","op":"between"`),
		"ranges out of order":      test(`"field":"created","op":"between","times":[{"min":5,"max":6},{"min":1,"max":2}]`),
		"ranges that touch":        test(`"field":"created","op":"between","times":[{"min":1,"max":2},{"min":3,"max":4}]`),
		"ranges that overlap":      test(`"field":"attr","attr":"a","op":"between","as":"number","numbers":[{"max":2},{"min":1}]`),
		"too many values":          test(`"field":"name","op":"in","texts":[` + strings.Join(manyTexts(filter.MaxBoundValues+1), ",") + `]`),
		"too many to compare":      test(`"field":"name","op":"prefix","texts":[` + strings.Join(manyTexts(filter.MaxBound+1), ",") + `]`),
		"an attribute without one": test(`"field":"attr","op":"exists"`),
		"a field with an attr":     test(`"field":"name","attr":"city","op":"exists"`),
		"a bool that is two":       test(`"field":"attr","attr":"a","op":"between","as":"bool","numbers":[{"min":2,"max":2}]`),
		"an attribute as nothing":  test(`"field":"attr","attr":"a","op":"in","texts":["x"]`),
		"an identity of nowhere":   test(`"field":"identity","op":"in","refs":[{"source":""}]`),
		"identities out of order":  test(`"field":"identity","op":"in","refs":[{"source":"telegram"},{"source":"chat"}]`),
		"no identity":              test(`"field":"identity","op":"in"`),
		"a test of a permission":   test(`"field":"can","op":"in","texts":["email"]`),
		"a permission of a name":   permission(`"field":"name","channel":"email"`),
		"no channel":               permission(`"field":"can"`),
		"an unknown channel":       permission(`"field":"can","channel":"fax"`),
		"can with states":          permission(`"field":"can","channel":"email","states":["granted"]`),
		"a topic with a label":     permission(`"field":"can","channel":"email","topic":{"key":"news","default":"opt_in","label":"News"}`),
		"a topic without default":  permission(`"field":"can","channel":"email","topic":{"key":"news"}`),
		"a topic with channels":    permission(`"field":"can","channel":"email","topic":{"key":"news","default":"opt_in","channels":[]}`),
		"a default of no topic":    permission(`"field":"can","channel":"email","topic":{"default":"opt_out"}`),
		"a topic with capitals":    permission(`"field":"consent","channel":"email","topic":{"key":"News"},"states":["denied"]`),
		"consent to a default":     permission(`"field":"consent","channel":"email","topic":{"key":"news","default":"opt_in"},"states":["denied"]`),
		"consent without a state":  permission(`"field":"consent","channel":"email"`),
		"an unknown state":         permission(`"field":"consent","channel":"email","states":["ok"]`),
		"states out of order":      permission(`"field":"consent","channel":"email","states":["granted","denied"]`),
		"a state twice":            permission(`"field":"health","channel":"email","states":["ok","ok"]`),
		"health of a topic":        permission(`"field":"health","channel":"email","topic":{"key":"news"},"states":["ok"]`),
		"health at a time":         permission(`"field":"health","channel":"email","states":["ok"],"at":5`),
		"a permission with texts":  permission(`"field":"can","channel":"email","texts":["x"]`),
		"identities of a name":     test(`"field":"name","op":"in","texts":["ada"],"refs":[{"source":"chat"}]`),
	} {
		var read filter.Bound
		err := json.Unmarshal([]byte(text), &read)
		require.ErrorIs(t, err, visitor.ErrInvalid, what)
		require.Equal(t, filter.Bound{}, read, what)
	}
}

// manyTexts returns n sorted texts in JSON.
func manyTexts(n int) []string {
	return repeated(n, func(i int) string { return fmt.Sprintf(`"%06d"`, i) })
}

func FuzzBound(f *testing.F) {
	f.Add([]byte(`{"kind":"all","of":[{"kind":"terms","terms":[{"text":"ada"},{"text":"+1","digits":"1555"},{"text":"555","digits":"555"}]},{"kind":"not","of":[{"kind":"test","field":"tag","op":"exists"}]}]}`))
	f.Add([]byte(`{"kind":"any","of":[{"kind":"test","field":"attr","attr":"n","op":"between","as":"number","numbers":[{"min":0.5}]},{"kind":"test","field":"identity","op":"in","refs":[{"source":"chat","account":"a"}]}]}`))
	f.Add([]byte(`{"kind":"test","field":"seen","op":"between","times":[{"min":-1,"max":9223372036854775806}]}`))
	f.Add([]byte(`{"kind":"test","field":"phone","op":"prefix","texts":["+55"]}`))
	f.Add([]byte(`{"kind":"permission","field":"can","channel":"email","topic":{"key":"news","default":"opt_out"},"at":1}`))
	f.Add([]byte(`{"kind":"permission","field":"health","channel":"sms","states":["blocked","ok"]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var read, again filter.Bound
		if json.Unmarshal(in, &read) != nil {
			return
		}
		text, err := json.Marshal(read)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &again))
		require.Equal(t, read.Node(), again.Node())
	})
}

// TestLongListsAreSimplified has a contradiction after more conditions than are compared with each
// other.
func TestLongListsAreSimplified(t *testing.T) {
	t.Parallel()
	var of []filter.Expr
	for i := range 100 {
		of = append(of, filter.Attr(fmt.Sprintf("a%d", i)).Exists())
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ready, err := filter.Bind(filter.And(append(of, filter.CreatedAt.Before(at), filter.CreatedAt.After(at))...), nil)
	require.NoError(t, err)
	written, err := json.Marshal(ready)
	require.NoError(t, err)
	require.JSONEq(t, `{"kind":"nobody"}`, string(written))
}
