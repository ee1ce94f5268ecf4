// Package transfer imports contacts from CSV files into a workspace and exports them.
//
// ImportCSV reads the exports of Google, Outlook, HubSpot, Mailchimp, Chatwoot and Excel. It
// detects encoding, separator and line ends, and what each column is; a column that it does
// not know becomes an attribute, so no data is lost. A row that cannot become a visitor is
// refused, with its line, field and reason; the other rows are imported. A person who is
// already in the workspace, or twice in the file, is not created again unless
// CSVOptions.Duplicates allows it.
//
//	report, err := transfer.ImportCSV(ctx, ws, file, &transfer.CSVOptions{DefaultSource: visitor.Chat})
//	for _, r := range report.Refused {
//		fmt.Println(r) // line 12: phone: letters
//	}
//
// ExportCSV writes files that ImportCSV reads back to the same profiles. A cell that a
// spreadsheet would execute as a formula is escaped, and unescaped by ImportCSV.
//
// Both stream: memory does not grow with the file, except for the e-mails and phone numbers
// seen and the rows listed in the report. The package has its own CSV reader, because
// encoding/csv reads a file with CR line ends as one row, holds a cell of any length in memory,
// loses all rows after an unclosed quote, and turns CR LF inside a cell into LF.
package transfer
