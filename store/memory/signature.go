package memory

import "math/bits"

// signature sums up a block of text: a bit for each hash of three bytes in a row that it
// holds. A text that is in the block has all its bits in the signature.
type signature [signatureBits / 64]uint64

// signatureBits are enough for a block of 64 visitors, who have some 1,500 different rows
// of three, to fill about a sixth.
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

func (s *signature) has(trace []uint16) bool {
	for _, h := range trace {
		if s[h/64]&(1<<(h%64)) == 0 {
			return false
		}
	}
	return true
}

// appendTrace appends the hashes of a text.
func appendTrace(to []uint16, text []byte) []uint16 {
	for i := 2; i < len(text); i++ {
		to = append(to, hash3(text[i-2], text[i-1], text[i]))
	}
	return to
}

// appendBits appends base plus the place of each bit.
func appendBits(to []uint32, base uint32, word uint64) []uint32 {
	for ; word != 0; word &= word - 1 {
		to = append(to, base+uint32(bits.TrailingZeros64(word)))
	}
	return to
}
