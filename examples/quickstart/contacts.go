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

// contacts is what a shop's address book looks like after a few years.
//
//go:embed contacts.csv
var contacts []byte

// takeIn makes a visitor of each row of the contact file, unless an earlier run has.
func (t tour) takeIn(ctx context.Context) error {
	n, err := t.ws.Count(ctx, filter.All())
	if err != nil {
		return err
	}
	if n > 0 {
		t.out.heading("Taking in contacts.csv", "")
		t.out.line("%d visitors are here from an earlier run, so it is not taken in again.", n)
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
	t.out.heading("Taking in contacts.csv", "")
	t.out.line("%d rows, separator %q, %s; %d rows were in Windows-1252, %d were blank",
		report.Rows, report.Separator, report.Encoding, report.Recoded, report.Blank)
	t.out.line("%d visitors created", report.Created)
	t.twice(report.Duplicates)
	t.refused(report.Refused)
	return nil
}

// twice tells of the rows whose person was there already.
func (t tour) twice(rows []transfer.Duplicate) {
	if len(rows) == 0 {
		return
	}
	const shown = 3
	var told []string
	for _, d := range rows[:min(len(rows), shown)] {
		told = append(told, fmt.Sprintf("line %d: same %s as on line %d", d.Line, d.Field, d.OfLine))
	}
	if more := len(rows) - shown; more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	t.out.line("%d rows are people who were there already:", len(rows))
	for _, line := range told {
		t.out.line("  %s", line)
	}
}

// refused tells why rows were refused: rows refused for one reason share a line.
func (t tour) refused(rows []transfer.RowError) {
	if len(rows) == 0 {
		return
	}
	type why struct{ field, reason string }
	lines := map[why][]string{}
	var order []why
	for _, r := range rows {
		w := why{r.Field, r.Reason}
		if lines[w] == nil {
			order = append(order, w)
		}
		lines[w] = append(lines[w], fmt.Sprint(r.Line))
	}
	const shown = 25
	table := table{columns: []column{{"line", 16}, {"field", 10}, {"why", 48}}}
	for _, w := range order[:min(len(order), shown)] {
		at := lines[w]
		if more := len(at) - 3; more > 0 {
			at = append(at[:3:3], fmt.Sprintf("+%d", more))
		}
		table.add(plain(strings.Join(at, ", ")), plain(w.field), plain(w.reason))
	}
	t.out.line("%d rows are refused:", len(rows))
	t.out.table(table)
	if more := len(order) - shown; more > 0 {
		t.out.line("  and %d more reasons", more)
	}
}
