package transfer_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

// TestExportAndImportKeepEveryText gets the fields from Draft, so that a new field fails here
// until ExportCSV writes a column for it and ImportCSV reads it.
func TestExportAndImportKeepEveryText(t *testing.T) {
	t.Parallel()
	draft := visitor.Draft{Name: "Ada", Email: "ada@example.com", Phone: "+5511987654321", Source: visitor.Telegram}
	want := reflect.ValueOf(&draft).Elem()
	for i := range want.NumField() {
		if f := want.Field(i); f.Kind() == reflect.String && f.IsZero() {
			f.SetString("other")
		}
	}
	ws, back := workspace(t), workspace(t)
	_, err := ws.Create(t.Context(), draft)
	require.NoError(t, err)
	var file bytes.Buffer
	_, err = transfer.ExportCSV(t.Context(), ws, &file, filter.All(), nil)
	require.NoError(t, err)
	_, err = transfer.ImportCSV(t.Context(), back, &file, nil)
	require.NoError(t, err)
	page, err := back.Find(t.Context(), store.Query{Where: filter.All(), Limit: 1})
	require.NoError(t, err)
	require.Len(t, page.Visitors, 1)
	got := reflect.ValueOf(page.Visitors[0])
	for i, field := range reflect.VisibleFields(want.Type()) {
		if field.Type.Kind() == reflect.String {
			require.Equal(t, want.Field(i).Interface(), got.FieldByName(field.Name).Interface(), "Visitor.%s", field.Name)
		}
	}
}
