package filter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"source", "tag", "group", "name", "created", "Hot lead", "São Paulo", "customer"}
	for name, want := range map[string]string{
		"sorce": "source", "SOURCE": "source", "soucre": "source", "tga": "tag", "hot laed": "Hot lead", "sao paolo": "São Paulo",
		"costumer": "customer", "custmr": "customer", "x": "", "": "", "telephone": "", "zzz": "", "creation": "",
	} {
		require.Equal(t, want, filter.Suggest(name, known), name)
	}
	require.Empty(t, filter.Suggest("x", nil))
	require.Empty(t, filter.Suggest(strings.Repeat("x", 1<<20), known))
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	e := filter.Or(filter.Tag.HasAny("nope", "vip"), filter.Group.HasAll("nowhere", "team"))
	_, err := filter.Bind(e, env())
	var unknown *filter.UnknownError
	require.ErrorAs(t, err, &unknown)
	require.ErrorIs(t, err, visitor.ErrInvalid)
	require.Equal(t, "nope", unknown.Name)
	require.Empty(t, unknown.Suggestion)

	lenient := env()
	lenient.Unknown = filter.UnknownIsNobody
	for where, want := range map[string]bool{
		`tag:nope`: false, `-tag:nope`: true, `tag:nope,vip`: true, `tag:all(nope,vip)`: false,
		`group:nowhere`: false, `group:nowhere,team`: true, `group:all(nowhere,team)`: false,
		`group:#01900000-0000-7000-8000-0000000000ff`: false, `tag:#01900000-0000-7000-8000-0000000000ff`: false,
	} {
		e, err := filter.Parse(where)
		require.NoError(t, err)
		bound, err := filter.Bind(e, lenient)
		require.NoError(t, err)
		require.Equal(t, want, filter.Match(bound, ada), where)
	}

	called := 0
	counting := env()
	counting.Known = func(filter.Kind) []string { called++; return nil }
	_, err = filter.Bind(filter.Tag.Has("vip"), counting)
	require.NoError(t, err)
	require.Zero(t, called, "Known was called without an unknown name")
	_, err = filter.Bind(filter.Tag.Has("vpi"), &filter.Env{})
	require.EqualError(t, err, `filter: unknown tag "vpi"`)
}

func TestResolve(t *testing.T) {
	t.Parallel()
	e, err := filter.Parse(`tag:" VIP ","hot lead" -group:team (source:"Facebook Messenger" OR identity:Telegram/42) seen:<30d created:this-month`)
	require.NoError(t, err)
	resolved, err := filter.Resolve(e, env())
	require.NoError(t, err)
	s, err := filter.Format(resolved)
	require.NoError(t, err)
	require.Equal(t, `tag:#`+string(vipID)+`,#`+string(leadID)+` -group:#`+string(teamID)+
		` (source:messenger OR identity:telegram/42) seen:<30d created:this-month`, s)

	renamed := filter.DisplayNames(resolved, func(kind filter.Kind, id string) string {
		switch {
		case kind == filter.TagKind && id == string(vipID):
			return "Very important"
		case kind == filter.GroupKind && id == string(teamID):
			return "The team"
		}
		return ""
	})
	s, err = filter.Format(renamed)
	require.NoError(t, err)
	require.Equal(t, `tag:"Very important",#`+string(leadID)+` -group:"The team" (source:messenger OR identity:telegram/42) seen:<30d created:this-month`, s)

	original, err := filter.Format(e)
	require.NoError(t, err)
	require.Contains(t, original, `tag:" VIP "`, "Resolve changed its argument")

	lenient := env()
	lenient.Unknown = filter.UnknownIsNobody
	_, err = filter.Resolve(filter.Not(filter.Tag.Has("vpi")), lenient)
	var unknown *filter.UnknownError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, "VIP", unknown.Suggestion)
	require.Equal(t, "/filter/of/values/0", unknown.Pointer)
	_, err = filter.Resolve(filter.Source.Is("carrier-pigeon"), nil)
	require.ErrorIs(t, err, visitor.ErrInvalid)
	_, err = filter.Resolve(filter.And(), nil)
	require.ErrorIs(t, err, visitor.ErrInvalid)
}

