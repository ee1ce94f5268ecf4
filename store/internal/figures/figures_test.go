package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const printed = `goos: linux
pkg: example.com/store/sqlite
BenchmarkPage/all/10k-2         	     100	         0.4000 hand-ms	         0.5000 ours-ms	         1.250 ratio
BenchmarkPage/all/1M-2          	     100	         0.5000 hand-ms	         0.1000 ours-ms	         2.000 ratio	         1.0000 sql-ms	         5.000 x-sql
BenchmarkCount/segment/1M-2     	     100	       300.0 hand-ms	         0.5000 ours-ms	         0.400 ratio	       120.0 sql-ms	       240.0 x-sql
BenchmarkIndex/writers/100k-2   	       5	        70.00 %-beside-counts	        95.00 %-of-sql	         1.500 count-ms	      9000 creates/s	      9500 creates/s-sql
BenchmarkSearch/count/rare/1M-2 	     100	       500.0 hand-ms	         2.5000 ours-ms	         0.005 ratio
BenchmarkShared/goroutines=64-2 	     5	       900 creates/s	         8.500 x-one-each
pkg: example.com/store/memory
BenchmarkFacets/100k-2 	  100	   2000000 ns/op	  9.000 x-faster
PASS
`

func TestTables(t *testing.T) {
	r, err := parse(printed)
	require.NoError(t, err)
	require.Len(t, r, 7)
	again, err := parse(r.String())
	require.NoError(t, err)
	require.Equal(t, r, again)
	require.Contains(t, r.growth(), "| page: newest 50 |  | 0.50 · 0.10 | 1.0 |  |  |\n")
	require.Contains(t, r.growth(), "| facets: a source | 2.0 |  |  |  |  |\n")
	require.Contains(t, r.ratios(), "| pages, to hand-written SQL on the same tables | 2.0 times (worst 2.0: all) |  |\n")
	require.Contains(t, r.ratios(), "by the index, to plain SQL | 240 times faster |  |\n")
	require.Contains(t, r.ratios(), "beside 10 counts a second, to alone | 95 %; 70 % |  |\n")
	require.Contains(t, r.ratios(), "| count of the same search | 200 times faster |  |\n")
	require.Contains(t, r.ratios(), "| durable creates from 64 goroutines, to one transaction each | 8.5 times |  |\n")
	require.Contains(t, r.full(), "| Page/all | 0.50 | | 0.10 | | 1.0 | 2.0 | 5.0 |\n")

	newer, err := parse(strings.ReplaceAll(printed[:strings.Index(printed, "pkg: example.com/store/memory")], "0.5000 ours-ms", "0.7000 ours-ms"))
	require.NoError(t, err)
	both := r.replaced(newer)
	require.Len(t, both, 7)
	require.Contains(t, both.growth(), "0.70 · 0.10")
	require.Contains(t, both.growth(), "| facets: a source | 2.0 |")

	_, err = r.fill("no marks")
	require.Error(t, err)
	_, err = parse("BenchmarkX-2 1 one ns/op")
	require.Error(t, err)
}

// TestFilesMatchRecord checks that the generated files match figures.txt.
func TestFilesMatchRecord(t *testing.T) {
	record, err := os.ReadFile("figures.txt")
	require.NoError(t, err)
	r, err := parse(string(record))
	require.NoError(t, err)
	require.Greater(t, len(r), 100)
	for _, row := range growth {
		for _, engine := range []string{"memory", "sqlite", "postgres"} {
			if name := row.on(engine); name != "" {
				require.Equal(t, "1M", r.largest(engine, name), "%s of %s", name, engine)
			}
		}
	}
	same := func(name, want string) {
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, want, string(got), "run: go run ./store/internal/figures -redraw")
	}
	same("FIGURES.md", r.full())
	same("figures.svg", r.chart())
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	filled, err := r.fill(string(readme))
	require.NoError(t, err)
	same("README.md", filled)

	d := xml.NewDecoder(strings.NewReader(r.chart()))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
}
