package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/internal/crowd"
	"github.com/contactpipeline/visitors/store/sqlite"
	"github.com/contactpipeline/visitors/visitor"
)

// TestAddressesWithTheSameHash gives the e-mail of a visitor the hash of another e-mail and of a
// phone: a contact with one of these is somebody else.
func TestAddressesWithTheSameHash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "visitors.db")
	st, err := sqlite.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	ws, err := store.Open(st, "acme", &store.Options{Capture: visitor.Policy{ByEmail: visitor.MatchAny, ByPhone: visitor.MatchAny}})
	require.NoError(t, err)
	ada, err := ws.Create(t.Context(), visitor.Draft{Name: "Ada", Source: visitor.Chat, Email: "Ada@example.com"})
	require.NoError(t, err)

	other := visitor.Visitor{Email: "bob@example.com", Phone: "+5511987654321"}
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	defer db.Close()
	for _, hash := range sqlite.AddressHashes(other) {
		_, err = db.Exec("INSERT INTO visitors_by_address (ws, hash, visitor) VALUES (1, ?, 1)", hash)
		require.NoError(t, err)
	}
	capture := func(external, email, phone string) visitor.ID {
		got, err := ws.Capture(t.Context(), visitor.Contact{
			Source: visitor.Telegram, ExternalID: external, Email: email, Phone: phone, OccurredAt: crowd.Start,
		})
		require.NoError(t, err)
		return got.Visitor.ID
	}
	require.NotEqual(t, ada.ID, capture("1", other.Email, ""))
	require.NotEqual(t, ada.ID, capture("2", "", other.Phone))
	require.Equal(t, ada.ID, capture("3", "aDA@example.com", ""))
}
