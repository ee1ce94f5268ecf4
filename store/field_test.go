package store_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
)

// TestCreateKeepsEveryField gets the fields from Draft, so that a new field fails here until
// Workspace.Create copies it.
func TestCreateKeepsEveryField(t *testing.T) {
	t.Parallel()
	draft := visitor.Draft{
		Name: "Ada", Email: "ada@example.com", Phone: "+5511987654321", Source: visitor.Telegram, Tags: []string{"vip"},
		Identities: []visitor.Identity{{Source: visitor.Chat, ExternalID: "42"}},
		Attributes: visitor.Attributes{"city": visitor.Text("Porto")}, CreatedAt: start,
	}
	want := reflect.ValueOf(&draft).Elem()
	for i, field := range reflect.VisibleFields(want.Type()) {
		if f := want.Field(i); f.Kind() == reflect.String && f.IsZero() {
			f.SetString("other")
		} else if field.Name != "Groups" { // ids of groups that must exist
			require.False(t, f.IsZero(), "Draft.%s has no value in this test", field.Name)
		}
	}
	ws := open(t, nil)
	got := reflect.ValueOf(create(t, ws, draft))
	for i, field := range reflect.VisibleFields(want.Type()) {
		switch field.Name {
		case "Tags", "Groups": // a Visitor has ids, or structs with more fields
		default:
			require.Equal(t, want.Field(i).Interface(), got.FieldByName(field.Name).Interface(), "Visitor.%s", field.Name)
		}
	}
}
