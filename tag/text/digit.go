package text

import "unicode"

// Digit returns the value of a decimal digit of any script (Unicode category Nd), such as
// 7 for the Thai ๗, and false for any other character.
func Digit(r rune) (value rune, ok bool) {
	if r >= '0' && r <= '9' {
		return r - '0', true
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	// The ten digits of a script are consecutive in Unicode, from zero to nine. Adjacent sets of
	// digits, such as the mathematical ones, are complete.
	first := r
	for unicode.Is(unicode.Nd, first-1) {
		first--
	}
	return (r - first) % 10, true
}
