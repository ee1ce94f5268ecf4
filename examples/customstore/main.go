package main

import (
	"context"
	"fmt"
	"log"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/storetest/reference"
	"github.com/contactpipeline/visitors/visitor"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// run uses the back end like any other, through a Workspace.
func run(ctx context.Context) error {
	st := reference.New()
	defer st.Close()
	ws, err := store.Open(st, "acme", nil)
	if err != nil {
		return err
	}
	for _, d := range []visitor.Draft{
		{Name: "Ada Lovelace", Email: "ada@example.com", Source: visitor.Instagram, Tags: []string{"hot-lead"}},
		{Name: "Grace Hopper", Phone: "+1 202 555 0123", Source: visitor.WhatsApp},
		{Name: "José Saramago", Source: visitor.Instagram, Tags: []string{"customer", "hot-lead"}},
	} {
		if _, err := ws.Create(ctx, d); err != nil {
			return err
		}
	}
	e, err := filter.Parse(`source:instagram tag:hot-lead jose`)
	if err != nil {
		return err
	}
	page, err := ws.Find(ctx, store.Query{Where: e, Order: store.NameAZ})
	if err != nil {
		return err
	}
	for _, v := range page.Visitors {
		fmt.Printf("%s came through %s\n", v.Name, v.Source.Info().Label)
	}
	return nil
}
