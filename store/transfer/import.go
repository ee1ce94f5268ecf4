package transfer

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// DefaultMaxBytes is the default of CSVOptions.MaxBytes: 1 GiB.
const DefaultMaxBytes = 1 << 30

// CSVOptions configure ImportCSV. A nil *CSVOptions and the zero value of each field mean the
// default.
type CSVOptions struct {
	// DefaultSource is the source of rows without one. Default: such rows are refused, and so
	// is a file without a column for the source.
	DefaultSource visitor.Source
	// Duplicates says what to do with duplicate persons. Default: SkipDuplicates.
	Duplicates Policy
	// DryRun reports what an import would do, and creates nothing. It does not notice that an
	// identity belongs to another visitor.
	DryRun bool
	// Encoding is the encoding of the file. Default: it is detected.
	Encoding Encoding
	// Separator separates the cells. Default: comma, semicolon, tab or bar is detected.
	Separator rune
	// MaxBytes is the maximum length of the file. Default: DefaultMaxBytes.
	MaxBytes int64
	// Progress is called after each batch of 1,000 rows with the report so far. It must not
	// change the lists in the report. Default: none.
	Progress func(Report)
}

// ImportCSV creates a visitor for each row of a CSV file. The first row that is not blank is
// the header; the report says which field each column fills. Rows that are refused, and
// duplicates, are reported and left out.
//
// The error matches visitor.ErrInvalid if an option is invalid, the header has no column for a
// name, an e-mail or a phone, or the file is longer than MaxBytes. After an error, the visitors
// counted in the report are created; importing the file again skips those with an e-mail,
// phone or identity. Two concurrent imports can create the same person twice.
func ImportCSV(ctx context.Context, ws *store.Workspace, r io.Reader, o *CSVOptions) (Report, error) {
	if o == nil {
		o = &CSVOptions{}
	}
	im := importer{ws: ws, o: *o, meter: &meter{in: r, limit: cmp.Or(o.MaxBytes, DefaultMaxBytes)}, seen: map[key]int{}}
	err := im.open()
	if err == nil {
		err = im.run(ctx)
	}
	im.tally()
	slices.SortStableFunc(im.report.Refused, func(a, b RowError) int { return cmp.Compare(a.Line, b.Line) })
	slices.SortStableFunc(im.report.Duplicates, func(a, b Duplicate) int { return cmp.Compare(a.Line, b.Line) })
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return im.report, err
	case errors.Is(err, errTooLarge):
		err = text.Refuse("file", fmt.Sprintf("longer than %d bytes", im.meter.limit))
	}
	return im.report, &store.Error{Op: "import csv", Err: err}
}

// importer is the state of an ImportCSV.
type importer struct {
	ws     *store.Workspace
	o      CSVOptions
	report Report
	meter  *meter
	text   *decoder
	rows   *recordReader
	layout layout
	batch  []row
	seen   map[key]int // the line of the row that has the key
}

// open checks the options, and detects encoding, separator and columns.
func (im *importer) open() error {
	if im.meter.limit < 0 {
		return text.Refuse("max_bytes", "negative")
	}
	im.o.Duplicates = cmp.Or(im.o.Duplicates, SkipDuplicates)
	if im.o.Duplicates != SkipDuplicates && im.o.Duplicates != AllowDuplicates {
		return text.Refuse("duplicates", "want skip or allow")
	}
	if err := checkSeparator(im.o.Separator); err != nil {
		return err
	}
	if im.o.DefaultSource != "" && !im.ws.Sources().Has(im.o.DefaultSource) {
		return text.Refuse("default_source", "not a source of the workspace")
	}
	in, decoder, err := decode(im.meter, im.o.Encoding)
	if err != nil {
		return err
	}
	im.text = decoder
	if err := im.separate(in); err != nil {
		return err
	}
	return im.readHeader()
}

func (im *importer) separate(in *bufio.Reader) error {
	head, err := in.Peek(headSize)
	if err != nil && err != io.EOF {
		return err
	}
	sep, skip := sniffSeparator(head)
	if im.o.Separator != 0 {
		sep = byte(im.o.Separator)
	}
	in.Discard(skip)
	im.rows = newRecordReader(in, sep)
	im.rows.line += countLines(head[:skip])
	im.report.Separator = rune(sep)
	return nil
}

func (im *importer) readHeader() error {
	for {
		rec, err := im.rows.next()
		if err == io.EOF {
			return text.Refuse("file", "empty")
		}
		if refused, ok := err.(RowError); ok {
			return text.Refuse("header", refused.Reason)
		}
		if err != nil {
			return err
		}
		cells, reason := im.text.row(rec.cells)
		if reason != "" {
			return text.Refuse("header", reason)
		}
		if blank(cells) {
			continue
		}
		if im.layout, err = readHeader(cells); err != nil {
			return err
		}
		im.report.Columns = im.layout.columns()
		im.rows.width = len(im.layout)
		if im.o.DefaultSource == "" && !im.layout.has(roleSource) {
			return text.Refuse("source", "the file has no column for it: give a default source")
		}
		return nil
	}
}

// run reads the rows and creates visitors in batches.
func (im *importer) run(ctx context.Context) error {
	for {
		rec, err := im.rows.next()
		if refused, ok := err.(RowError); ok {
			im.report.Rows++
			im.report.refuse(refused)
			continue
		}
		if err != nil {
			if failed := im.flush(ctx); failed != nil || err == io.EOF {
				return failed
			}
			return err
		}
		im.add(rec)
		if len(im.batch) == batchSize {
			if err := im.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// add adds a row to the batch, or refuses it.
func (im *importer) add(rec record) {
	cells, reason := im.text.row(rec.cells)
	if reason == "" && blank(cells) {
		im.report.Blank++
		return
	}
	im.report.Rows++
	if reason == "" && rec.doubt {
		reason = "follows a broken quote, and has not as many cells as the header"
	}
	if reason != "" {
		im.report.refuse(RowError{rec.line, "row", reason})
		return
	}
	d, err := im.layout.draft(cells)
	if err == nil {
		if d.Source == "" {
			d.Source = im.o.DefaultSource
		}
		d, err = im.ws.Check(d)
	}
	if err != nil {
		im.refuse(rec.line, err)
		return
	}
	im.batch = append(im.batch, row{rec.line, d})
}

func (im *importer) refuse(line int, err error) {
	refused := RowError{line, "row", err.Error()}
	if field := (*visitor.FieldError)(nil); errors.As(err, &field) {
		refused.Field, refused.Reason = field.Field, field.Reason
	} else if errors.Is(err, store.ErrSuppressed) {
		refused.Reason = store.ErrSuppressed.Error()
	}
	im.report.refuse(refused)
}

// tally updates the report's bytes and encoding.
func (im *importer) tally() {
	im.report.Bytes = im.meter.count
	if im.text != nil {
		im.report.Encoding, im.report.Recoded = im.text.verdict()
	}
}
