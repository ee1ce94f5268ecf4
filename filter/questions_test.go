package filter_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

const day = 24 * time.Hour

// questions are those of LANGUAGE.md, each in the three forms, with the visitors of cast that it
// matches.
var questions = []struct {
	ask  string
	expr filter.Expr
	text string
	json string
	who  string
}{
	{
		"Who reached us on Instagram?",
		filter.Source.Is(visitor.Instagram),
		`source:instagram`,
		`{"version":1,"filter":{"op":"in","field":"source","values":["instagram"]}}`,
		"Ada, Chen",
	},
	{
		"Who is a hot lead on Instagram and not a customer yet?",
		filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead"), filter.Tag.HasNone("customer")),
		`source:instagram tag:hot-lead -tag:customer`,
		`{"version":1,"filter":{"op":"and","of":[{"op":"in","field":"source","values":["instagram"]},{"op":"in","field":"tag","values":["hot-lead"]},{"op":"not","of":{"op":"in","field":"tag","values":["customer"]}}]}}`,
		"Ada",
	},
	{
		"Who has Ada in the name or the e-mail address?",
		filter.Search("ada"),
		`ada`,
		`{"version":1,"filter":{"op":"search","text":"ada"}}`,
		"Ada, Dora",
	},
	{
		"Whose phone number contains 98765-4321?",
		filter.Search("98765-4321"),
		`98765-4321`,
		`{"version":1,"filter":{"op":"search","text":"98765-4321"}}`,
		"Ada",
	},
	{
		"Who has a phone number in Brazil or in Portugal?",
		filter.Or(filter.Phone.HasPrefix("+55"), filter.Phone.HasPrefix("+351")),
		`phone:+55* OR phone:+351*`,
		`{"version":1,"filter":{"op":"or","of":[{"op":"prefix","field":"phone","values":["+55"]},{"op":"prefix","field":"phone","values":["+351"]}]}}`,
		"Ada, Bruno",
	},
	{
		"Who has neither an e-mail address nor a phone number?",
		filter.And(filter.Not(filter.Email.Exists()), filter.Not(filter.Phone.Exists())),
		`-has:email -has:phone`,
		`{"version":1,"filter":{"op":"and","of":[{"op":"not","of":{"op":"exists","field":"email"}},{"op":"not","of":{"op":"exists","field":"phone"}}]}}`,
		"Chen",
	},
	{
		"Who was seen within the last 30 days?",
		filter.LastSeenAt.Within(30 * day),
		`seen:<30d`,
		`{"version":1,"filter":{"op":"ge","field":"seen","values":[{"ago":"30d"}]}}`,
		"Ada, Chen",
	},
	{
		"Who was last seen more than 90 days ago?",
		filter.LastSeenAt.OlderThan(90 * day),
		`seen:>90d`,
		`{"version":1,"filter":{"op":"lt","field":"seen","values":[{"ago":"90d"}]}}`,
		"Bruno",
	},
	{
		"Who was not seen in the last 90 days, or never?",
		filter.Not(filter.LastSeenAt.Within(90 * day)),
		`-seen:<90d`,
		`{"version":1,"filter":{"op":"not","of":{"op":"ge","field":"seen","values":[{"ago":"90d"}]}}}`,
		"Bruno, Dora",
	},
	{
		"Who is new this month?",
		filter.CreatedAt.During(filter.ThisMonth),
		`created:this-month`,
		`{"version":1,"filter":{"op":"in","field":"created","values":[{"period":"this-month"}]}}`,
		"Ada",
	},
	{
		"Who was created on 1 March 2026, in our time zone?",
		filter.CreatedAt.On(2026, time.March, 1),
		`created:2026-03-01`,
		`{"version":1,"filter":{"op":"in","field":"created","values":[{"date":"2026-03-01"}]}}`,
		"Ada",
	},
	{
		"Who was created before 2026 began in UTC?",
		filter.CreatedAt.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		`created:<2026-01-01T00:00:00Z`,
		`{"version":1,"filter":{"op":"lt","field":"created","values":[{"time":"2026-01-01T00:00:00Z"}]}}`,
		"Bruno, Dora",
	},
	{
		"Who is both a hot lead and a VIP?",
		filter.Tag.HasAll("hot-lead", "vip"),
		`tag:all(hot-lead,vip)`,
		`{"version":1,"filter":{"op":"all","field":"tag","values":["hot-lead","vip"]}}`,
		"Ada",
	},
	{
		"Who is a customer or a VIP, and in the Newsletter group?",
		filter.And(filter.Tag.HasAny("customer", "vip"), filter.Group.Has("Newsletter")),
		`tag:customer,vip group:Newsletter`,
		`{"version":1,"filter":{"op":"and","of":[{"op":"in","field":"tag","values":["customer","vip"]},{"op":"in","field":"group","values":["Newsletter"]}]}}`,
		"Bruno",
	},
	{
		"Who has no tag at all?",
		filter.Not(filter.Tag.Exists()),
		`-has:tag`,
		`{"version":1,"filter":{"op":"not","of":{"op":"exists","field":"tag"}}}`,
		"Chen, Dora",
	},
	{
		"Who lives in São Paulo or in Lisbon?",
		filter.Attr("city").In("São Paulo", "Lisbon"),
		`attr.city:"São Paulo",Lisbon`,
		`{"version":1,"filter":{"op":"in","field":"attr","attr":"city","values":["São Paulo","Lisbon"]}}`,
		"Ada, Bruno",
	},
	{
		"Who has a score from 40 to 60 and has not declined offers?",
		filter.And(filter.Attr("score").Between(40, 60), filter.Not(filter.Attr("offers").IsFalse())),
		`attr.score:40..60 -attr.offers:false`,
		`{"version":1,"filter":{"op":"and","of":[{"op":"between","field":"attr","attr":"score","values":[40,60]},{"op":"not","of":{"op":"in","field":"attr","attr":"offers","values":[false]}}]}}`,
		"Ada",
	},
	{
		"Who has an identity on Telegram, whatever their source?",
		filter.Identity.On(visitor.Telegram),
		`identity:telegram`,
		`{"version":1,"filter":{"op":"in","field":"identity","values":[{"identity":{"source":"telegram"}}]}}`,
		"Ada",
	},
	{
		"Who has the id 42 on our Telegram bot?",
		filter.Identity.Is(visitor.Telegram, "bot", "42"),
		`identity:telegram/bot/42`,
		`{"version":1,"filter":{"op":"in","field":"identity","values":[{"identity":{"source":"telegram","account":"bot","external_id":"42"}}]}}`,
		"Ada",
	},
	{
		"Who is a hot lead or was seen this week, without an address of ours?",
		filter.And(filter.Or(filter.Tag.Has("hot-lead"), filter.LastSeenAt.During(filter.ThisWeek)), filter.Not(filter.Email.HasSuffix("@example.com"))),
		`(tag:hot-lead OR seen:this-week) -email:*@example.com`,
		`{"version":1,"filter":{"op":"and","of":[{"op":"or","of":[{"op":"in","field":"tag","values":["hot-lead"]},{"op":"in","field":"seen","values":[{"period":"this-week"}]}]},{"op":"not","of":{"op":"suffix","field":"email","values":["@example.com"]}}]}}`,
		"Chen",
	},
	{
		"To whom may we send the newsletter by e-mail?",
		filter.CanContact(consent.Email, "newsletter"),
		`can:email/newsletter`,
		`{"version":1,"filter":{"op":"in","field":"can","values":[{"permission":{"channel":"email","topic":"newsletter"}}]}}`,
		"Ada",
	},
	{
		"Who may get our offers neither by e-mail nor on WhatsApp?",
		filter.Not(filter.Or(filter.CanContact(consent.Email, "offers"), filter.CanContact(consent.WhatsApp, "offers"))),
		`-(can:email/offers OR can:whatsapp/offers)`,
		`{"version":1,"filter":{"op":"not","of":{"op":"or","of":[{"op":"in","field":"can","values":[{"permission":{"channel":"email","topic":"offers"}}]},{"op":"in","field":"can","values":[{"permission":{"channel":"whatsapp","topic":"offers"}}]}]}}}`,
		"Chen, Dora",
	},
	{
		"Who said no to the newsletter, or has not confirmed it yet?",
		filter.Consent(consent.Email, "newsletter").In(consent.Denied, consent.Pending),
		`consent:email/newsletter=denied,pending`,
		`{"version":1,"filter":{"op":"in","field":"consent","values":[{"permission":{"channel":"email","topic":"newsletter","state":"denied"}},{"permission":{"channel":"email","topic":"newsletter","state":"pending"}}]}}`,
		"Dora",
	},
	{
		"Whose e-mail address does not take messages, or reported one as spam?",
		filter.Health(consent.Email).In(consent.HardBounce, consent.Complaint),
		`health:email=hard_bounce,complaint`,
		`{"version":1,"filter":{"op":"in","field":"health","values":[{"permission":{"channel":"email","state":"hard_bounce"}},{"permission":{"channel":"email","state":"complaint"}}]}}`,
		"Dora",
	},
	{
		"Who are all visitors?",
		filter.All(),
		`is:everyone`,
		`{"version":1,"filter":{"op":"everyone"}}`,
		"Ada, Bruno, Chen, Dora",
	},
}

