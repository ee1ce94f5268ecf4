package transfer

import (
	"fmt"

	"github.com/contactpipeline/visitors/visitor"
)

// MaxTold is how many refused rows, and how many duplicates, a Report lists. Further ones
// are counted.
const MaxListed = 100_000

// Report tells what an import found and did. Rows = Created + refused + duplicates, when the
// import came to the end of the file.
type Report struct {
	Encoding  Encoding // as given, or as found out
	Recoded   int      // rows of a UTF-8 file that were read as Windows-1252
	Separator rune     // as given, or as found out
	Columns   []Column // what each column became, in the order of the file

	Bytes   int64 // read so far
	Rows    int   // read so far, without the header and blank rows
	Blank   int   // rows with nothing in them, which were left out
	Created int   // visitors made; with DryRun, that would have been made

	Refused    []RowError  // the first MaxTold, by line
	Duplicates []Duplicate // the first MaxTold, by line
	Omitted    int         // refused rows and duplicates beyond those
}

// Column tells what became of a column of the file.
type Column struct {
	Header string // as in the file
	// Field is "name", "first name", "middle name", "last name", "email", "phone", "source",
	// "tags", "created_at", "identities", "attributes", or "attr.NAME" for an attribute.
	Field string
}

// RowError tells why a row was refused; it matches visitor.ErrInvalid. It never repeats
// what was in the row.
type RowError struct {
	Line   int    // on which the row starts, from 1
	Field  string // "row" where it is not about one field
	Reason string
}

// Error returns "line 12: phone: letters".
func (e RowError) Error() string {
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Field, e.Reason)
}

// Is reports whether target is visitor.ErrInvalid.
func (e RowError) Is(target error) bool { return target == visitor.ErrInvalid }

// Duplicate tells of a row that was left out because the person is there already.
type Duplicate struct {
	Line   int        // on which the row starts, from 1
	Field  string     // in which both agree: "email", "phone" or "identities"
	OfLine int        // the row of the same file that was taken in; 0: none was
	Of     visitor.ID // the visitor who was in the workspace before, when OfLine is 0
}

// String returns "line 40: email: as on line 12", or with the visitor's id.
func (d Duplicate) String() string {
	if d.OfLine > 0 {
		return fmt.Sprintf("line %d: %s: as on line %d", d.Line, d.Field, d.OfLine)
	}
	return fmt.Sprintf("line %d: %s: as visitor %s", d.Line, d.Field, d.Of)
}

func (r *Report) refuse(line int, field, reason string) {
	if len(r.Refused) == MaxListed {
		r.Omitted++
		return
	}
	r.Refused = append(r.Refused, RowError{line, field, reason})
}

func (r *Report) duplicate(d Duplicate) {
	if len(r.Duplicates) == MaxListed {
		r.Omitted++
		return
	}
	r.Duplicates = append(r.Duplicates, d)
}
