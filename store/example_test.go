package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

// sample returns a workspace with three visitors.
func sample() (context.Context, *store.Workspace) {
	ctx := context.Background()
	ws, err := store.Open(memory.New(), "acme", nil)
	if err != nil {
		panic(err)
	}
	for i, d := range []visitor.Draft{
		{Name: "Ada Lovelace", Source: visitor.Instagram, Email: "ada@example.com", Tags: []string{"hot-lead"}},
		{Name: "Bob Hope", Source: visitor.Instagram, Tags: []string{"customer"}},
		{Name: "Zoë Şahin", Source: visitor.Telegram, Phone: "+49 151 23456789"},
	} {
		d.CreatedAt = time.Date(2026, 1, 1+i, 12, 0, 0, 0, time.UTC)
		if _, err := ws.Create(ctx, d); err != nil {
			panic(err)
		}
	}
	return ctx, ws
}

// show prints the names of the matching visitors.
func show(ctx context.Context, ws *store.Workspace, e filter.Expr) {
	for v, err := range ws.All(ctx, store.Query{Where: e, Order: store.NameAZ}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v.Name)
	}
}

// first returns one matching visitor.
func first(ctx context.Context, ws *store.Workspace, e filter.Expr) visitor.Visitor {
	page, err := ws.Find(ctx, store.Query{Where: e, Limit: 1})
	if err != nil || len(page.Visitors) == 0 {
		panic(fmt.Sprint("no visitor: ", err))
	}
	return page.Visitors[0]
}

func ExampleOpen() {
	ws, err := store.Open(memory.New(), "acme", nil)
	fmt.Println(ws.ID(), err)
	_, err = store.Open(memory.New(), "no spaces", nil)
	fmt.Println(err)
	// Output:
	// acme <nil>
	// open workspace: workspace: want 1 to 64 letters, digits, '.', '_' and '-'
}

func ExampleWorkspace_Create() {
	ctx, ws := sample()
	v, err := ws.Create(ctx, visitor.Draft{
		Name:   "  Grace\u00a0Hopper ",
		Source: visitor.WhatsApp,
		Phone:  "+1 (202) 555-0143",
		Tags:   []string{"hot-lead"},
	})
	fmt.Printf("%s, %s, %s, %s, %v\n", v.Name, v.Phone, v.Source.Info().Label, v.Tags[0].Name, err)
	_, err = ws.Create(ctx, visitor.Draft{Name: "Grace", Source: "fax"})
	fmt.Println(err)
	// Output:
	// Grace Hopper, +12025550143, WhatsApp, hot-lead, <nil>
	// create visitor: source: unknown; known are instagram, whatsapp, chat, messenger, telegram
}

func ExampleWorkspace_Find() {
	ctx, ws := sample()
	page, err := ws.Find(ctx, store.Query{
		Where: filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead")),
		Order: store.NewestFirst,
		Limit: 50,
	})
	fmt.Println(len(page.Visitors), page.Visitors[0].Name, page.Next == "", err)
	// Output: 1 Ada Lovelace true <nil>
}

func ExampleWorkspace_All() {
	ctx, ws := sample()
	for v, err := range ws.All(ctx, store.Query{Where: filter.Search("sahin"), Order: store.NameAZ}) {
		fmt.Println(v.Name, err)
	}
	// Output: Zoë Şahin <nil>
}

func ExampleWorkspace_Get() {
	ctx, ws := sample()
	v, err := ws.Get(ctx, first(ctx, ws, filter.Search("bob")).ID)
	fmt.Println(v.Name, err)
	// Output: Bob Hope <nil>
}

func ExampleWorkspace_Update() {
	ctx, ws := sample()
	v := first(ctx, ws, filter.Search("bob"))
	email := "bob@example.com"
	v, err := ws.Update(ctx, v.ID, visitor.Patch{Email: &email, IfRevision: v.Revision})
	fmt.Println(v.Email, v.Revision, err)
	_, err = ws.Update(ctx, v.ID, visitor.Patch{Email: new(string), IfRevision: 1})
	fmt.Println(err != nil)
	// Output:
	// bob@example.com 2 <nil>
	// true
}

func ExampleWorkspace_Delete() {
	ctx, ws := sample()
	r, err := ws.Delete(ctx, first(ctx, ws, filter.Search("bob")).ID, visitor.NewID(time.Now()))
	fmt.Println(r.Changed, "deleted,", len(r.Missing), "missing,", err)
	show(ctx, ws, filter.All())
	// Output:
	// 1 deleted, 1 missing, <nil>
	// Ada Lovelace
	// Zoë Şahin
}

func ExampleWorkspace_Count() {
	ctx, ws := sample()
	n, err := ws.Count(ctx, filter.Tag.HasNone("customer"))
	fmt.Println(n, err)
	// Output: 2 <nil>
}

func ExampleWorkspace_CountUpTo() {
	ctx, ws := sample()
	n, err := ws.CountUpTo(ctx, filter.All(), 2)
	fmt.Println(n, err)
	// Output: 2 <nil>
}

func ExampleWorkspace_Facets() {
	ctx, ws := sample()
	f, err := ws.Facets(ctx, filter.Source.Is(visitor.Instagram))
	fmt.Println(f.Total, f.Sources[0].Source, f.Sources[0].Count, err)
	for _, t := range f.Tags {
		fmt.Println(t.Tag.Name, t.Count)
	}
	// Output:
	// 2 instagram 2 <nil>
	// customer 1
	// hot-lead 1
}