func mail(address string) consent.Subject {
	return consent.Subject{Channel: consent.Email, Address: address}
}

func said(entries ...consent.Entry) []consent.Status { return consent.Fold(entries) }

// cast returns the visitors that the questions are about.
func cast() []visitor.Visitor {
	tags := func(names ...string) (assigned []tag.Assignment) {
		for _, name := range names {
			assigned = append(assigned, tag.Assignment{Tag: castTags[name], Name: name})
		}
		return assigned
	}
	at := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 8, 0, 0, 0, time.UTC) }
	return []visitor.Visitor{
		{
			Name: "Ada", Email: "ada@example.com", Phone: "+5511987654321", Source: visitor.Instagram, Tags: tags("hot-lead", "vip"),
			Identities: []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "42"}},
			Attributes: visitor.Attributes{"city": visitor.Text("Sao Paulo"), "score": visitor.Number(42)},
			Consents:   said(consent.Entry{Subject: mail("ada@example.com"), Topic: "newsletter", State: consent.Granted}),
			CreatedAt:  at(2026, 3, 1), LastSeenAt: at(2026, 3, 10),
		},
		{
			Name: "Bruno", Phone: "+351912345678", Source: visitor.WhatsApp, Tags: tags("customer"), Memberships: []visitor.Membership{{Group: teamID}},
			Attributes: visitor.Attributes{"city": visitor.Text("LISBON"), "score": visitor.Number(50), "offers": visitor.Bool(false)},
			CreatedAt:  at(2024, 2, 29), LastSeenAt: at(2025, 1, 1),
		},
		{Name: "Chen", Source: visitor.Instagram, CreatedAt: at(2026, 1, 2), LastSeenAt: at(2026, 3, 15)},
		{
			Name: "Dora", Email: "DORA.ADAMS@example.org", Source: visitor.Chat, CreatedAt: at(2025, 12, 31),
			Consents: said(consent.Entry{Subject: mail("dora.adams@example.org"), Topic: "newsletter", State: consent.Denied}),
			Health:   consent.FoldHealth([]consent.HealthReport{{Subject: mail("dora.adams@example.org"), State: consent.HardBounce}}),
		},
	}
}

