package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// shown is the number of visitors in a table.
const shown = 6

// newest shows the newest visitors, with badges for source and tags.
func (t tour) newest(ctx context.Context) error {
	return t.show(ctx, "The newest visitors", filter.All(), withTags)
}

// hotLeads combines two conditions: first met on Instagram, and tagged.
func (t tour) hotLeads(ctx context.Context) error {
	return t.show(ctx, "Instagram visitors with hot-lead",
		filter.And(filter.Source.Is(visitor.Instagram), filter.Tag.Has("hot-lead")), withTags)
}

// search finds text in name, e-mail and phone: accents and case do not matter.
func (t tour) search(ctx context.Context) error {
	return t.show(ctx, "Search without accents", filter.Search("jose"), withAddress)
}

// notCustomers finds visitors without a tag, with a filter in the text form of search bars.
func (t tour) notCustomers(ctx context.Context) error {
	where, err := filter.Parse("-tag:customer -tag:spam has:phone")
	if err != nil {
		return err
	}
	return t.show(ctx, "Not a customer, with a phone number", where, withAddress)
}

// show counts the visitors that match and shows the first ones.
func (t tour) show(ctx context.Context, question string, where filter.Expr, form form) error {
	n, err := t.ws.Count(ctx, where)
	if err != nil {
		return err
	}
	page, err := t.ws.Find(ctx, store.Query{Where: where, Order: store.NewestFirst, Limit: shown})
	if err != nil {
		return err
	}
	text, err := filter.Format(where)
	if err != nil {
		return err
	}
	t.out.heading(question, text)
	t.out.line("%d visitors", n)
	t.out.visitors(t.ws.Sources(), page.Visitors, form)
	if more := n - int64(len(page.Visitors)); more > 0 {
		t.out.note("and %d more", more)
	}
	return nil
}

// count counts all visitors by source and tag, like the filters of a screen.
func (t tour) count(ctx context.Context) error {
	facets, err := t.ws.Facets(ctx, filter.All())
	if err != nil {
		return err
	}
	t.out.heading("Visitors by source and tag", "")
	var bars []bar
	for _, s := range facets.Sources {
		info := t.ws.Sources().Info(s.Source)
		bars = append(bars, bar{info.Label, info.Badge, s.Count})
	}
	t.out.bars(bars)
	t.out.line("")
	bars = nil
	for _, c := range facets.Tags {
		bars = append(bars, bar{c.Tag.Name, c.Tag.Color, c.Count})
	}
	slices.SortStableFunc(bars, func(a, b bar) int { return cmp.Compare(b.count, a.count) })
	t.out.bars(bars)
	return nil
}
