package text

import "bytes"

// contains is bytes.Contains(b, []byte(sub)) without converting sub.
func contains(b []byte, sub string) bool {
	if sub == "" {
		return true
	}
	for len(b) >= len(sub) {
		i := bytes.IndexByte(b[:len(b)-len(sub)+1], sub[0])
		if i < 0 {
			return false
		}
		if string(b[i:i+len(sub)]) == sub {
			return true
		}
		b = b[i+1:]
	}
	return false
}

// containsLower reports whether s, which is ASCII, contains the lower-case text sub in any case.
func containsLower(s, sub string) bool {
	if sub == "" {
		return true
	}
	first, capital := sub[0], sub[0]
	if 'a' <= first && first <= 'z' {
		capital -= 'a' - 'A'
	}
	for i := 0; i+len(sub) <= len(s); i++ {
		if (s[i] == first || s[i] == capital) && equalLower(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}

func equalLower(s, lower string) bool {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
