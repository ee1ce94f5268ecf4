// Command figures runs the benchmarks whose results are in README.md. From their output it
// writes the tables of README.md and FIGURES.md, and the chart figures.svg:
//
//	go run ./store/internal/figures          # up to -size visitors, and -index.size for the index alone: about an hour
//	go run ./store/internal/figures -quick   # 10,000 visitors, printed only: about 3 minutes
//	go run ./store/internal/figures -redraw  # from figures.txt, runs no benchmarks
//
// Run it in the root of the repository. The output of the benchmarks is kept in figures.txt,
// so that every number can be traced to its line.
package main
