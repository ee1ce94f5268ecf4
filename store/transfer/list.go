package transfer

import (
	"strings"
)

// splitList splits a cell at listSeparators. An item in quotes can contain separators, and
// doubled quotes. Empty items are left out.
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

// quotedItem cuts an item in quotes off the start of s. It returns false if s does not start
// with one that ends at a separator or at the end.
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

// listSeparators separate the tags of a cell and the items of a list: the comma of our
// exports, Mailchimp and Chatwoot, the semicolon of Outlook, the bar of Mautic.
const listSeparators = ",;|"
