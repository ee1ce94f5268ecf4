package transfer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/store/transfer"
	"github.com/contactpipeline/visitors/visitor"
)

// BenchmarkImportCSV imports 20,000 rows into the memory store, and compares with Load of the
// same people as drafts. The difference is the cost of reading the file and of looking for
// duplicates.
func BenchmarkImportCSV(b *testing.B) {
	const people = 20_000
	var file strings.Builder
	file.WriteString("Name,Email,Phone,Source,Tags,City\n")
	drafts := make([]visitor.Draft, people)
	for i := range drafts {
		drafts[i] = visitor.Draft{
			Name: fmt.Sprintf("Person Nümber %d", i), Email: fmt.Sprintf("p%d@example.com", i), Phone: fmt.Sprintf("+1212%07d", 1_000_000+i),
			Source: visitor.Chat, Tags: []string{"all", fmt.Sprintf("t%d", i%50)},
			Attributes: visitor.Attributes{"city": visitor.Text("Köln")},
		}
		d := drafts[i]
		fmt.Fprintf(&file, "%s,%s,%s,%s,%q,Köln\n", d.Name, d.Email, d.Phone, d.Source, strings.Join(d.Tags, ", "))
	}
	for _, policy := range []transfer.Policy{transfer.SkipDuplicates, transfer.AllowDuplicates} {
		b.Run(string(policy), func(b *testing.B) {
			var imported, loaded time.Duration
			for b.Loop() {
				start := time.Now()
				report, err := transfer.ImportCSV(b.Context(), workspace(b), strings.NewReader(file.String()), &transfer.CSVOptions{Duplicates: policy})
				imported += time.Since(start)
				require.NoError(b, err)
				require.Equal(b, people, report.Created)

				start = time.Now()
				_, err = workspace(b).Load(b.Context(), func(yield func(visitor.Draft, error) bool) {
					for _, d := range drafts {
						if !yield(d, nil) {
							return
						}
					}
				}, nil)
				loaded += time.Since(start)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(imported)/float64(loaded), "×load")
			b.ReportMetric(float64(b.N)*people/imported.Seconds(), "rows/s")
		})
	}
}
