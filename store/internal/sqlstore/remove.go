package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

const (
	deleteTagsOf       = "DELETE FROM " + visitorTagTable + " WHERE ws = ? AND visitor_id = ? RETURNING tag_id"
	deleteGroupsOf     = "DELETE FROM " + visitorGroupTable + " WHERE ws = ? AND visitor_id = ? RETURNING group_id, excluded"
	deleteIdentitiesOf = "DELETE FROM " + identityTable + " WHERE ws = ? AND visitor_id = ?"
	deleteAttributesOf = "DELETE FROM " + attributeTable + " WHERE ws = ? AND visitor_id = ?"
	deleteVisitor      = "DELETE FROM " + visitorTable + " WHERE ws = ? AND id = ?" +
		" RETURNING source, name_fold, email_fold, phone"
)

func (a *applier) deleteVisitor(ctx context.Context, c store.DeleteVisitor) (store.Outcome, error) {
	there, err := a.remove(ctx, c.ID)
	if err != nil || !there {
		return store.Outcome{Effect: store.Missing}, err
	}
	if err := a.forgetMerged(ctx, c.ID); err != nil {
		return store.Outcome{}, err
	}
	a.event(store.Event{Kind: store.VisitorDeleted, At: c.At, Visitor: c.ID})
	return store.Outcome{Effect: store.Deleted}, nil
}

// remove deletes a visitor and what hangs on it.
func (a *applier) remove(ctx context.Context, v visitor.ID) (there bool, err error) {
	id := a.d.ID(string(v))
	if there, err = a.deleteProfile(ctx, id); err != nil || !there {
		return there, err
	}
	err = a.find(ctx, deleteTagsOf, func(r row) error {
		var t tag.ID
		err := r.Scan(into(&t))
		a.counts.tag(t, -1)
		return err
	}, id)
	if err != nil {
		return true, err
	}
	err = a.find(ctx, deleteGroupsOf, func(r row) error {
		var g visitor.GroupID
		var excluded int64
		err := r.Scan(into(&g), &excluded)
		a.counts.group(g, excluded-1)
		return err
	}, id)
	for _, text := range []string{deleteIdentitiesOf, deleteAttributesOf} {
		if err == nil {
			_, err = a.exec(ctx, text, id)
		}
	}
	return true, err
}

func (a *applier) deleteProfile(ctx context.Context, id any) (there bool, err error) {
	text := deleteVisitor + ", 0"
	if a.d.Index() != nil {
		text = deleteVisitor + ", rowkey"
	}
	err = a.find(ctx, text, func(r row) error {
		var source visitor.Source
		var old Searchable
		var rowkey int64
		if err := r.Scan(&source, &old.Name, &old.Email, &old.Phone, &rowkey); err != nil {
			return err
		}
		there = true
		a.counts.source(source, -1)
		if a.d.Index() != nil {
			a.texts.drop(rowkey, old)
		}
		return nil
	}, id)
	return there, err
}
