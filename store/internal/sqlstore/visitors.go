package sqlstore

import (
	"context"

	"github.com/contactpipeline/visitors/store/driver"
)

// visitors reads parts of the visitors with those ids, in no order.
func (s scope) visitors(ctx context.Context, ids []string, parts driver.Parts) ([]record, error) {
	found, err := listed(ctx, make([]record, 0, len(ids)), s.queryByKey, s.withCatalog(s.byIDs(ids, s.visitorColumns(parts)...)), s.scanVisitor(parts))
	if err != nil {
		return nil, err
	}
	return found, s.unpack(ctx, found, parts)
}
