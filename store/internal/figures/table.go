package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// row is a row of the growth table: the same query on each engine.
type row struct {
	label                    string
	memory, sqlite, postgres string // names of benchmarks, "" for none
}

var growth = []row{
	{"page: newest 50", "Page/all", "Page/all", "Page/all"},
	{"page: a source and a tag", "Page/source-and-tag", "Page/source-and-tag", "Page/source_and_mid_tag"},
	{"page: not a popular tag", "", "Page/has-not", "Page/not_popular_tag"},
	{"page: a source and a tag that only the oldest have", "", "Page/oldest-only-tag-and-source", "Page/rare_source_and_old_tag"},
	{"page: by name", "Page/name-all", "Page/order-name", "Page/by_name"},
	{"page: from the middle", "", "Page/deep", "Page/deep,_all"},
	{"page: search, 1 in 5,000", "Page/search-rare", "Search/page/rare", "Search/page/rare"},
	{"page: search, 1 in 50,000", "", "Search/page/rarest", "Search/page/rarest"},
	{"count: all visitors", "", "Count/all", "Count/all"},
	{"count: a source and a tag", "", "Count/source-and-tag", "Count/source_and_mid_tag"},
	{"count: 2 sources, 1 of 2 tags, not a third", "Count/segment", "Count/segment", "Count/segment"},
	{"count: search, 1 in 5,000", "Count/search-rare", "Search/count/rare", "Search/count/rare"},
	{"facets: all visitors", "", "Facets/all", "Facets/all"},
	{"facets: a source", "Facets", "Facets/source", "Facets/source"},
}

// side is an engine, with its index or without.
type side struct{ title, engine, unit string }

var sides = []side{
	{"memory", "memory", "ours-ms"},
	{"SQLite", "sqlite", "ours-ms"},
	{"SQLite without index", "sqlite", "sql-ms"},
	{"Postgres", "postgres", "ours-ms"},
	{"Postgres without index", "postgres", "sql-ms"},
}

func (r row) on(engine string) string {
	return map[string]string{"memory": r.memory, "sqlite": r.sqlite, "postgres": r.postgres}[engine]
}

// times returns the milliseconds of a row on a side at each size where it was measured.
func (r results) times(row row, s side) (all []float64, at []string) {
	for _, size := range sizes {
		if ms, ok := r.of(s.engine, row.on(s.engine), size, s.unit); ok {
			all, at = append(all, ms), append(at, size)
		}
	}
	return all, at
}

