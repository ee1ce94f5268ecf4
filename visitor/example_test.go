package visitor_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

func ExampleRules_Draft() {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d, err := visitor.Rules{}.Draft(visitor.Draft{
		Name: "  Ada   Lovelace ", Email: "ada@EXAMPLE.com", Phone: "+44 20 7946 0958", Source: "Instagram",
		Tags: []string{"Hot Lead", "hot lead"},
	}, now)
	fmt.Println(d.Name, d.Email, d.Phone, d.Source, d.Tags, err)
	_, err = visitor.Rules{}.Draft(visitor.Draft{Name: "Ada", Email: "ada", Source: visitor.Chat}, now)
	var field *visitor.FieldError
	fmt.Println(errors.Is(err, visitor.ErrInvalid), errors.As(err, &field), field.Field, "-", field.Reason)
	// Output:
	// Ada Lovelace ada@example.com +442079460958 instagram [Hot Lead] <nil>
	// true true email - no @
}

func ExampleRules_Patch() {
	p, err := visitor.Rules{}.Patch(visitor.Patch{Name: new(" Ada "), Email: new("")})
	fmt.Printf("%q %q %v\n", *p.Name, *p.Email, err)
	_, err = visitor.Rules{}.Patch(visitor.Patch{Name: new("")})
	fmt.Println(err)
	// Output:
	// "Ada" "" <nil>
	// name: missing
}

func ExampleRules_Identity() {
	i, err := visitor.Rules{}.Identity(visitor.Identity{Source: "Telegram", ExternalID: "42", Username: " ada "})
	fmt.Println(i.Source, i.ExternalID, i.Username, err)
	_, err = visitor.Rules{}.Identity(visitor.Identity{Source: "Telegram"})
	fmt.Println(err)
	// Output:
	// telegram 42 ada <nil>
	// external_id: missing
}

func ExampleRules_Attributes() {
	a, err := visitor.Rules{}.Attributes(visitor.Attributes{"city": visitor.Text(" London "), "score": visitor.Number(7)})
	fmt.Println(a["city"], a["score"], err)
	_, err = visitor.Rules{}.Attributes(visitor.Attributes{"Home City": visitor.Text("London")})
	fmt.Println(err)
	// Output:
	// London 7 <nil>
	// attribute: a name has 1 to 64 lower-case letters, digits, _, - and ., and starts with a letter
}

func ExampleRules_NormalizePhone() {
	rules := visitor.Rules{Phone: func(raw string) (string, error) {
		return "+4930123456", nil // package visitor/phone reads real numbers
	}}
	fmt.Println(rules.NormalizePhone("030 123456"))
	fmt.Println(visitor.Rules{}.NormalizePhone("030 123456"))
	// Output:
	// +4930123456 <nil>
	//  phone: national number: give it with + and country code, or set a region
}

func ExampleValidAttributeName() {
	fmt.Println(visitor.ValidAttributeName("home.city"), visitor.ValidAttributeName("Home City"))
	// Output: true false
}

func ExampleNormalizeName() {
	fmt.Println(visitor.NormalizeName("\u00a0Ada \n Lovelace\u200b"))
	// Output: Ada Lovelace <nil>
}

func ExampleNormalizeEmail() {
	fmt.Println(visitor.NormalizeEmail(" Ada@Example.COM "))
	_, err := visitor.NormalizeEmail("Ada <ada@example.com>")
	fmt.Println(err)
	// Output:
	// Ada@example.com <nil>
	// email: give the address alone, without a name and < >
}

func ExampleNormalizePhone() {
	fmt.Println(visitor.NormalizePhone("tel:+1 (415) 555-2671"))
	_, err := visitor.NormalizePhone("+1 415 555 2671 ext. 12")
	fmt.Println(err)
	// Output:
	// +14155552671 <nil>
	// phone: has an extension: give the number alone
}

func ExamplePatch_Apply() {
	v, changed := visitor.Patch{Name: new("Ada")}.Apply(visitor.Visitor{Name: "Bob"}, time.Now())
	fmt.Println(v.Name, changed)
	// Output: Ada [name]
}

func ExampleNewID() {
	a := visitor.NewID(time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC))
	b := visitor.NewID(time.Date(2024, 5, 2, 0, 0, 0, 0, time.UTC))
	fmt.Println(a < b)
	// Output: true
}

func ExampleParseID() {
	_, err := visitor.ParseID("42")
	fmt.Println(err)
	// Output: visitor id: not an id: 2 characters, want 36
}

func ExampleID_Time() {
	fmt.Println(visitor.ID("018f3173-7000-7000-8000-000000000000").Time())
	// Output: 2024-05-01 00:00:00 +0000 UTC true
}

func ExampleNewGroupID() {
	id, err := visitor.ParseGroupID(string(visitor.NewGroupID(time.Now())))
	fmt.Println(len(id), err)
	// Output: 36 <nil>
}

