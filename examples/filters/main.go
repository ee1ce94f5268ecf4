// Command filters writes one filter in three forms, counts the matches of many others, and shows
// the errors for mistakes.
package main

import (
	"context"
	"fmt"
	"log"
	"reflect"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/visitor"
)

func main() {
	ctx := context.Background()
	ws, err := open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range []func(context.Context, *store.Workspace) error{forms, questions, mistakes, explain} {
		if err := step(ctx, ws); err != nil {
			log.Fatal(err)
		}
	}
}

// open returns a workspace with six visitors and a fixed clock.
func open(ctx context.Context) (*store.Workspace, error) {
	ws, err := store.Open(memory.New(), "acme", &store.Options{Now: func() time.Time { return day(2026, 6, 15) }})
	if err != nil {
		return nil, err
	}
	for _, d := range people {
		if _, err := ws.Create(ctx, d); err != nil {
			return nil, err
		}
	}
	return ws, nil
}

// forms builds one expression in Go, in text and in JSON.
func forms(ctx context.Context, ws *store.Workspace) error {
	typed := filter.And(
		filter.Source.Is(visitor.Instagram),
		filter.Tag.Has("hot-lead"),
		filter.Tag.HasNone("customer"))
	parsed, err := filter.Parse(`source:instagram tag:hot-lead -tag:customer`)
	if err != nil {
		return err
	}
	stored, err := filter.Marshal(parsed)
	if err != nil {
		return err
	}
	read, err := filter.Unmarshal(stored)
	if err != nil {
		return err
	}
	text, err := filter.Format(read)
	if err != nil {
		return err
	}
	fmt.Println("text ", text)
	fmt.Println("JSON ", string(stored))
	fmt.Println("same ", reflect.DeepEqual(typed, parsed) && reflect.DeepEqual(parsed, read))
	for v, err := range ws.All(ctx, store.Query{Where: typed}) {
		if err != nil {
			return err
		}
		fmt.Println("who  ", v.Name)
	}
	return nil
}

// questions counts the matches of filters that people type into a search bar.
func questions(ctx context.Context, ws *store.Workspace) error {
	fmt.Println()
	for _, text := range []string{
		"is:everyone",
		"jose",
		"tag:hot-lead OR tag:customer",
		"-has:tag",
		"(source:chat OR source:telegram) has:email",
		"phone:+49*",
		`attr.city:"sao paulo"`,
		"attr.orders:>=2",
		"created:this-month",
		"created:<2026-01-01 -tag:customer",
	} {
		where, err := filter.Parse(text)
		if err != nil {
			return err
		}
		n, err := ws.Count(ctx, where)
		if err != nil {
			return err
		}
		rest, err := ws.Count(ctx, filter.Not(where))
		if err != nil {
			return err
		}
		fmt.Printf("%d of %d  %s\n", n, n+rest, text)
	}
	return nil
}

// mistakes shows the errors of invalid filters. No mistake makes a filter match everyone.
func mistakes(ctx context.Context, ws *store.Workspace) error {
	fmt.Println()
	for _, text := range []string{"", "soruce:chat", "tag:hotlead", "source:tiktok", "attr.orders:>many", "(jose"} {
		where, err := filter.Parse(text)
		if err == nil {
			_, err = ws.Count(ctx, where)
		}
		if err == nil {
			return fmt.Errorf("%q was not refused", text)
		}
		fmt.Printf("%-20q %v\n", text, err)
	}
	return nil
}

// explain shows why a visitor does not match.
func explain(ctx context.Context, ws *store.Workspace) error {
	fmt.Println()
	where, err := filter.Parse(`source:instagram tag:hot-lead -tag:customer`)
	if err != nil {
		return err
	}
	page, err := ws.Find(ctx, store.Query{Where: filter.Name.Is("Grace Wright"), Limit: 1})
	if err != nil || len(page.Visitors) == 0 {
		return err
	}
	why, err := ws.Explain(ctx, page.Visitors[0].ID, where)
	if err != nil {
		return err
	}
	fmt.Printf("why not Grace?\n%v\n", why)
	return nil
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 9, 0, 0, 0, time.UTC)
}

var people = []visitor.Draft{
	{Name: "Ada Okafor", Email: "ada@example.com", Source: visitor.Instagram, Tags: []string{"hot-lead"}, CreatedAt: day(2026, 6, 2),
		Attributes: visitor.Attributes{"city": visitor.Text("Berlin"), "orders": visitor.Number(1)}},
	{Name: "José Peña", Phone: "+49 30 23125 001", Source: visitor.Instagram, Tags: []string{"hot-lead"}, CreatedAt: day(2026, 5, 30)},
	{Name: "Grace Wright", Email: "grace@example.com", Source: visitor.Instagram, Tags: []string{"hot-lead", "customer"}, CreatedAt: day(2025, 11, 3),
		Attributes: visitor.Attributes{"orders": visitor.Number(3)}},
	{Name: "Iracema Brandão", Email: "iracema@example.com", Source: visitor.Telegram, CreatedAt: day(2025, 12, 24),
		Attributes: visitor.Attributes{"city": visitor.Text("São Paulo")}},
	{Name: "李小龍", Phone: "+1 212 555 0101", Source: visitor.Chat, CreatedAt: day(2026, 6, 14)},
	{Name: "Josephine Nagy", Email: "jn@example.com", Source: visitor.WhatsApp, Tags: []string{"customer"}, CreatedAt: day(2026, 1, 1)},
}