// TestRenamingKeepsARule binds a resolved rule after the tag was renamed and another tag got its
// name.
func TestRenamingKeepsARule(t *testing.T) {
	t.Parallel()
	rule, err := filter.Resolve(filter.Tag.Has("vip"), env())
	require.NoError(t, err)
	later := env()
	later.Tags = map[string]tag.ID{"vip": leadID, "very important": vipID}
	bound, err := filter.Bind(rule, later)
	require.NoError(t, err)
	require.True(t, filter.Match(bound, ada))
}

func TestReferences(t *testing.T) {
	t.Parallel()
	e, err := filter.Parse(`tag:a,"b  c",#` + string(vipID) + ` -(group:d OR group:all(e,#` + string(teamID) + `)) has:tag`)
	require.NoError(t, err)
	require.Equal(t, filter.Refs{Tags: []string{"a", "b c"}, Groups: []string{"d", "e"}, TagIDs: []tag.ID{vipID}, GroupIDs: []visitor.GroupID{teamID}}, filter.References(e))
}

func TestARuleMayNotMentionAGroupWithARule(t *testing.T) {
	t.Parallel()
	bound, err := filter.Bind(filter.And(filter.Tag.Has("vip"), filter.Not(filter.Group.Has("team"))), env())
	require.NoError(t, err)
	for name, rule := range map[string]filter.Expr{
		"a group with a rule": filter.Not(filter.Group.Has("telegram people")),
		"the same by id":      filter.And(filter.All(), filter.Group.HasID(ruleID)),
		"one of several":      filter.Group.HasAny("team", "telegram people"),
		"itself":              filter.Or(filter.All(), filter.Group.Has("bad")),
		"an unknown group":    filter.Group.Has("nobody"),
		"a bound filter":      bound,
		"an empty And":        filter.And(),
	} {
		e := env()
		e.Groups["bad"] = filter.GroupRef{ID: "01900000-0000-7000-8000-0000000000ff", Rule: rule}
		_, err := filter.Bind(filter.Or(filter.All(), filter.Group.HasAny("team", "bad")), e)
		require.ErrorIs(t, err, visitor.ErrInvalid, name)
		path, pointer := "", ""
		switch err := err.(type) {
		case *filter.Error:
			path, pointer = err.Path, err.Pointer
		case *filter.UnknownError:
			path, pointer = err.Path, err.Pointer
		}
		require.True(t, strings.HasPrefix(path, "or[1].group.rule"), "%s: %s", name, path)
		require.Equal(t, "/filter/of/1/values/1", pointer, name)
	}
}

