package memory

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/visitor"
)

func TestDeletedVisitorLeavesNoData(t *testing.T) {
	t.Parallel()
	st := New()
	ada := person(5, "Séraphine Ómega")
	ada.Email, ada.Phone = "seraphine.omega@example.com", "+4915777788899"
	ada.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot", ExternalID: "99887766", Username: "seraphine_o"}}
	ada.Attributes = visitor.Attributes{"city": visitor.Text("Omegaville")}
	twin := person(6, "Twin")
	twin.Identities = []visitor.Identity{{Source: visitor.Telegram, Account: "bot2", ExternalID: "99887766"}}
	var changes []driver.Change
	for i := range 200 {
		if i == 100 {
			changes = append(changes, driver.CreateVisitor{Visitor: ada}, driver.CreateVisitor{Visitor: twin})
		}
		changes = append(changes, driver.CreateVisitor{Visitor: person(i, "Somebody Else")})
	}
	apply(t, st, changes...)
	secrets := []string{"éraphine", "seraphine", "omega", "777788899", string(appendPhone(nil, "777788899")), "omegaville"}
	w := workspaceOf(t, st, acme)
	for _, secret := range secrets {
		require.True(t, contains(w, secret), "contains does not find stored text")
	}
	ended := "Seraphine Omega, Duchess"
	apply(t, st, driver.UpdateVisitor{ID: ada.ID, Patch: visitor.Patch{Name: &ended}})
	apply(t, st, driver.DeleteVisitor{ID: ada.ID})
	for _, secret := range secrets {
		require.False(t, contains(w, secret))
	}
	requireConsistent(t, w)
	text, phone := []byte("seraphine"), appendPhone(nil, "777788899")
	for b := range w.text.signatures {
		require.False(t, w.text.signatures[b].has(text))
		require.False(t, w.text.signatures[b].has(phone))
	}
}

// contains reports whether anything that w refers to contains the text, in any case.
func contains(w *workspace, secret string) bool {
	seen := map[reflect.Value]bool{}
	var look func(v reflect.Value) bool
	look = func(v reflect.Value) bool {
		switch v.Kind() {
		case reflect.String:
			return strings.Contains(strings.ToLower(v.String()), secret)
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() || v.Kind() == reflect.Pointer && seen[v] {
				return false
			}
			if v.Kind() == reflect.Pointer {
				seen[v] = true
			}
			return look(v.Elem())
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				return bytes.Contains(v.Slice(0, v.Cap()).Bytes(), []byte(secret))
			}
			for i := range v.Cap() {
				if look(v.Slice(0, v.Cap()).Index(i)) {
					return true
				}
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if look(v.Field(i)) {
					return true
				}
			}
		case reflect.Map:
			for entries := v.MapRange(); entries.Next(); {
				if look(entries.Key()) || look(entries.Value()) {
					return true
				}
			}
		}
		return false
	}
	return look(reflect.ValueOf(w))
}

func TestMovedTextIsOverwritten(t *testing.T) {
	t.Parallel()
	var b textBlock
	b.put(3, []byte("ada"))
	old := b.text[:cap(b.text)]
	b.put(1, bytes.Repeat([]byte("bob"), len(old)))
	require.Zero(t, bytes.Trim(old, "\x00"))
	require.Equal(t, "ada", string(b.text[b.ends[2]:b.ends[3]]))
}
