package text

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// FoldVersion is the version of Fold. A store records it and updates its folded columns when it
// changes.
const FoldVersion = 1

// Fold returns a form of s for comparisons that ignore case and accents: NFKD with full case
// folding, without the combining marks U+0300–036F, zero-width characters and variation selectors,
// with ł ø đ ð þ æ œ ı replaced by basic letters, and each white space by a space. It keeps the
// marks of other scripts, where they are part of letters. Fold(Fold(s)) = Fold(s).
func Fold(s string) string {
	if plain, lower := ascii(s); plain {
		if lower {
			return s
		}
		return strings.ToLower(s)
	}
	var short [256]byte
	return string(appendFold(short[:0], s))
}

// Contains reports whether Fold(s) contains sub, which must be a result of Fold. It allocates no
// memory if Fold(s) has up to 256 bytes.
func Contains(s, sub string) bool {
	if plain, lower := ascii(s); plain {
		if lower {
			return strings.Contains(s, sub)
		}
		return containsLower(s, sub)
	}
	var short [256]byte
	return contains(appendFold(short[:0], s), sub)
}

// appendFold appends Fold(s) to dst. It sorts combining marks only if they are not in order, which
// is rare.
func appendFold(dst []byte, s string) []byte {
	start := len(dst)
	ordered, last := true, uint8(0)
	for _, r := range s {
		if f := foldOf(r); f == nothing {
			continue
		} else if f != several {
			ordered = ordered && (f.class() == 0 || f.class() >= last)
			dst, last = utf8.AppendRune(dst, f.rune()), f.class()
			continue
		}
		at := len(dst)
		dst = appendRune(dst, r)
		for at < len(dst) {
			r, size := utf8.DecodeRune(dst[at:])
			class := foldOf(r).class()
			ordered = ordered && (class == 0 || class >= last)
			last = class
			at += size
		}
	}
	if !ordered {
		return append(dst[:start], order(string(dst[start:]))...)
	}
	return dst
}

// order sorts each run of combining marks of a folded text in canonical order (Unicode Standard
// §3.11). It does not use package norm, which adds U+034F to very long runs.
func order(s string) string {
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		end := i
		for end < len(runes) && foldOf(runes[end]).class() > 0 {
			end++
		}
		slices.SortStableFunc(runes[i:end], func(a, b rune) int { return cmp.Compare(foldOf(a).class(), foldOf(b).class()) })
		i = end
	}
	return string(runes)
}

// ascii reports whether s is printable ASCII, and whether it has no capital letters.
func ascii(s string) (plain, lower bool) {
	lower = true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' {
			return false, false
		}
		if 'A' <= c && c <= 'Z' {
			lower = false
		}
	}
	return true, lower
}
