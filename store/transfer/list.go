package transfer

import (
	"strings"
	"unicode/utf8"
)

// splitList splits a cell that holds several items at any of listSeparators. An item in
// quotes may hold separators, and quotes that are doubled. Empty items are left out.
func splitList(s string) []string {
	var items []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		item, rest, ok := quotedItem(s)
		if !ok {
			item, rest = s, ""
			if end := strings.IndexAny(s, listSeparators); end >= 0 {
				item, rest = s[:end], s[end+1:]
			}
		}
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
		s = rest
	}
	return items
}

// quotedItem cuts an item in quotes off the start of s; ok is false when there is none
// that ends at a separator or at the end.
func quotedItem(s string) (item, rest string, ok bool) {
	if s[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		item = strings.ReplaceAll(s[1:i], `""`, `"`)
		if rest = strings.TrimSpace(s[i+1:]); rest == "" {
			return item, "", true
		}
		return item, rest[1:], strings.IndexByte(listSeparators, rest[0]) >= 0
	}
	return "", "", false
}

// joinList is the inverse of splitList.
func joinList(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		if strings.ContainsAny(item, listSeparators+`"`) {
			item = `"` + strings.ReplaceAll(item, `"`, `""`) + `"`
		}
		quoted[i] = item
	}
	return strings.Join(quoted, ", ")
}

// listSeparators stand between the tags of a cell and between the items of a list: our
// own, Mailchimp's and Chatwoot's comma, Outlook's semicolon, Mautic's bar.
const listSeparators = ",;|"

// formula starts what a spreadsheet would run (OWASP, CSV Injection): also in full width,
// which some locales read alike.
const formula = "=+-@\t\r\n＝＋－＠"

// neutralize puts an apostrophe in front of a cell that a spreadsheet would run, or that
// restore would else take for such a one.
func neutralize(cell string) string {
	if runs(cell) {
		return "'" + cell
	}
	return cell
}

// restore is the inverse of neutralize.
func restore(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && runs(rest) {
		return rest
	}
	return cell
}

func runs(cell string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, "'"))
	return first != utf8.RuneError && strings.ContainsRune(formula, first)
}
