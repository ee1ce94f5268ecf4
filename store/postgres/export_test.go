package postgres

import (
	"context"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
)

// AwaitIndex returns when the index of a workspace answers. See sqlstore.AwaitIndex.
func AwaitIndex(ctx context.Context, st driver.Store, ws driver.WorkspaceID, idle bool) error {
	return sqlstore.AwaitIndex(ctx, st.(*Store).engine, ws, idle)
}