func ExampleParseGroupID() {
	_, err := visitor.ParseGroupID("42")
	fmt.Println(err)
	// Output: group id: not an id: 2 characters, want 36
}

func ExampleVisitor_Clone() {
	v := visitor.Visitor{Attributes: visitor.Attributes{"city": visitor.Text("London")}}
	c := v.Clone()
	c.Attributes["city"] = visitor.Text("Paris")
	fmt.Println(v.Attributes["city"])
	// Output: London
}

func ExampleVisitor_CheckLimits() {
	v := visitor.Visitor{Memberships: make([]visitor.Membership, visitor.MaxGroups+1)}
	fmt.Println(v.CheckLimits())
	// Output: groups: more than 1000
}

func ExampleMembership() {
	b, err := json.Marshal(visitor.Membership{
		Group: "018f3173-7000-7000-8000-000000000000", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Actor: "agent-7", Cause: "asked at the fair",
	})
	fmt.Println(string(b), err)
	// Output: {"group":"018f3173-7000-7000-8000-000000000000","at":"2026-03-01T12:00:00Z","actor":"agent-7","cause":"asked at the fair"} <nil>
}

func ExampleVisitor_MemberOf() {
	v := visitor.Visitor{Memberships: []visitor.Membership{{Group: "a"}}}
	fmt.Println(v.MemberOf("a"), v.MemberOf("b"))
	// Output: true false
}

func ExampleVisitor_Groups() {
	v := visitor.Visitor{Memberships: []visitor.Membership{{Group: "a"}, {Group: "b"}}}
	fmt.Println(v.Groups())
	// Output: [a b]
}

func ExampleVisitor_Sorted() {
	v := visitor.Visitor{Memberships: []visitor.Membership{{Group: "b"}, {Group: "a"}}, Excluded: []visitor.GroupID{}}.Sorted()
	fmt.Println(v.Groups(), v.Excluded == nil)
	// Output: [a b] true
}

func ExampleIdentity_Compare() {
	a := visitor.Identity{Source: visitor.Chat, ExternalID: "1"}
	b := visitor.Identity{Source: visitor.Telegram, ExternalID: "1"}
	fmt.Println(a.Compare(b))
	// Output: -1
}

func ExampleSources() {
	for _, s := range visitor.Sources() {
		fmt.Println(s, s.Info().Label, s.Info().Badge)
	}
	// Output:
	// instagram Instagram #16a34a
	// whatsapp WhatsApp #2563eb
	// chat Chat #0ea5e9
	// messenger Facebook Messenger #6b7280
	// telegram Telegram #ea580c
}

func ExampleParseSource() {
	fmt.Println(visitor.ParseSource("Facebook Messenger"))
	// Output: messenger <nil>
}

func ExampleSource_Info() {
	fmt.Println(visitor.Chat.Info().Description)
	// Output: a conversation in the website chat widget
}

func ExampleNewCatalog() {
	sources, err := visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{"walk-in": {Label: "Walk-in", Badge: "#0d9488"}})
	fmt.Println(sources.Sources(), err)
	// Output: [instagram whatsapp chat messenger telegram walk-in] <nil>
}

func ExampleCatalog_Parse() {
	sources, err := visitor.NewCatalog(map[visitor.Source]visitor.SourceInfo{"walk-in": {Label: "Walk-in"}})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(sources.Parse("WALK-IN"))
	// Output: walk-in <nil>
}

func ExampleCatalog_Info() {
	fmt.Println(visitor.Catalog{}.Info("whatsapp").Label, visitor.Catalog{}.Info("fax").Label)
	// Output: WhatsApp fax
}

func ExampleCatalog_Has() {
	fmt.Println(visitor.Catalog{}.Has("telegram"), visitor.Catalog{}.Has("fax"))
	// Output: true false
}

func ExampleAttributes() {
	b, err := json.Marshal(visitor.Attributes{
		"city":    visitor.Text("London"),
		"score":   visitor.Number(7),
		"trial":   visitor.Bool(true),
		"since":   visitor.Time(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
		"courses": visitor.List("maths", "poetry"),
	})
	fmt.Println(string(b), err)
	// Output: {"city":"London","courses":["maths","poetry"],"score":7,"since":{"time":"2026-01-02T03:04:05Z"},"trial":true} <nil>
}

func ExampleAttributes_Merge() {
	a := visitor.Attributes{"city": visitor.Text("London"), "score": visitor.Number(7)}
	fmt.Println(a.Merge(visitor.Attributes{"city": visitor.Text("Paris")}, []string{"score"}))
	// Output: map[city:Paris]
}

func ExampleValue_Items() {
	for item := range visitor.List("maths", "poetry").Items {
		fmt.Println(item)
	}
	// Output:
	// maths
	// poetry
}
