// Package transfer takes contact files into a workspace and gives them out.
//
// ImportCSV reads the files that people have: exports of Google, Outlook, HubSpot,
// Mailchimp, Chatwoot and Excel, whatever their encoding, separator and line ends. It
// finds out what each column is, tells what it found, and keeps a column that it does not
// know as an attribute, so that nothing in the file is lost. A row that cannot become a
// visitor is refused by itself, with its line, its field and the reason; the rows around
// it are taken in. People who are in the file twice, or in the workspace already, are not
// made a second time unless that is asked for.
//
//	report, err := transfer.ImportCSV(ctx, ws, file, &transfer.CSVOptions{DefaultSource: visitor.Chat})
//	for _, r := range report.Refused {
//		fmt.Println(r) // line 12: phone: letters
//	}
//
// ExportCSV writes what ImportCSV reads back to the same profiles. What a spreadsheet
// would run as a formula is made harmless on the way out and restored on the way in.
//
// Both stream: memory does not grow with the file, but for the e-mails and phone numbers
// seen in it and the rows told of. The rows are read by a reader of its own, since
// encoding/csv joins a file with CR line ends into one row, keeps a cell of any length in memory, loses
// all rows after a quote that is not closed, and turns CR LF inside a cell into LF.
package transfer
