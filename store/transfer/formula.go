package transfer

import (
	"strings"
	"unicode/utf8"
)

// formula lists the characters with which a formula starts (OWASP, CSV Injection), also in
// full width, which some locales treat alike.
const formula = "=+-@\t\r\n＝＋－＠"

// escape puts an apostrophe in front of a cell that a spreadsheet would execute, or that
// unescape would otherwise change.
func escape(cell string) string {
	if isFormula(cell) {
		return "'" + cell
	}
	return cell
}

// unescape is the inverse of escape.
func unescape(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && isFormula(rest) {
		return rest
	}
	return cell
}

// isFormula reports whether a formula starts after any apostrophes.
func isFormula(cell string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, "'"))
	return first != utf8.RuneError && strings.ContainsRune(formula, first)
}
