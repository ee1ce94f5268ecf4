package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store/transfer"
)

// contacts is the address book of a shop after a few years.
//
//go:embed contacts.csv
var contacts []byte

// importContacts creates a visitor from each row of the contact file, unless an earlier run did.
func (t tour) importContacts(ctx context.Context) error {
	n, err := t.ws.Count(ctx, filter.All())
	if err != nil {
		return err
	}
	if n > 0 {
		t.out.heading("Importing contacts.csv", "")
		t.out.line("%d visitors exist from an earlier run, so the file is not imported again.", n)
		return nil
	}
	// Tags and events record who made a change, and why.
	importer, err := t.ws.WithActor("quickstart", "contacts.csv")
	if err != nil {
		return err
	}
	progress := t.out.progress()
	report, err := transfer.ImportCSV(ctx, importer, bytes.NewReader(contacts), &transfer.CSVOptions{
		Progress: func(r transfer.Report) { progress("%d rows read, %d visitors created", r.Rows, r.Created) },
	})
	if err != nil {
		return err
	}
	t.out.heading("Importing contacts.csv", "")
	t.out.line("%d rows, separator %q, %s; %d rows were in Windows-1252, %d were blank",
		report.Rows, report.Separator, report.Encoding, report.Recoded, report.Blank)
	t.out.line("%d visitors created", report.Created)
	t.duplicates(report.Duplicates)
	t.refused(report.Refused)
	return nil
}

// duplicates shows the rows whose person already exists.
func (t tour) duplicates(rows []transfer.Duplicate) {
	if len(rows) == 0 {
		return
	}
	const shown = 3
	var lines []string
	for _, d := range rows[:min(len(rows), shown)] {
		lines = append(lines, fmt.Sprintf("line %d: same %s as line %d", d.Line, d.Field, d.OfLine))
	}
	if more := len(rows) - shown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	t.out.line("%d rows are duplicates:", len(rows))
	for _, line := range lines {
		t.out.line("  %s", line)
	}
}

// refused shows why rows were refused. Rows with the same reason share a line.
func (t tour) refused(rows []transfer.RowError) {
	if len(rows) == 0 {
		return
	}
	type cause struct{ field, reason string }
	lines := map[cause][]string{}
	var order []cause
	for _, r := range rows {
		w := cause{r.Field, r.Reason}
		if lines[w] == nil {
			order = append(order, w)
		}
		lines[w] = append(lines[w], fmt.Sprint(r.Line))
	}
	const shown = 25
	table := table{columns: []column{{"line", 16}, {"field", 10}, {"reason", 48}}}
	for _, w := range order[:min(len(order), shown)] {
		at := lines[w]
		if more := len(at) - 3; more > 0 {
			at = append(at[:3:3], fmt.Sprintf("+%d", more))
		}
		table.add(plain(strings.Join(at, ", ")), plain(w.field), plain(w.reason))
	}
	t.out.line("%d rows were refused:", len(rows))
	t.out.table(table)
	if more := len(order) - shown; more > 0 {
		t.out.line("  and %d more reasons", more)
	}
}
