package store

import (
	"strings"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag/text"
)

// Store is a back end: what memory.New, sqlite.Open, postgres.Open and remote.NewClient
// return. An application opens a Workspace on it and calls Close at the end. The other
// methods are for Workspace; package driver documents them for authors of back ends.
type Store = driver.Store

// WorkspaceID names a workspace, the unit of isolation between a host's customers: 1 to
// 64 ASCII letters, digits, '.', '_' and '-', case-sensitive.
type WorkspaceID = driver.WorkspaceID

// ParseWorkspaceID returns s as a WorkspaceID. The error is a *visitor.FieldError.
func ParseWorkspaceID(s string) (WorkspaceID, error) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if s == "" || len(s) > 64 || strings.Trim(s, allowed) != "" {
		return "", text.Refuse("workspace", "want 1 to 64 letters, digits, '.', '_' and '-'")
	}
	return WorkspaceID(s), nil
}
