package text

import "strings"

// Equal reports whether Fold(s) is folded, which is folded already.
func Equal(s, folded string) bool { return Fold(s) == folded }

// HasPrefix reports whether Fold(s) starts with folded, which is folded already.
func HasPrefix(s, folded string) bool { return strings.HasPrefix(Fold(s), folded) }

// HasSuffix reports whether Fold(s) ends with folded, which is folded already.
func HasSuffix(s, folded string) bool { return strings.HasSuffix(Fold(s), folded) }
