package transfer

import (
	"context"
	"errors"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// Policy says what to do with a row with the same e-mail, ignoring case, or the same phone
// number as an earlier row or a visitor of the workspace.
type Policy string

// The policies.
const (
	SkipDuplicates  Policy = "skip"  // leave the row out and list it in Report.Duplicates
	AllowDuplicates Policy = "allow" // create another visitor
)

// batchSize is the number of rows that are looked up and created together.
const batchSize = 1_000

// row is a valid row.
type row struct {
	line  int
	draft visitor.Draft
}

// key is a value by which a duplicate is found.
type key struct{ field, value string }

// keys returns the keys of a person, from values that are normalized.
func keys(email, phone string) []key {
	var all []key
	if email != "" {
		all = append(all, key{"email", strings.ToLower(email)})
	}
	if phone != "" {
		all = append(all, key{"phone", phone})
	}
	return all
}

// flush creates the visitors of the batch.
func (im *importer) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil || len(im.batch) == 0 {
		return err
	}
	fresh := im.batch
	if im.o.Duplicates == SkipDuplicates {
		known, err := im.known(ctx)
		if err != nil {
			return err
		}
		fresh = im.dropKnown(known)
	}
	if im.o.DryRun {
		im.report.Created += len(fresh)
	} else if err := im.load(ctx, fresh); err != nil {
		return err
	}
	im.batch = im.batch[:0]
	if im.o.Progress != nil {
		im.tally()
		im.o.Progress(im.report)
	}
	return nil
}

// known returns the ids of the visitors that have keys of the batch.
func (im *importer) known(ctx context.Context) (map[key]visitor.ID, error) {
	wanted := map[string][]string{}
	for _, r := range im.batch {
		for _, k := range keys(r.draft.Email, r.draft.Phone) {
			if _, seen := im.seen[k]; !seen {
				wanted[k.field] = append(wanted[k.field], k.value)
			}
		}
	}
	found := map[key]visitor.ID{}
	for field, values := range wanted {
		where := filter.Email.In(values...)
		if field == "phone" {
			where = filter.Phone.In(values...)
		}
		for v, err := range im.ws.All(ctx, store.Query{Where: where, Order: store.OldestFirst}) {
			if err != nil {
				return nil, err
			}
			for _, k := range keys(v.Email, v.Phone) {
				if _, older := found[k]; !older && k.field == field {
					found[k] = v.ID
				}
			}
		}
	}
	return found, nil
}

// dropKnown reports duplicate rows and returns the others.
func (im *importer) dropKnown(known map[key]visitor.ID) []row {
	fresh := im.batch[:0]
rows:
	for _, r := range im.batch {
		all := keys(r.draft.Email, r.draft.Phone)
		for _, k := range all {
			line, seen := im.seen[k]
			id, exists := known[k]
			if seen || exists {
				im.report.duplicate(Duplicate{Line: r.line, Field: k.field, OfLine: line, Of: id})
				continue rows
			}
		}
		for _, k := range all {
			im.seen[k] = r.line
		}
		fresh = append(fresh, r)
	}
	return fresh
}

// load creates the visitors of rows in one transaction.
func (im *importer) load(ctx context.Context, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	drafts := func(yield func(visitor.Draft, error) bool) {
		for _, r := range rows {
			if !yield(r.draft, nil) {
				return
			}
		}
	}
	done, err := im.ws.Load(ctx, drafts, &store.LoadOptions{Batch: len(rows), Refused: func(i int, err error) {
		r := rows[i]
		for _, k := range keys(r.draft.Email, r.draft.Phone) {
			delete(im.seen, k)
		}
		var taken *store.Error
		if errors.As(err, &taken) && errors.Is(err, store.ErrExists) {
			im.report.duplicate(Duplicate{Line: r.line, Field: "identities", Of: visitor.ID(taken.Key)})
			return
		}
		im.refuse(r.line, err)
	}})
	im.report.Created += done.Created
	return err
}
