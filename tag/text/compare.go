package text

// Equal reports whether Fold(s) == folded. folded must be a result of Fold. Equal, HasPrefix and
// HasSuffix allocate no memory if Fold(s) has up to 256 bytes.
func Equal(s, folded string) bool {
	if plain, _ := ascii(s); plain {
		return len(s) == len(folded) && equalLower(s, folded)
	}
	var short [256]byte
	return string(appendFold(short[:0], s)) == folded
}

// HasPrefix reports whether Fold(s) starts with folded, which must be a result of Fold.
func HasPrefix(s, folded string) bool {
	if plain, _ := ascii(s); plain {
		return len(s) >= len(folded) && equalLower(s[:len(folded)], folded)
	}
	var short [256]byte
	b := appendFold(short[:0], s)
	return len(b) >= len(folded) && string(b[:len(folded)]) == folded
}

// HasSuffix reports whether Fold(s) ends with folded, which must be a result of Fold.
func HasSuffix(s, folded string) bool {
	if plain, _ := ascii(s); plain {
		return len(s) >= len(folded) && equalLower(s[len(s)-len(folded):], folded)
	}
	var short [256]byte
	b := appendFold(short[:0], s)
	return len(b) >= len(folded) && string(b[len(b)-len(folded):]) == folded
}
