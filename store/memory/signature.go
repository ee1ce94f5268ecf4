package memory

// signature summarizes a block of text, as a Bloom filter of its trigrams (three bytes in a
// row): a text of which a bit is missing is not in the block.
type signature [signatureBits / 64]uint64

// signatureBits is chosen so that a block of 64 visitors, with about 1,500 different
// trigrams, sets about a sixth of them.
const signatureBits = 8_192

func hash3(a, b, c byte) uint16 {
	return uint16((uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 0x9E3779B1 >> (32 - 13))
}

func (s *signature) add(text []byte) {
	for i := 2; i < len(text); i++ {
		h := hash3(text[i-2], text[i-1], text[i])
		s[h/64] |= 1 << (h % 64)
	}
}

// has reports whether the text may be in the block.
func (s *signature) has(text []byte) bool {
	for i := 2; i < len(text); i++ {
		if h := hash3(text[i-2], text[i-1], text[i]); s[h/64]&(1<<(h%64)) == 0 {
			return false
		}
	}
	return true
}
