package sqlstore

import (
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// ByAddress uses an index of addresses.
func (t *tx) ByAddress(email, phone string, limit int) ([]visitor.ID, error) {
	index, column, value, present := "visitors_visitor_email", t.emailFold("v."), text.Fold(email), "v.email <> ''"
	if t.d.server != nil {
		present = column + " <> ''"
	}
	if email == "" {
		index, column, value, present = "visitors_visitor_phone", "v.phone", phone, "v.phone <> ''"
	}
	q := t.fromBy(index, visitorTable, "v", "v.id").Where(column+" = ?", value).Where(present).OrderBy("v.id").Limit(uint64(limit))
	return list(t.ctx, t.query, q, scanID[visitor.ID])
}