var castTags = map[string]tag.ID{"hot-lead": leadID, "vip": vipID, "customer": "01900000-0000-7000-8000-000000000003"}

func TestQuestions(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(questions), 20)
	env := &filter.Env{
		Now: now, Tags: castTags, Groups: map[string]filter.GroupRef{"newsletter": {ID: teamID}},
		Topics: map[string]consent.Topic{
			"newsletter": {Key: "newsletter", Default: consent.OptIn}, "offers": {Key: "offers", Default: consent.OptOut},
		},
	}
	for _, q := range questions {
		parsed, err := filter.Parse(q.text)
		require.NoError(t, err, q.ask)
		require.Equal(t, q.expr, parsed, q.ask)
		read, err := filter.Unmarshal([]byte(q.json))
		require.NoError(t, err, q.ask)
		require.Equal(t, q.expr, read, q.ask)
		text, err := filter.Format(q.expr)
		require.NoError(t, err, q.ask)
		require.Equal(t, q.text, text)
		form, err := filter.Marshal(q.expr)
		require.NoError(t, err, q.ask)
		require.Equal(t, q.json, string(form))

		bound, err := filter.Bind(q.expr, env)
		require.NoError(t, err, q.ask)
		var who []string
		for _, v := range cast() {
			if filter.Match(bound, v) {
				who = append(who, v.Name)
			}
		}
		require.Equal(t, q.who, strings.Join(who, ", "), q.ask)
		require.Empty(t, filter.Lint(q.expr, env), q.ask)
	}
}

