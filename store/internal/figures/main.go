package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const folder = "store/internal/figures"

func main() {
	quick := flag.Bool("quick", false, "10,000 visitors and few rounds; print the tables and change no file")
	redraw := flag.Bool("redraw", false, "run no benchmarks; use figures.txt")
	only := flag.String("only", "", "run only the steps whose package path contains `text`; keep the other lines of figures.txt")
	size := flag.Int("size", 1_000_000, "number of visitors in the largest benchmark")
	indexSize := flag.Int("index.size", 10_000_000, "the same for the index alone")
	flag.Parse()
	if err := run(*quick, *redraw, *only, *size, *indexSize); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run(quick, redraw bool, only string, size, indexSize int) error {
	record := filepath.Join(folder, "figures.txt")
	kept, err := os.ReadFile(record)
	if err != nil && (redraw || !errors.Is(err, os.ErrNotExist)) {
		return err
	}
	var out bytes.Buffer
	if redraw {
		out.Write(kept)
	} else {
		for _, s := range steps(quick, size, indexSize) {
			if !strings.Contains(s.pkg, only) {
				continue
			}
			if err := s.run(io.MultiWriter(&out, os.Stderr)); err != nil {
				return err
			}
		}
	}
	results, err := parse(out.String())
	if err != nil {
		return err
	}
	if quick {
		fmt.Print(results.full())
		return nil
	}
	if only != "" {
		before, err := parse(string(kept))
		if err != nil {
			return err
		}
		results = before.replaced(results)
	}
	return write(record, results)
}

// write writes figures.txt and everything that is generated from it.
func write(record string, r results) error {
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		return err
	}
	filled, err := r.fill(string(readme))
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		record:                               r.String(),
		filepath.Join(folder, "FIGURES.md"):  r.full(),
		filepath.Join(folder, "figures.svg"): r.chart(),
		filepath.Join(folder, "README.md"):   filled,
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// step runs benchmarks of one package.
type step struct {
	pkg, bench, benchtime string
	size                  int
}

func steps(quick bool, size, indexSize int) []step {
	one, few, some, many := "5x", "5x", "15x", "1s"
	if quick {
		size, indexSize, one, few, some, many = 10_000, 10_000, "1x", "2x", "5x", "100ms"
	}
	return []step{
		{"./filter", "Match|ParseAndBind", many, size},
		{"./store/sqlite", "Compile", many, size},
		{"./store/postgres", "Compile", many, size},
		{"./store/memory", "Count|Page|Facets", some, size},
		{"./store/memory", "Load$", "1x", size},
		{"./store/internal/index", ".", few, indexSize},
		{"./store/sqlite", "Page|Count|Facets", some, size},
		{"./store/sqlite", "Search", some, size},
		{"./store/sqlite", "Neighbours", "300x", size},
		{"./store/sqlite", "Load|Shared", few, size},
		{"./store/sqlite", "Index", one, size},
		{"./store/postgres", "Page|Count|Facets|Search", some, size},
		{"./store/postgres", "Neighbours", "300x", size},
		{"./store/postgres", "Load|Bulk|Shared|Latency", few, size},
		{"./store/postgres", "Index", one, size},
	}
}

func (s step) run(out io.Writer) error {
	args := []string{"test", s.pkg, "-run", "^$", "-bench", s.bench, "-benchtime", s.benchtime, "-timeout", "3h"}
	if s.bench != "Compile" && s.pkg != "./filter" {
		args = append(args, "-crowd.size", fmt.Sprint(s.size))
	}
	cmd := exec.Command("go", args...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	fmt.Fprintln(os.Stderr, strings.Join(cmd.Args, " "))
	return cmd.Run()
}
