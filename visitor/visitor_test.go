package visitor_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/visitor"
)

func TestID(t *testing.T) {
	t.Parallel()
	made := visitor.NewID(now)
	at, ok := made.Time()
	require.True(t, ok)
	require.Equal(t, now.UTC().Truncate(time.Microsecond), at)
	parsed, err := visitor.ParseID(strings.ToUpper(string(made)))
	require.NoError(t, err)
	require.Equal(t, made, parsed)
	_, err = visitor.ParseID("42")
	refused(t, err, "visitor id", "not an id: 2 characters, want 36")
	_, err = visitor.ParseGroupID("{" + string(made) + "}")
	refused(t, err, "group id", "not an id: 38 characters, want 36")
	_, ok = visitor.ID("42").Time()
	require.False(t, ok)
}

func TestVisitorJSON(t *testing.T) {
	t.Parallel()
	v := whole()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	var read visitor.Visitor
	require.NoError(t, json.Unmarshal(b, &read))
	require.Equal(t, v, read)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"id": "42"}`), &read), visitor.ErrInvalid)
	require.ErrorIs(t, json.Unmarshal([]byte(`{"memberships": [{"group": "42"}]}`), &read), visitor.ErrInvalid)

	var raw struct{ Tags, Memberships []map[string]string }
	require.NoError(t, json.Unmarshal(b, &raw))
	const at = "2026-01-02T00:04:05.678901Z"
	require.Equal(t, []map[string]string{
		{"tag": string(v.Tags[0].Tag), "name": "vip", "color": "#000000", "at": at, "actor": "bob", "cause": "import"},
	}, raw.Tags)
	require.Equal(t, map[string]string{"group": string(v.Memberships[0].Group), "at": at, "actor": "bob", "cause": "import"}, raw.Memberships[0])
	old, err := json.Marshal(visitor.Membership{Group: v.Memberships[0].Group})
	require.NoError(t, err)
	require.JSONEq(t, `{"group": "`+string(v.Memberships[0].Group)+`"}`, string(old), "a membership from before has only the group")
}

func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	v := whole()
	c := v.Clone()
	require.Equal(t, v, c)
	c.Tags[0].Name, c.Memberships[0].Group, c.Excluded[0], c.Identities[0].Username = "x", "x", "x", "x"
	c.Attributes["a0"] = visitor.Text("x")
	require.Equal(t, "vip", v.Tags[0].Name)
	require.NotEqual(t, c.Memberships[0], v.Memberships[0])
	require.NotEqual(t, c.Excluded[0], v.Excluded[0])
	require.Empty(t, v.Identities[0].Username)
	require.Equal(t, visitor.Number(0), v.Attributes["a0"])
	require.Equal(t, visitor.Visitor{}, visitor.Visitor{}.Clone())
}

func TestIdentityCompare(t *testing.T) {
	t.Parallel()
	sorted := []visitor.Identity{
		{Source: "chat", ExternalID: "2"},
		{Source: "chat", Account: "a", ExternalID: "1"},
		{Source: "chat", Account: "a", ExternalID: "10"},
		{Source: "chat", Account: "a", ExternalID: "2"},
		{Source: "telegram", ExternalID: "1"},
	}
	mixed := slices.Clone(sorted)
	slices.Reverse(mixed)
	slices.SortFunc(mixed, visitor.Identity.Compare)
	require.Equal(t, sorted, mixed)
	require.Zero(t, sorted[0].Compare(visitor.Identity{Source: "chat", ExternalID: "2", Username: "other"}))
}

// The packages of the domain are plain values and rules: no database, no HTTP, no driver.
func TestDomainImports(t *testing.T) {
	t.Parallel()
	const module = "github.com/contactpipeline/visitors/"
	for _, pkg := range []string{"tag", "visitor", "visitor/address", "visitor/consent", "filter", "group"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+pkg).Output()
		require.NoError(t, err)
		deps := strings.Fields(string(out))
		require.Contains(t, deps, module+pkg)
		for _, dep := range deps {
			for _, banned := range []string{
				"database/sql", "net/http",
				"github.com/mattn/go-sqlite3", "github.com/jackc/pgx", "github.com/Masterminds/squirrel",
				"github.com/nyaruka/phonenumbers", module + "store",
			} {
				// database/sql/driver holds interfaces only; google/uuid implements one.
				if dep == banned || strings.HasPrefix(dep, banned+"/") && dep != "database/sql/driver" {
					t.Errorf("%s depends on %s", pkg, dep)
				}
			}
		}
	}
}

func whole() visitor.Visitor {
	at := now.UTC().Truncate(time.Microsecond)
	return visitor.Visitor{
		ID: visitor.NewID(at), Name: "Ada", Email: "ada@example.com", Phone: "+4930123456", Source: visitor.Chat,
		Identities:  identities(2),
		Tags:        []tag.Assignment{{Tag: tag.NewID(at), Name: "vip", Color: "#000000", At: at, Actor: "bob", Cause: "import"}},
		Memberships: memberships(2), Excluded: groups(1), Attributes: attributes(2),
		CreatedAt: at, UpdatedAt: at, LastSeenAt: at, Revision: 2,
	}
}
