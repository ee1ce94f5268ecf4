// Figures runs the benchmarks whose results README tells, and writes the tables of README,
// those of FIGURES.md and the chart figures.svg from what they print:
//
//	go run ./store/internal/figures          # all sizes up to a million: some 40 minutes
//	go run ./store/internal/figures -quick   # 10,000 visitors, printed only: some 3 minutes
//	go run ./store/internal/figures -redraw  # from figures.txt, without running anything
//
// It is run from the top of the repository. What the benchmarks print is kept in
// figures.txt, so that a number can be traced to its line.
package main
