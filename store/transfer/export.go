package transfer

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// ExportOptions configure ExportCSV. A nil *ExportOptions and the zero value of each field
// mean the default.
type ExportOptions struct {
	// Order is the order of the rows. Default: store.OldestFirst.
	Order store.Order
	// Separator separates the cells: an ASCII character other than a quote or a line end.
	// Default: comma.
	Separator rune
	// BOM writes a byte order mark, without which Excel reads the file as Windows-1252.
	// Default: none.
	BOM bool
}

// maxAttributeColumns is the number of attributes with a column of their own.
const maxAttributeColumns = 100

// ExportCSV writes the matching visitors, one per row, in UTF-8 with LF line ends, and returns
// their number. ImportCSV reads back the same name, e-mail, phone, source, tags, time of
// creation, identities and attributes. Ids, groups, colors of tags, provenance and the
// revision are not written.
//
// An attribute has a column of its own, attr.NAME or attr.NAME:KIND, if one of the first 1,000
// visitors has it, up to 100 columns; other attributes are in the column "attributes", as JSON.
// A cell that a spreadsheet would execute as a formula, such as a phone number with +, starts
// with an apostrophe, which ImportCSV removes.
//
// The error matches visitor.ErrInvalid for an invalid filter or option. Rows written before an
// error stay written.
func ExportCSV(ctx context.Context, ws *store.Workspace, w io.Writer, where filter.Expr, o *ExportOptions) (int, error) {
	if o == nil {
		o = &ExportOptions{}
	}
	n, err := export(ctx, ws, w, where, *o)
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return n, err
	}
	return n, &store.Error{Op: "export csv", Err: err}
}

func export(ctx context.Context, ws *store.Workspace, w io.Writer, where filter.Expr, o ExportOptions) (int, error) {
	out := exporter{csv: csv.NewWriter(w)}
	q := store.Query{Where: where, Order: cmp.Or(o.Order, store.OldestFirst), Limit: store.MaxLimit}
	if err := checkSeparator(o.Separator); err != nil {
		return 0, err
	}
	out.csv.Comma = cmp.Or(o.Separator, ',')
	page, err := ws.Find(ctx, q)
	if err != nil {
		return 0, err
	}
	if o.BOM {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return 0, err
		}
	}
	if err := out.header(page.Visitors); err != nil {
		return 0, err
	}
	for {
		for _, v := range page.Visitors {
			if err := out.row(v); err != nil {
				return out.rows, err
			}
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
		if page, err = ws.Find(ctx, q); err != nil {
			out.csv.Flush()
			return out.rows, err
		}
	}
	out.csv.Flush()
	return out.rows, out.csv.Error()
}

// exporter writes rows.
type exporter struct {
	csv     *csv.Writer
	columns []attributeColumn
	rows    int
}

type attributeColumn struct {
	name string
	kind visitor.Kind
}

func (c attributeColumn) header() string {
	if c.kind == visitor.TextKind {
		return attrPrefix + c.name
	}
	return attrPrefix + c.name + ":" + string(c.kind)
}

// header writes the header, with columns for the attributes of the first page of visitors.
func (e *exporter) header(first []visitor.Visitor) error {
	found := map[attributeColumn]bool{}
	for _, v := range first {
		for name, value := range v.Attributes {
			found[attributeColumn{name, value.Kind()}] = true
		}
	}
	e.columns = slices.SortedFunc(maps.Keys(found), func(a, b attributeColumn) int {
		return strings.Compare(a.header(), b.header())
	})
	e.columns = e.columns[:min(len(e.columns), maxAttributeColumns)]
	cells := []string{"name", "email", "phone", "source", "tags", "created_at", "identities"}
	for _, c := range e.columns {
		cells = append(cells, c.header())
	}
	return e.csv.Write(append(cells, "attributes"))
}

func (e *exporter) row(v visitor.Visitor) error {
	names := make([]string, len(v.Tags))
	for i, t := range v.Tags {
		names[i] = t.Name
	}
	identities, err := jsonCell(v.Identities, len(v.Identities))
	if err != nil {
		return err
	}
	cells := []string{v.Name, v.Email, v.Phone, string(v.Source), joinList(names), v.CreatedAt.Format(time.RFC3339Nano), identities}
	left := maps.Clone(v.Attributes)
	for _, c := range e.columns {
		value := v.Attributes[c.name]
		if value.Kind() != c.kind {
			cells = append(cells, "")
			continue
		}
		cells = append(cells, writeValue(value))
		delete(left, c.name)
	}
	attributes, err := jsonCell(left, len(left))
	if err != nil {
		return err
	}
	cells = append(cells, attributes)
	for i, cell := range cells {
		cells[i] = escape(cell)
	}
	e.rows++
	return e.csv.Write(cells)
}

// jsonCell returns v, which has n items, as JSON, or "" if n is 0.
func jsonCell(v any, n int) (string, error) {
	if n == 0 {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}
