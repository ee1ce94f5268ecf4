package address

import (
	"math"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// UnicodeDomain returns a domain in lower case with its international labels in Unicode, so that
// xn--bcher-kva.example and bücher.example are the same. A label that is not the encoding (RFC 3492,
// RFC 5890) of letters, marks and digits in lower case is not changed.
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
		if ok && encodePunycode(decoded) == encoded && norm.NFKC.String(strings.ToLower(decoded)) == decoded &&
			badDomain(decoded+".example") == "" {
			labels[i] = decoded
		}
	}
	return strings.Join(labels, ".")
}

// Parameters of Punycode (RFC 3492 §5).
const (
	base, tMin, tMax, skew, damp = 36, 1, 26, 38, 700

	punycodeDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// punycodeBias returns the next bias (RFC 3492 §6.1).
func punycodeBias(delta, size int, first bool) int {
	if first {
		delta /= damp
	} else {
		delta /= 2
	}
	delta += delta / size
	bias := 0
	for ; delta > (base-tMin)*tMax/2; bias += base {
		delta /= base - tMin
	}
	return bias + (base-tMin+1)*delta/(delta+skew)
}

// decodePunycode decodes a label without its prefix (RFC 3492 §6.2), and reports whether it is
// valid and has a character beyond ASCII.
func decodePunycode(s string) (string, bool) {
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
			digit := strings.IndexByte(punycodeDigits, rest[0])
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
		bias = punycodeBias(i-start, size, first)
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

// DomainSpellings returns the spellings in lower case that UnicodeDomain makes the same as domain,
// which is one of its results: each international label in Unicode or encoded. Of a domain with
// more than three such labels, only the spellings with all or none encoded are returned.
func DomainSpellings(domain string) []string {
	all := []string{""}
	labels := strings.Split(domain, ".")
	encoded, international := make([]string, len(labels)), 0
	for i, label := range labels {
		if encoded[i] = label; strings.IndexFunc(label, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
			encoded[i] = "xn--" + encodePunycode(label)
			international++
		}
	}
	if international > 3 {
		return []string{domain, strings.Join(encoded, ".")}
	}
	for i, label := range labels {
		var longer []string
		for _, start := range all {
			if i > 0 {
				start += "."
			}
			longer = append(longer, start+label)
			if encoded[i] != label {
				longer = append(longer, start+encoded[i])
			}
		}
		all = longer
	}
	return all
}

// encodePunycode encodes a label, as decodePunycode reads it (RFC 3492 §6.3).
func encodePunycode(label string) string {
	in := []rune(label)
	var out []byte
	for _, r := range in {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	handled := basic
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(utf8.RuneSelf), 0, 72
	for handled < len(in) {
		next := rune(math.MaxInt32)
		for _, r := range in {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (handled + 1)
		n = next
		for _, r := range in {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tMin), tMax)
				if q < t {
					break
				}
				out = append(out, punycodeDigits[t+(q-t)%(base-t)])
				q = (q - t) / (base - t)
			}
			out = append(out, punycodeDigits[q])
			handled++
			bias = punycodeBias(delta, handled, handled == basic+1)
			delta = 0
		}
		delta++
		n++
	}
	return string(out)
}
