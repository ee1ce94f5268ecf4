package visitor_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
)

// TestEveryProfileField gets the fields from Patch, so that a new field fails here until
// Visitor, Draft, Contact, Rules and the table in profile.go have it.
func TestEveryProfileField(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	samples := map[string]string{"Name": "Ada", "Email": "ada@example.com", "Phone": "+5511987654321", "Source": "telegram"}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[visitor.Patch]()) {
		if field.Type.Kind() != reflect.Pointer || field.Type.Elem().Kind() != reflect.String {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		want, ok := samples[field.Name]
		if !ok {
			want = "other"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			draft := visitor.Draft{Name: "Bob", Source: visitor.Chat}
			set(t, &draft, field.Name, want)
			draft, err := visitor.Rules{}.Draft(draft, now)
			require.NoError(t, err)
			require.Equal(t, want, get(t, draft, field.Name), "Rules.Draft loses it")

			patch := visitor.Patch{}
			value := reflect.New(field.Type.Elem())
			value.Elem().SetString(want)
			reflect.ValueOf(&patch).Elem().FieldByIndex(field.Index).Set(value)
			patch, err = visitor.Rules{}.Patch(patch)
			require.NoError(t, err)
			before := visitor.Visitor{Name: "Bob", Source: visitor.Chat}
			after, changed := patch.Apply(before, now)
			require.Equal(t, []string{name}, changed, "Rules.Patch or Patch.Apply loses it, or profile.go does not have it")
			require.Equal(t, want, get(t, after, field.Name))

			if field.Name == "Source" {
				return // of the first contact, and required
			}
			contact := visitor.Contact{Source: visitor.Chat, ExternalID: "1"}
			set(t, &contact, field.Name, want)
			contact, invalid, err := visitor.Rules{}.Contact(contact, now)
			require.NoError(t, err)
			require.Empty(t, invalid)
			require.Equal(t, want, get(t, contact, field.Name), "Rules.Contact loses it")
			filled := visitor.Policy{}.MergeContact(visitor.Visitor{Source: visitor.Chat}, contact, contact.Identities())
			require.Equal(t, want, get(t, filled, field.Name), "MergeContact does not fill it")
			require.Equal(t, visitor.Chat, filled.Provenance[name].Source)
			merged := visitor.Policy{}.Merge(visitor.Visitor{ID: "1", Source: visitor.Chat}, filled)
			require.Equal(t, want, get(t, merged, field.Name), "Merge loses it")
		})
	}
}

func set(t *testing.T, in any, field, value string) {
	t.Helper()
	f := reflect.ValueOf(in).Elem().FieldByName(field)
	require.True(t, f.IsValid(), "%T has no field %s", in, field)
	f.SetString(value)
}

func get(t *testing.T, from any, field string) string {
	t.Helper()
	f := reflect.ValueOf(from).FieldByName(field)
	require.True(t, f.IsValid(), "%T has no field %s", from, field)
	return f.String()
}