// TestARuleMayMentionGroups has a group with a rule that combines memberships.
func TestARuleMayMentionGroups(t *testing.T) {
	t.Parallel()
	const allID = "01900000-0000-7000-8000-0000000000ff"
	e := env()
	e.Groups["all"] = filter.GroupRef{ID: allID, Rule: filter.Or(filter.Group.Has("team"), filter.And(filter.Group.Exists(), filter.Not(filter.Group.HasID(teamID))))}
	bound, err := filter.Bind(filter.Group.Has("all"), e)
	require.NoError(t, err)
	for _, c := range []struct {
		name    string
		visitor visitor.Visitor
		want    bool
	}{
		{"in the group that the rule mentions", visitor.Visitor{Memberships: []visitor.Membership{{Group: teamID}}}, true},
		{"in another group", visitor.Visitor{Memberships: []visitor.Membership{{Group: ruleID}}}, true},
		{"in no group", visitor.Visitor{}, false},
		{"removed by hand", visitor.Visitor{Memberships: []visitor.Membership{{Group: teamID}}, Excluded: []visitor.GroupID{allID}}, false},
		{"removed from the group that the rule mentions", visitor.Visitor{Memberships: []visitor.Membership{{Group: teamID}}, Excluded: []visitor.GroupID{teamID}}, true},
	} {
		require.Equal(t, c.want, filter.Match(bound, c.visitor), c.name)
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	catalog, err := visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{"walk-in": {Label: "Walk-in", Badge: "#000000"}})
	require.NoError(t, err)
	s := filter.Schema(catalog)
	require.Len(t, s.Fields, len(filter.Fields()))
	b, err := json.Marshal(s)
	require.NoError(t, err)
	require.Contains(t, string(b), `{"name":"source","label":"Source","kind":"enum","ops":[{"op":"in","label":"is one of","operands":["text"],"min":1,"max":1000}],`+
		`"choices":[{"value":"instagram","label":"Instagram","badge":"#16a34a","text":"#000000",`)
	require.Contains(t, string(b), `{"value":"walk-in","label":"Walk-in","badge":"#000000","text":"#ffffff"}`)
	require.Contains(t, string(b), `{"name":"attr","label":"Attribute","kind":"attr","named":true,`)
	require.Contains(t, string(b), `{"op":"exists","label":"is known on a channel","min":0,"max":0}`)
	require.Contains(t, string(b), `"limits":{"depth":16,"nodes":256,"list":1000,"text":512,"values":4096,"size":524288}`)
	for _, f := range s.Fields {
		require.NotEmpty(t, f.Label)
		for _, op := range f.Ops {
			require.NotEmpty(t, op.Label)
			require.Equal(t, op.Op == filter.OpExists, len(op.Operands) == 0)
		}
	}
	for _, p := range s.Periods {
		require.NotEmpty(t, p.Label)
	}
}

// TestSchemasAgree tries every field with every operator, kind of operand and number of values:
// JSONSchema, Schema and Unmarshal accept the same combinations.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	validator := newValidator(t)
	operands := map[filter.ValueKind]string{
		filter.TextValue: `"+55"`, filter.NumberValue: `1.5`, filter.BoolValue: `true`, filter.IDValue: `{"id":"` + string(vipID) + `"}`,
		filter.TimeValue: `{"time":"2026-01-31T10:00:00.5+02:00"}`, filter.DateValue: `{"date":"2026-01-31"}`,
		filter.PeriodValue: `{"period":"this-week"}`, filter.AgoValue: `{"ago":"1w2d"}`, filter.IdentityValue: `{"identity":{"source":"chat"}}`,
		filter.PermissionValue: `{"permission":{"channel":"email"}}`,
	}
	accepted := 0
	for _, f := range filter.Schema(visitor.Catalog{}).Fields {
		for _, op := range filter.Ops() {
			for kind, operand := range operands {
				if len(f.States) > 0 && kind == filter.PermissionValue {
					operand = `{"permission":{"channel":"email","state":"` + f.States[0].Value + `"}}`
				}
				for n := range 4 {
					form := fmt.Sprintf(`{"version":1,"filter":{"op":%q,"field":%q`, op, f.Name)
					if f.Named {
						form += `,"attr":"x"`
					}
					if n > 0 {
						form += `,"values":[` + strings.TrimSuffix(strings.Repeat(operand+",", n), ",") + `]`
					}
					form += `}}`
					want := fits(f, op, kind, n)
					_, err := filter.Unmarshal([]byte(form))
					require.Equal(t, want, err == nil, "%s: %v", form, err)
					require.Equal(t, want, validator.valid([]byte(form)), form)
					if want {
						accepted++
					}
				}
			}
		}
	}
	require.Greater(t, accepted, 100)
}

func fits(f filter.FieldSchema, op filter.Op, kind filter.ValueKind, n int) bool {
	for _, o := range f.Ops {
		if o.Op != op || n < o.Min || n > o.Max {
			continue
		}
		for _, k := range o.Operands {
			if k == kind {
				return true
			}
		}
		return n == 0
	}
	return false
}
