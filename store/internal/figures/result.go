package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// result is a line of benchmark output.
type result struct {
	pkg  string // "sqlite"
	name string // "Page/all", without the size
	size string // "1M", "" for none
	line string
	// values by unit: "ours-ms", "ratio", …
	values map[string]float64
}

type results []result

// sizes are the numbers of visitors, smallest first.
var sizes = []string{"10k", "100k", "1M", "10M"}

// parse reads the output of go test.
func parse(text string) (results, error) {
	var all results
	pkg := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if path, ok := strings.CutPrefix(line, "pkg: "); ok {
			pkg = path[strings.LastIndex(path, "/")+1:]
		}
		if !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		words := strings.Fields(line)
		r := result{pkg: pkg, line: strings.Join(words, " "), values: map[string]float64{}}
		name := strings.TrimPrefix(words[0], "Benchmark")
		if i := strings.LastIndex(name, "-"); i >= 0 { // the number of processors
			name = name[:i]
		}
		var parts []string
		for part := range strings.SplitSeq(name, "/") {
			if slices.Contains(sizes, part) {
				r.size = part
			} else {
				parts = append(parts, part)
			}
		}
		r.name = strings.Join(parts, "/")
		for i := 2; i+1 < len(words); i += 2 {
			value, err := strconv.ParseFloat(words[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
			r.values[words[i+1]] = value
		}
		if _, ok := r.values["ours-ms"]; !ok && r.values["ns/op"] > 0 {
			r.values["ours-ms"] = r.values["ns/op"] / 1e6
		}
		all = append(all, r)
	}
	return all, nil
}

// String returns the benchmark output, for figures.txt.
func (r results) String() string {
	var b strings.Builder
	pkg := ""
	for _, one := range r {
		if one.pkg != pkg {
			pkg = one.pkg
			fmt.Fprintf(&b, "pkg: %s\n", pkg)
		}
		b.WriteString(one.line + "\n")
	}
	return b.String()
}

// replaced returns r with the results of the packages in others replaced.
func (r results) replaced(others results) results {
	kept := slices.DeleteFunc(slices.Clone(r), func(one result) bool {
		return slices.ContainsFunc(others, func(other result) bool { return other.pkg == one.pkg })
	})
	return append(kept, others...)
}

// of returns a value of a benchmark, and whether it exists.
func (r results) of(pkg, name, size, unit string) (float64, bool) {
	for _, one := range r {
		if one.pkg == pkg && one.name == name && one.size == size {
			value, ok := one.values[unit]
			return value, ok
		}
	}
	return 0, false
}

// largest returns the largest size of a benchmark.
func (r results) largest(pkg, name string) string {
	for _, size := range slices.Backward(sizes) {
		if slices.ContainsFunc(r, func(one result) bool { return one.pkg == pkg && one.name == name && one.size == size }) {
			return size
		}
	}
	return ""
}
