package memory

import (
	"context"
	"slices"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/index"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func (w *workspace) find(ctx context.Context, q driver.Select) ([]visitor.Visitor, error) {
	key, descending, ok := driver.Sorting(q.Order)
	if !ok {
		return nil, text.Refuse("order", "unknown")
	}
	if q.Limit < 1 {
		return nil, text.Refuse("limit", "less than 1")
	}
	page := index.Page{Key: key, Descending: descending, Limit: q.Limit}
	if q.After != nil {
		id, ok := parseID(q.After.ID)
		if !ok && q.After.ID != "" {
			return nil, text.Refuse("after", "not an id")
		}
		page.After = &index.Rank{Name: []byte(q.After.Name), Micros: q.After.Micros, ID: id}
	}
	positions, err := w.index.Page(ctx, q.Where.Node(), page)
	if err != nil {
		return nil, err
	}
	visitors := slices.Grow([]visitor.Visitor(nil), len(positions))
	for _, p := range positions {
		visitors = append(visitors, w.records[p].visitor())
	}
	return visitors, nil
}
