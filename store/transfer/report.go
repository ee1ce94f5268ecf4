package transfer

import (
	"fmt"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor"
)

// MaxListed is the maximum length of Report.Refused, and of Report.Duplicates. Further rows
// are only counted.
const MaxListed = 100_000

// Report is the result of an import. If the whole file was read, Rows is the sum of Created,
// Omitted and the lengths of Refused and Duplicates.
type Report struct {
	Encoding  Encoding // given or detected
	Recoded   int      // rows of a UTF-8 file that were read as Windows-1252
	Separator rune     // given or detected
	Columns   []Column // in the order of the file

	Bytes   int64 // read so far
	Rows    int   // read so far, without the header and blank rows
	Blank   int   // blank rows, which were left out
	Created int   // visitors created; with DryRun, that would have been created

	Refused    []RowError  // ordered by line, at most MaxListed
	Duplicates []Duplicate // ordered by line, at most MaxListed
	Omitted    int         // refused and duplicate rows that are not listed
}

// Column is a column of the file.
type Column struct {
	Header string // as in the file
	// Field is the field that the column fills: "name", "first_name", "middle_name",
	// "last_name", "email", "phone", "source", "tags", "created_at", "identities",
	// "attributes", or "attr.NAME" for an attribute.
	Field string
}

// RowError says why a row was refused, and never contains data of the row. It matches
// store.ErrSuppressed for an address of a person whose data was erased, visitor.ErrInvalid
// otherwise.
type RowError struct {
	Line   int    // where the row starts, from 1
	Field  string // "row" if the reason does not concern one field
	Reason string
}

// Error returns "line 12: phone: letters".
func (e RowError) Error() string {
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Field, e.Reason)
}

// Is reports whether target is the error that e matches.
func (e RowError) Is(target error) bool {
	if e.Reason == store.ErrSuppressed.Error() {
		return target == store.ErrSuppressed
	}
	return target == visitor.ErrInvalid
}

// Duplicate is a row that was left out because the person exists already.
type Duplicate struct {
	Line   int        // where the row starts, from 1
	Field  string     // the field in common: "email", "phone" or "identities"
	OfLine int        // where the earlier row of the file starts, or 0
	Of     visitor.ID // if OfLine is 0: the visitor that was in the workspace before
}

// String returns "line 40: email: as on line 12", or with the visitor's id.
func (d Duplicate) String() string {
	if d.OfLine > 0 {
		return fmt.Sprintf("line %d: %s: as on line %d", d.Line, d.Field, d.OfLine)
	}
	return fmt.Sprintf("line %d: %s: as visitor %s", d.Line, d.Field, d.Of)
}

func (r *Report) refuse(e RowError)     { add(&r.Refused, e, &r.Omitted) }
func (r *Report) duplicate(d Duplicate) { add(&r.Duplicates, d, &r.Omitted) }

func add[T any](list *[]T, item T, omitted *int) {
	if len(*list) == MaxListed {
		*omitted++
		return
	}
	*list = append(*list, item)
}
