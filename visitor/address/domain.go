package address

import (
	"math"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// UnicodeDomain returns a domain in lower case with its international labels in Unicode, so that
// xn--bcher-kva.example and bücher.example are the same. A label that is no valid encoding
// (RFC 3492, RFC 5890) of letters, marks and digits in lower case is not changed.
func UnicodeDomain(domain string) string {
	domain = norm.NFC.String(strings.ToLower(domain))
	if !strings.Contains(domain, "xn--") {
		return domain
	}
	labels := strings.Split(domain, ".")
	for i, label := range labels {
		encoded, ok := strings.CutPrefix(label, "xn--")
		if !ok {
			continue
		}
		decoded, ok := decodePunycode(encoded)
		if ok && norm.NFKC.String(strings.ToLower(decoded)) == decoded && badDomain(decoded+".example") == "" {
			labels[i] = decoded
		}
	}
	return strings.Join(labels, ".")
}

// decodePunycode decodes a label without its prefix (RFC 3492 §6.2), and reports whether it is
// valid and has a character beyond ASCII.
func decodePunycode(s string) (string, bool) {
	const base, tMin, tMax, skew, damp = 36, 1, 26, 38, 700
	if len(s) > 63 {
		return "", false
	}
	cut := strings.LastIndexByte(s, '-')
	out := []rune(s[:max(cut, 0)])
	rest := s[cut+1:]
	n, bias, i := rune(utf8.RuneSelf), 72, 0
	for first := true; rest != ""; first = false {
		start, weight := i, 1
		for k := base; ; k += base {
			if rest == "" {
				return "", false
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", rest[0])
			if rest = rest[1:]; digit < 0 || digit > (math.MaxInt32-i)/weight {
				return "", false
			}
			i += digit * weight
			t := min(max(k-bias, tMin), tMax)
			if digit < t {
				break
			}
			if weight > math.MaxInt32/(base-t) {
				return "", false
			}
			weight *= base - t
		}
		size := len(out) + 1
		delta := (i - start) / 2
		if first {
			delta = (i - start) / damp
		}
		delta += delta / size
		bias = 0
		for ; delta > (base-tMin)*tMax/2; bias += base {
			delta /= base - tMin
		}
		bias += (base - tMin + 1) * delta / (delta + skew)
		if i/size > utf8.MaxRune {
			return "", false
		}
		n += rune(i / size)
		i %= size
		if !utf8.ValidRune(n) {
			return "", false
		}
		out = append(out[:i], append([]rune{n}, out[i:]...)...)
		i++
	}
	return string(out), len(out) > max(cut, 0)
}
