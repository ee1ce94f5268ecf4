package main

import (
	"context"
	"errors"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

// ids returns the ids of the visitors that match.
func (t tour) ids(ctx context.Context, where filter.Expr) (ids []visitor.ID, err error) {
	for v, err := range t.ws.All(ctx, store.Query{Where: where}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, v.ID)
	}
	return ids, nil
}

// tag creates tags by naming them. A tag with a chosen colour is created first.
func (t tour) tag(ctx context.Context) error {
	const sale, call = "spring sale", "call back"
	orange := tag.Color("#f59e0b")
	_, err := t.ws.CreateTag(ctx, tag.Draft{Name: sale, Color: orange, Description: "informed about the sale in March"})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	ids, err := t.ids(ctx, filter.Tag.HasAll("hot-lead", "e-bike"))
	if err != nil {
		return err
	}
	done, err := t.ws.Tag(ctx, []string{sale, call}, ids...)
	if err != nil {
		return err
	}
	t.out.heading("Tagging on the fly", "tag:hot-lead tag:e-bike")
	t.out.line("%s %s: %d visitors tagged, %d already had the tags",
		t.out.color.badge(sale, orange), t.out.color.badge(call, tag.ColorFor(call)), done.Changed, done.Unchanged)
	return nil
}

// group adds visitors to a group.
func (t tour) group(ctx context.Context) error {
	g, err := t.groupNamed(ctx, group.Draft{Name: "Test ride on Saturday"})
	if err != nil {
		return err
	}
	ids, err := t.ids(ctx, filter.And(filter.Tag.Has("test-ride"), filter.Phone.Exists()))
	if err != nil {
		return err
	}
	done, err := t.ws.AddToGroup(ctx, g.ID, ids...)
	if err != nil {
		return err
	}
	t.out.heading("A group with added members", "")
	t.out.line("%q: %d added, %d already members", g.Name, done.Changed, done.Unchanged)
	return nil
}

// rule creates a group with a rule: the visitors that match are members.
func (t tour) rule(ctx context.Context) error {
	rule, err := filter.Parse("tag:hot-lead -tag:customer has:email")
	if err != nil {
		return err
	}
	g, err := t.groupNamed(ctx, group.Draft{Name: "Write to these", Rule: rule})
	if err != nil {
		return err
	}
	n, err := t.ws.Count(ctx, filter.Group.HasID(g.ID))
	if err != nil {
		return err
	}
	t.out.heading("A group with a rule", "tag:hot-lead -tag:customer has:email")
	t.out.line("%q has %d members", g.Name, n)
	return nil
}

// groupNamed returns the group with a name, and creates it if it does not exist.
func (t tour) groupNamed(ctx context.Context, d group.Draft) (group.Group, error) {
	for g, err := range t.ws.Groups(ctx) {
		if err != nil || group.Key(g.Name) == group.Key(d.Name) {
			return g, err
		}
	}
	return t.ws.CreateGroup(ctx, d)
}

// edit changes a profile, unless it was changed since it was read.
func (t tour) edit(ctx context.Context) error {
	t.out.heading("Editing a visitor", `email:ada.okafor@example.com`)
	page, err := t.ws.Find(ctx, store.Query{Where: filter.Email.Is("ada.okafor@example.com"), Limit: 1})
	if err != nil {
		return err
	}
	if len(page.Visitors) == 0 {
		t.out.line("no visitor has that address now")
		return nil
	}
	before := page.Visitors[0]
	rides := visitor.Number(before.Attributes["test_rides"].Number() + 1)
	after, err := t.ws.Update(ctx, before.ID, visitor.Patch{
		Set:        visitor.Attributes{"test_rides": rides},
		IfRevision: before.Revision,
	})
	if errors.Is(err, store.ErrConflict) {
		t.out.line("%s was changed by someone else: nothing is overwritten", before.Name)
		return nil
	}
	if err != nil {
		return err
	}
	t.out.line("%s: test_rides is now %s, revision %d → %d", after.Name, after.Attributes["test_rides"], before.Revision, after.Revision)
	return nil
}

// delete shows the visitors that a bulk delete would delete, then deletes them permanently.
func (t tour) delete(ctx context.Context) error {
	spam := filter.Tag.Has("spam")
	t.out.heading("Deleting spam", "tag:spam")
	n, err := t.ws.Count(ctx, spam)
	if err != nil {
		return err
	}
	if n == 0 {
		t.out.line("no visitor has the tag: nothing to delete")
		return nil
	}
	t.out.line("would delete %d visitors:", n)
	var ids []visitor.ID
	for v, err := range t.ws.All(ctx, store.Query{Where: spam, Order: store.NameAZ}) {
		if err != nil {
			return err
		}
		t.out.line("  %s", v.Name)
		ids = append(ids, v.ID)
	}
	done, err := t.ws.Delete(ctx, ids...)
	if err != nil {
		return err
	}
	left, err := t.ws.Count(ctx, filter.All())
	if err != nil {
		return err
	}
	t.out.line("%d deleted permanently, %d visitors left", done.Changed, left)
	return nil
}
