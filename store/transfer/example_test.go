package transfer_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/store/memory"
	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

func ExampleImportCSV() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	file := strings.NewReader(`First Name;Last Name;E-mail Address;Mobile Phone;Categories;Company
Ada;Lovelace;ada@example.com;+44 20 7946 0001;hot-lead, press;Analytical Engines
Augusta;King;ADA@example.com;;;
Charles;Babbage;charles.example.com;;;
`)
	report, err := transfer.ImportCSV(ctx, ws, file, &transfer.CSVOptions{DefaultSource: visitor.Chat})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d rows, %d created, separator %q, %s\n", report.Rows, report.Created, report.Separator, report.Encoding)
	for _, c := range report.Columns {
		fmt.Printf("  %s → %s\n", c.Header, c.Field)
	}
	for _, d := range report.Duplicates {
		fmt.Println(d)
	}
	for _, r := range report.Refused {
		fmt.Println(r)
	}
	// Output:
	// 3 rows, 1 created, separator ';', UTF-8
	//   First Name → first_name
	//   Last Name → last_name
	//   E-mail Address → email
	//   Mobile Phone → phone
	//   Categories → tags
	//   Company → attr.company
	// line 3: email: as on line 2
	// line 4: email: no @
}

func ExampleExportCSV() {
	ctx := context.Background()
	ws, _ := store.Open(memory.New(), "acme", nil)
	day := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	ws.Create(ctx, visitor.Draft{Name: "Ada", Phone: "+442079460001", Source: visitor.Instagram, Tags: []string{"hot-lead", "press"}, CreatedAt: day})
	ws.Create(ctx, visitor.Draft{Name: "=1+1", Source: visitor.Chat, CreatedAt: day.Add(time.Hour)})
	ws.Create(ctx, visitor.Draft{Name: "Bob", Source: visitor.Telegram, CreatedAt: day})
	n, err := transfer.ExportCSV(ctx, ws, os.Stdout, filter.Not(filter.Source.Is(visitor.Telegram)), nil)
	fmt.Println(n, err)
	// Output:
	// name,email,phone,source,tags,created_at,identities,attributes
	// Ada,,'+442079460001,instagram,"hot-lead, press",2024-05-01T00:00:00Z,,
	// '=1+1,,,chat,,2024-05-01T01:00:00Z,,
	// 2 <nil>
}
