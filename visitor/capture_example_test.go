package visitor_test

import (
	"fmt"
	"time"

	"github.com/contactpipeline/visitors/visitor"
)

func ExamplePolicy_MergeContact() {
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	older := visitor.Contact{Source: visitor.Telegram, ExternalID: "42", Name: "Ada", Email: "one@example.com", OccurredAt: monday}
	newer := visitor.Contact{Source: visitor.Telegram, ExternalID: "42", Name: "Ada L.", Email: "two@example.com", OccurredAt: monday.Add(time.Hour)}
	var p visitor.Policy // the default: the latest name, the earliest e-mail
	for _, order := range [][]visitor.Contact{{older, newer}, {newer, older}} {
		v := visitor.Visitor{Source: visitor.Telegram}
		for _, c := range order {
			v = p.MergeContact(v, c, c.Identities())
		}
		fmt.Println(v.Name, v.Email)
	}
	// Output:
	// Ada L. one@example.com
	// Ada L. one@example.com
}

func ExamplePolicy_Merge() {
	into := visitor.Visitor{ID: "a", Name: "Ada", Email: "ada@example.com", Source: visitor.Instagram}
	from := visitor.Visitor{ID: "b", Name: "A. Lovelace", Phone: "+4930123456", Source: visitor.Chat}
	v := visitor.Policy{}.Merge(into, from)
	fmt.Println(v.Name, v.Email, v.Phone)
	// Output: Ada ada@example.com +4930123456
}

func ExampleMerged_Undo() {
	m := visitor.Merged{
		Into: visitor.Visitor{ID: "a", Name: "Ada", Source: visitor.Instagram},
		From: visitor.Visitor{ID: "b", Name: "Bob", Phone: "+4930123456", Source: visitor.Chat},
	}
	m.Result = visitor.Policy{}.Merge(m.Into, m.From)
	now := m.Result
	now.Email = "ada@example.com" // set after the merge
	into, from := m.Undo(now)
	fmt.Printf("%s %q %q\n", into.Name, into.Email, into.Phone)
	fmt.Printf("%s %q %q\n", from.Name, from.Email, from.Phone)
	// Output:
	// Ada "ada@example.com" ""
	// Bob "" "+4930123456"
}

func ExampleMerged_Choices() {
	m := visitor.Merged{Into: visitor.Visitor{Name: "Ada"}, From: visitor.Visitor{Name: "Ada", Phone: "+4930123456"}}
	m.Result = visitor.Policy{}.Merge(m.Into, m.From)
	fmt.Printf("%+v\n", m.Choices())
	// Output: [{Field:phone Into: From:+4930123456 Result:+4930123456}]
}

func ExampleRules_Contact() {
	c, refused, err := visitor.Rules{}.Contact(visitor.Contact{
		Source: "WhatsApp", ExternalID: "4930123456", Name: " Ada ", Email: "ada(at)example.com",
	}, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	fmt.Printf("%q %q %v %v\n", c.Source, c.Name, refused, err)
	// Output: "whatsapp" "Ada" [email: no @] <nil>
}

func ExampleSimilarity() {
	score, reasons := visitor.Similarity(
		visitor.Visitor{Name: "Ada Lovelace", Email: "ada@example.com"},
		visitor.Visitor{Name: "LOVELACE, Ada", Email: "Ada@Example.com"})
	fmt.Printf("%.2f %v\n", score, reasons)
	// Output: 0.94 [{same_email 0.9} {same_name 0.4}]
}

func ExampleIdentity_Conflicts() {
	number := visitor.Identity{Source: visitor.WhatsApp, ExternalID: "4930123456"}
	fmt.Println(number.Conflicts(visitor.Identity{Source: visitor.WhatsApp, ExternalID: "4930999999"}))
	fmt.Println(number.Conflicts(visitor.Identity{Source: visitor.WhatsApp, ExternalID: "DE.1234"})) // a user id: another form
	// Output:
	// true
	// false
}

func ExampleVisitor_Conflicts() {
	a := visitor.Visitor{Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: "1"}}}
	b := visitor.Visitor{Identities: []visitor.Identity{{Source: visitor.Telegram, ExternalID: "2"}}}
	fmt.Println(a.Conflicts(b))
	// Output: true
}

func ExampleChanged() {
	fmt.Println(visitor.Changed(
		visitor.Visitor{Name: "Ada", Attributes: visitor.Attributes{"city": visitor.Text("Rio")}},
		visitor.Visitor{Name: "Ada L.", Attributes: visitor.Attributes{"city": visitor.Text("Lima")}}))
	// Output: [attr.city name]
}

func ExamplePolicy_Validate() {
	fmt.Println(visitor.Policy{Name: "sometimes"}.Validate())
	// Output: policy: want never, if_empty, if_newer or always
}

func ExampleNameWords() {
	fmt.Printf("%q\n", visitor.NameWords("Şahin, Zoë"))
	// Output: ["sahin" "zoe"]
}