func ExampleWorkspace_Tag() {
	ctx, ws := sample()
	agent, _ := ws.WithActor("agent-7", "asked for a demo")
	zoe := first(ctx, ws, filter.Search("zoe"))
	r, err := agent.Tag(ctx, []string{"requested-demo"}, zoe.ID)
	fmt.Println(r.Changed, err)
	t := first(ctx, ws, filter.Tag.Has("requested-demo")).Tags[0]
	fmt.Println(t.Name, t.Actor, t.Cause)
	// Output:
	// 1 <nil>
	// requested-demo agent-7 asked for a demo
}

func ExampleWorkspace_Untag() {
	ctx, ws := sample()
	r, err := ws.Untag(ctx, []string{"hot-lead"}, first(ctx, ws, filter.Search("ada")).ID)
	fmt.Println(r.Changed, err)
	// Output: 1 <nil>
}

func ExampleWorkspace_WithActor() {
	ctx, ws := sample()
	agent, err := ws.WithActor("agent-7", "asked to be called")
	if err != nil {
		fmt.Println(err)
		return
	}
	zoe := first(ctx, ws, filter.Search("zoe"))
	_, _ = agent.Update(ctx, zoe.ID, visitor.Patch{Phone: new("+49 30 123456")})
	for e := range agent.EventsOf(ctx, zoe.ID) {
		fmt.Printf("%s %v by %q because %q\n", e.Kind, e.Fields, e.Actor, e.Cause)
	}
	// Output:
	// visitor.created [] by "" because ""
	// visitor.updated [phone] by "agent-7" because "asked to be called"
}

func ExampleWorkspace_Events() {
	ctx, ws := sample()
	for e, err := range ws.Events(ctx, 3) {
		fmt.Println(e.Seq, e.Kind, err)
	}
	// Output:
	// 4 visitor.created <nil>
	// 5 visitor.created <nil>
}

func ExampleWorkspace_EventsOf() {
	ctx, ws := sample()
	ada := first(ctx, ws, filter.Search("ada"))
	_, _ = ws.Untag(ctx, []string{"hot-lead"}, ada.ID)
	for e, err := range ws.EventsOf(ctx, ada.ID) {
		fmt.Println(e.Seq, e.Kind, err)
	}
	// Output:
	// 2 visitor.created <nil>
	// 6 visitor.untagged <nil>
}

func ExampleWorkspace_Load() {
	ctx, ws := sample()
	file := json.NewDecoder(strings.NewReader(`{"name": "Grace Hopper"} {"name": ""} {"name": "Hed`))
	drafts := func(yield func(visitor.Draft, error) bool) {
		for {
			d := visitor.Draft{Source: visitor.Chat}
			err := file.Decode(&d)
			if err == io.EOF || !yield(d, err) || err != nil {
				return
			}
		}
	}
	done, err := ws.Load(ctx, drafts, &store.LoadOptions{
		Refused: func(index int, err error) { fmt.Println("draft", index, err) },
	})
	fmt.Println(done.Created, "created,", done.Refused, "refused,", err)
	// Output:
	// draft 1 create visitor: name: missing
	// 1 created, 1 refused, load visitors: unexpected EOF
}

func ExampleWorkspace_Explain() {
	ctx, ws := sample()
	bob := first(ctx, ws, filter.Search("bob"))
	why, err := ws.Explain(ctx, bob.ID, filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead")))
	fmt.Println(why.Matches, err)
	for _, condition := range why.Root.Children {
		fmt.Println(condition.Text, condition.Matches, condition.Actual)
	}
	// Output:
	// false <nil>
	// source:instagram true [instagram]
	// tag:hot-lead false [customer]
}

func ExampleWorkspace_Lint() {
	ctx, ws := sample()
	warnings, err := ws.Lint(ctx, filter.And(filter.Source.Is(visitor.Instagram), filter.Source.Is(visitor.Telegram)))
	fmt.Println(len(warnings), warnings[0].Issue, err)
	// Output: 1 contradiction <nil>
}

func ExampleWorkspace_Bind() {
	ctx, ws := sample()
	hot, err := ws.Bind(ctx, filter.Tag.Has("hot-lead"))
	fmt.Println(err)
	fmt.Println(filter.Match(hot, first(ctx, ws, filter.Name.Is("Ada Lovelace"))))
	_, err = ws.Bind(ctx, filter.Tag.Has("hot-leed"))
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// bind filter: filter: unknown tag "hot-leed"; did you mean "hot-lead"?
}

func ExampleWorkspace_Check() {
	_, ws := sample()
	d, err := ws.Check(visitor.Draft{Name: "  Grace\u00a0 Hopper ", Email: "Grace@Example.COM", Source: "instagram"})
	fmt.Printf("%q %q %v\n", d.Name, d.Email, err)
	_, err = ws.Check(visitor.Draft{Name: "Grace", Source: "fax"})
	fmt.Println(err)
	// Output:
	// "Grace Hopper" "Grace@example.com" <nil>
	// check visitor: source: unknown; known are instagram, whatsapp, chat, messenger, telegram
}

func ExampleWorkspace_Sources() {
	ws, err := store.Open(memory.New(), "acme", &store.Options{
		Sources: map[visitor.Source]visitor.SourceInfo{"fair": {Label: "Trade fair", Badge: "#7c3aed"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range ws.Sources().Sources() {
		fmt.Println(s, ws.Sources().Info(s).Badge)
	}
	// Output:
	// instagram #16a34a
	// whatsapp #2563eb
	// chat #0ea5e9
	// messenger #6b7280
	// telegram #ea580c
	// fair #7c3aed
}

func ExampleParseWorkspaceID() {
	_, err := store.ParseWorkspaceID("acme/west")
	fmt.Println(err)
	// Output: workspace: want 1 to 64 letters, digits, '.', '_' and '-'
}
