package sqlite

import (
	"context"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/store/internal/sqlstore"
	"github.com/contactpipeline/visitors/visitor"
)

// Document returns the search document of a visitor whose texts are folded.
func Document(ws, name, email, phone string) string {
	return grams{}.Document(ws, sqlstore.Searchable{Name: name, Email: email, Phone: phone})
}

// AddressHashes returns the hashes of the addresses of a visitor.
func AddressHashes(v visitor.Visitor) []int64 { return sqlstore.AddressHashes(&v) }

// CheckIndex compares the index of a workspace with a new one. See sqlstore.CheckIndex.
func CheckIndex(ctx context.Context, st driver.Store, ws driver.WorkspaceID) error {
	return sqlstore.CheckIndex(ctx, st.(*Store).engine, ws)
}

// AwaitIndex returns when the index of a workspace answers. See sqlstore.AwaitIndex.
func AwaitIndex(ctx context.Context, st driver.Store, ws driver.WorkspaceID, idle bool) error {
	return sqlstore.AwaitIndex(ctx, st.(*Store).engine, ws, idle)
}
