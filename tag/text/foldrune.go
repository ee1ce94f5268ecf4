package text

import (
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is the folded form of one character: nothing, several characters, or one character with
// its canonical combining class.
type folded uint32

const (
	nothing folded = 0
	several folded = 1 << 31
)

func (f folded) rune() rune   { return rune(f & 0x1FFFFF) }
func (f folded) class() uint8 { return uint8(f >> 21) }

// blocks caches the folded forms of 256 characters each, filled when first used: looking them up
// in the Unicode tables takes twenty times longer, and most texts use few blocks.
var blocks [0x200]atomic.Pointer[[256]folded]

func foldOf(r rune) folded {
	number := int(r >> 8)
	if number >= len(blocks) {
		return lookUp(r)
	}
	block := blocks[number].Load()
	if block == nil {
		block = new([256]folded)
		for i := range block {
			block[i] = lookUp(r&^0xFF + rune(i))
		}
		blocks[number].Store(block)
	}
	return block[r&0xFF]
}

func lookUp(r rune) folded {
	out := appendRune(nil, r)
	first, size := utf8.DecodeRune(out)
	switch {
	case len(out) == 0:
		return nothing
	case size < len(out), first == 0: // NUL would be equal to nothing
		return several
	}
	return folded(classOf(first))<<21 | folded(first)
}

// classOf returns the canonical combining class of r.
func classOf(r rune) uint8 {
	if r < 0x0300 {
		return 0
	}
	var encoded [utf8.UTFMax]byte
	return norm.NFKD.Properties(encoded[:utf8.EncodeRune(encoded[:], r)]).CCC()
}

// appendRune appends the folded form of r to dst.
func appendRune(dst []byte, r rune) []byte {
	if r >= hangul && r < hangul+hangulCount {
		return appendHangul(dst, r-hangul)
	}
	var encoded [utf8.UTFMax]byte
	decomposed := encoded[:utf8.EncodeRune(encoded[:], r)]
	if d := norm.NFKD.Properties(decomposed).Decomposition(); d != nil {
		decomposed = d
	}
	for len(decomposed) > 0 {
		r, size := utf8.DecodeRune(decomposed)
		decomposed = decomposed[size:]
		switch {
		case r >= 0x0300 && r <= 0x036F, ignored(r):
		case unicode.IsSpace(r):
			dst = append(dst, ' ')
		default:
			dst = appendLower(dst, r)
		}
	}
	return dst
}

// appendLower appends the case folding of r, which has no decomposition. Converting to upper case
// first makes different lower-case forms of a letter equal, such as σ and ς, or i and ı.
func appendLower(dst []byte, r rune) []byte {
	r = unicode.ToLower(unicode.ToUpper(r))
	switch r {
	case 'ł':
		return append(dst, 'l')
	case 'ø':
		return append(dst, 'o')
	case 'đ', 'ð':
		return append(dst, 'd')
	case 'þ':
		return append(dst, "th"...)
	case 'æ':
		return append(dst, "ae"...)
	case 'œ':
		return append(dst, "oe"...)
	case 'ß':
		return append(dst, "ss"...)
	}
	return utf8.AppendRune(dst, r)
}

// ignored reports whether r is invisible: a zero-width or directional character, or a variation
// selector.
func ignored(r rune) bool {
	return invisible(r) || joiner(r) || override(r) || unicode.Is(unicode.Variation_Selector, r)
}

// Hangul syllables decompose by arithmetic (Unicode Standard §3.12).
const (
	hangul      = 0xAC00
	hangulCount = 19 * 21 * 28
)

func appendHangul(dst []byte, index rune) []byte {
	dst = utf8.AppendRune(dst, 0x1100+index/(21*28))
	dst = utf8.AppendRune(dst, 0x1161+index%(21*28)/28)
	if tail := index % 28; tail > 0 {
		dst = utf8.AppendRune(dst, 0x11A7+tail)
	}
	return dst
}