// TestLanguagePage checks that LANGUAGE.md has the questions of this file, with the same Go source,
// and the operators of the field table.
func TestLanguagePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("LANGUAGE.md")
	require.NoError(t, err)
	sources := questionSources(t)
	require.Len(t, sources, len(questions))
	var want strings.Builder
	for i, q := range questions {
		want.WriteString("**" + q.ask + "**\n\n```go\n" + sources[i] + "\n```\n```\n" + q.text + "\n```\n```json\n" + q.json + "\n```\n\n")
	}
	require.True(t, strings.Contains(string(page), strings.TrimSpace(want.String())), "LANGUAGE.md should contain:\n%s", want.String())
	for _, p := range filter.Periods() {
		require.True(t, strings.Contains(string(page), "`created:"+string(p)+"`"), p)
	}
	require.Equal(t, operatorTable(), readOperatorTable(string(page)))
}

// operatorTable returns the kinds of fields that have each operator.
func operatorTable() map[string][]string {
	table := map[string][]string{}
	for _, f := range filter.Fields() {
		for _, op := range f.Ops {
			kind := strings.Replace(string(f.Kind), "attr", "attribute", 1)
			if !slices.Contains(table[string(op)], kind) {
				table[string(op)] = append(table[string(op)], kind)
			}
		}
	}
	for _, kinds := range table {
		slices.Sort(kinds)
	}
	return table
}

// readOperatorTable reads the same from LANGUAGE.md.
func readOperatorTable(page string) map[string][]string {
	table := map[string][]string{}
	_, rest, _ := strings.Cut(page, "| op | text form | kinds |")
	rest, _, _ = strings.Cut(rest, "\n\n")
	for _, line := range strings.Split(rest, "\n")[2:] {
		cells := strings.Split(line, " | ")
		op := strings.Trim(cells[0], "|` ")
		if op != "not" {
			table[op] = append(table[op], strings.Split(cells[2], ", ")...)
		}
	}
	for _, kinds := range table {
		slices.Sort(kinds)
	}
	return table
}

// questionSources returns the Go source of each question in this file.
func questionSources(t *testing.T) []string {
	t.Helper()
	const name = "questions_test.go"
	source, err := os.ReadFile(name)
	require.NoError(t, err)
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, 0)
	require.NoError(t, err)
	var sources []string
	for _, decl := range file.Decls {
		vars, ok := decl.(*ast.GenDecl)
		if !ok || vars.Tok != token.VAR {
			continue
		}
		spec := vars.Specs[0].(*ast.ValueSpec)
		if !slices.ContainsFunc(spec.Names, func(n *ast.Ident) bool { return n.Name == "questions" }) {
			continue
		}
		for _, row := range spec.Values[0].(*ast.CompositeLit).Elts {
			expr := row.(*ast.CompositeLit).Elts[1]
			sources = append(sources, string(source[files.Position(expr.Pos()).Offset:files.Position(expr.End()).Offset]))
		}
	}
	return sources
}