// growth returns the table of the three sizes.
func (r results) growth() string {
	var b strings.Builder
	b.WriteString("| milliseconds at 10k · 100k · 1M visitors |")
	for _, side := range sides {
		fmt.Fprintf(&b, " %s |", side.title)
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", 1+len(sides)) + "\n")
	for _, row := range growth {
		fmt.Fprintf(&b, "| %s |", row.label)
		for _, side := range sides {
			var cells []string
			all, _ := r.times(row, side)
			for _, ms := range all {
				cells = append(cells, short(ms))
			}
			fmt.Fprintf(&b, " %s |", strings.Join(cells, " · "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// ratios returns the table of comparisons with a baseline of the same run.
func (r results) ratios() string {
	var b strings.Builder
	b.WriteString("| compared with a baseline of the same run, at 1M visitors | SQLite | Postgres |\n| --- | --- | --- |\n")
	line := func(label string, cell func(pkg string) string) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", label, cell("sqlite"), cell("postgres"))
	}
	line("pages, to hand-written SQL on the same tables", func(pkg string) string { return r.spread(pkg, "Page/") })
	line("counts, to hand-written SQL", func(pkg string) string { return r.spread(pkg, "Count/") })
	line("facets, to hand-written SQL", func(pkg string) string { return r.spread(pkg, "Facets/") })
	for _, one := range []struct{ label, name string }{
		{"count of 2 sources, 1 of 2 tags, not a third: by the index, to plain SQL", "Count/segment"},
		{"facets of a source: by the index, to plain SQL", "Facets/source"},
	} {
		line(one.label, func(pkg string) string { return r.last(pkg, one.name, "x-sql", "%s times faster") })
	}
	line("creates from 64 goroutines with the index, to without; beside 10 counts a second, to alone", func(pkg string) string {
		return joined(r.last(pkg, "Index/writers", "%-of-sql", "%s %%"), r.last(pkg, "Index/writers", "%-beside-counts", "%s %%"))
	})
	line("count of the segment after another process wrote 1,000 visitors: at once, after a second", func(pkg string) string {
		return joined(r.last(pkg, "Index/follow/at_once", "ours-ms", "%s ms"), r.last(pkg, "Index/follow/after_a_second", "ours-ms", "%s ms"))
	})
	line("index opened from the database; built from the rows", func(pkg string) string {
		return joined(r.last(pkg, "Index/start/from_the_database", "ours-ms", "%s ms"), r.last(pkg, "Index/start/from_rows", "ours-ms", "%s ms"))
	})
	line("pages, counts and facets while the index is built, to without index", func(pkg string) string {
		return r.last(pkg, "Index/cold", "ratio", "%s times (the worst of the three)")
	})
	for _, search := range []struct{ label, name string }{
		{"page of a search for 1 in 50,000, to `LIKE` (`ILIKE`) on three columns", "Search/page/rarest"},
		{"count of the same search", "Search/count/rarest"},
		{"page of a search for 1 in 5,000, to the same", "Search/page/rare"},
		{"count of the same search", "Search/count/rare"},
	} {
		line(search.label, func(pkg string) string {
			ratio, ok := r.of(pkg, search.name, r.largest(pkg, search.name), "ratio")
			if !ok {
				return ""
			}
			return short(1/ratio) + " times faster"
		})
	}
	line("workspace of 10k beside 2,000 others and a large one, to the same alone", func(pkg string) string { return r.spread(pkg, "Neighbours/") })
	for _, n := range []int{16, 64, 128} {
		line(fmt.Sprintf("durable creates from %d goroutines, to one transaction each", n), func(pkg string) string {
			x, ok := r.of(pkg, fmt.Sprint("Shared/goroutines=", n), "", "x-one-each")
			if !ok {
				return ""
			}
			return short(x) + " times"
		})
	}
	line("load through `Apply`, 1,000 at a time, to plain prepared inserts (SQLite) or plain COPY (Postgres)", func(pkg string) string {
		if x, ok := r.of(pkg, "Load", "", "%-of-bare"); ok {
			return fmt.Sprintf("%.0f %%", x)
		}
		with, ok := r.of(pkg, "Load/search_index", "", "%-of-COPY")
		without, also := r.of(pkg, "Load/no_search_index", "", "%-of-COPY")
		if !ok || !also {
			return ""
		}
		return fmt.Sprintf("%.0f %%; %.0f %% if the search index is created later", with, without)
	})
	line("parse, bind and compile to SQL: a filter of 13 nodes", func(pkg string) string {
		ns, ok := r.of(pkg, "Compile", "", "ns/op")
		if !ok {
			return ""
		}
		return fmt.Sprintf("%.0f µs", ns/1000)
	})
	return b.String()
}

// last returns a value of a benchmark at its largest size, in a format; "" if it has none.
func (r results) last(pkg, name, unit, format string) string {
	value, ok := r.of(pkg, name, r.largest(pkg, name), unit)
	if !ok {
		return ""
	}
	return fmt.Sprintf(format, short(value))
}

// joined returns two cells as one; "" if one of them is empty.
func joined(one, other string) string {
	if one == "" || other == "" {
		return ""
	}
	return one + "; " + other
}

// spread returns the median of the ratios at the largest size, and the worst.
func (r results) spread(pkg, prefix string) string {
	var ratios []float64
	worst := ""
	for _, one := range r {
		ratio, ok := one.values["ratio"]
		if !ok || one.pkg != pkg || !strings.HasPrefix(one.name, prefix) || one.size != r.largest(pkg, one.name) {
			continue
		}
		if len(ratios) == 0 || ratio > slices.Max(ratios) {
			worst = one.name[len(prefix):]
		}
		ratios = append(ratios, ratio)
	}
	if len(ratios) == 0 {
		return ""
	}
	slices.Sort(ratios)
	return fmt.Sprintf("%s times (worst %s: %s)", short(ratios[len(ratios)/2]), short(ratios[len(ratios)-1]), strings.ReplaceAll(worst, "_", " "))
}

// full returns every result, in a table for each engine.
func (r results) full() string {
	var b strings.Builder
	b.WriteString("# Figures\n\nGenerated by `go run ./store/internal/figures` from the output of the benchmarks, [figures.txt](figures.txt). " +
		"Times are lower quartiles. The first ratio is that of the engine without index to hand-written SQL on the same tables (searches: to `LIKE` or " +
		"`ILIKE` on three columns; neighbours: to the same workspace alone), the second that of plain SQL, the faster of these two, to the index; " +
		"all in the same run.\n")
	for _, engine := range []string{"sqlite", "postgres", "memory", "index"} {
		if !slices.ContainsFunc(r, func(one result) bool { return one.pkg == engine }) {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n| benchmark | 10k, ms | 100k, ms | 1M, ms | 10M, ms | without index, ms | ratio at the largest | plain SQL to the index |\n"+
			"| --- | --- | --- | --- | --- | --- | --- | --- |\n", engine)
		var seen []string
		for _, one := range r {
			_, timed := one.values["ours-ms"]
			if one.pkg != engine || !timed || slices.Contains(seen, one.name) {
				continue
			}
			seen = append(seen, one.name)
			fmt.Fprintf(&b, "| %s |", strings.ReplaceAll(one.name, "_", " "))
			for _, size := range sizes {
				ms, ok := r.of(engine, one.name, size, "ours-ms")
				if !ok && size == "10k" && one.size == "" {
					ms, ok = one.values["ours-ms"], true
				}
				if ok {
					b.WriteString(" " + short(ms))
				}
				b.WriteString(" |")
			}
			ratio := r.last(engine, one.name, "ratio", "%s")
			if faster := r.last(engine, one.name, "x-faster", "%s"); faster != "" {
				ratio = faster + " times faster than `filter.Match` on all visitors"
			}
			for _, cell := range []string{r.last(engine, one.name, "sql-ms", "%s"), ratio, r.last(engine, one.name, "x-sql", "%s")} {
				b.WriteString(strings.TrimRight(" "+cell, " ") + " |")
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n## Others\n\n```\n")
	for _, one := range r {
		if _, timed := one.values["ours-ms"]; !timed || one.pkg == "filter" {
			fmt.Fprintf(&b, "%s: %s\n", one.pkg, one.line)
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// short formats a number with two significant digits, or all integer digits.
func short(x float64) string {
	switch {
	case x >= 10:
		return fmt.Sprintf("%.0f", x)
	case x >= 1:
		return fmt.Sprintf("%.1f", x)
	}
	digits := 2
	if x > 0 {
		digits = min(4, 1-int(math.Floor(math.Log10(x))))
	}
	return fmt.Sprintf("%.*f", digits, x)
}

// fill replaces the tables between their marks in README.md.
func (r results) fill(readme string) (string, error) {
	for name, table := range map[string]string{"growth": r.growth(), "ratios": r.ratios()} {
		start, end := "<!-- figures: "+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(readme, start)
		if !ok {
			return "", fmt.Errorf("README.md has no mark %q", strings.TrimSpace(start))
		}
		_, after, ok := strings.Cut(rest, end)
		if !ok {
			return "", fmt.Errorf("README.md has no mark %q after %q", end, strings.TrimSpace(start))
		}
		readme = before + start + table + end + after
	}
	return readme, nil
}
