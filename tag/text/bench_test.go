package text_test

import (
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/contactpipeline/visitors/tag/text"
)

// BenchmarkFold compares Fold with packages norm and cases, the baseline, in several scripts.
func BenchmarkFold(b *testing.B) {
	for _, name := range names {
		b.Run(name+"/fold", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text.Fold(name)
			}
		})
		b.Run(name+"/baseline", func(b *testing.B) {
			b.ReportAllocs()
			fold := cases.Fold()
			for b.Loop() {
				norm.NFKD.String(fold.String(norm.NFKD.String(name)))
			}
		})
	}
}

func BenchmarkContains(b *testing.B) {
	for _, name := range names {
		folded := text.Fold(name)
		b.Run(name+"/contains", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text.Contains(name, "zz")
			}
		})
		b.Run(name+"/baseline", func(b *testing.B) { // of text that is already folded
			b.ReportAllocs()
			for b.Loop() {
				strings.Contains(folded, "zz")
			}
		})
	}
}

// The time per byte does not depend on the number of marks on one letter.
func BenchmarkFoldMarks(b *testing.B) {
	for _, n := range []int{100, 100_000} {
		zalgo := "z" + strings.Repeat("\u0301\u05c2\u05b0", n/3)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(len(zalgo)))
			for b.Loop() {
				text.Fold(zalgo)
			}
		})
	}
}
