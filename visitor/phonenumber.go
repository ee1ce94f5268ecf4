package visitor

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/text"
)

// maxPhoneInput is how many characters of a phone number are read.
const maxPhoneInput = 64

// PhoneFunc reads a national phone number, such as "030 123456" in Germany, and
// returns it as E.164. It is given 1 to 64 characters: digits, and the separators
// space - . ( ) /, all in ASCII. The reason of a *FieldError that it returns is shown to the
// caller; the text of another error is not, since it may hold the number. The package
// visitor/phone has one.
type PhoneFunc func(raw string) (e164 string, err error)

// NormalizePhone returns a phone number that starts with + as a store keeps it:
// E.164, which is + and 7 to 15 digits, the first not 0 (ITU-T E.164 §6 sets the 15). It
// reads "tel:", separators, and the decimal digits of every script. Blank text is no
// number and gives "". A national number, an extension, letters and a "(0)" are each a
// *FieldError that says so. Whether the number is in use is not asked.
func NormalizePhone(s string) (string, error) { return Rules{}.NormalizePhone(s) }

// NormalizePhone is the function NormalizePhone that also reads national numbers,
// when r.Phone is set.
func (r Rules) NormalizePhone(s string) (string, error) {
	s = text.Trim(s)
	if s == "" {
		return "", nil
	}
	if len(s) > maxPhoneInput*utf8.UTFMax || utf8.RuneCountInString(s) > maxPhoneInput {
		return "", text.Refuse("phone", fmt.Sprintf("longer than %d characters", maxPhoneInput))
	}
	if !utf8.ValidString(s) {
		return "", text.Refuse("phone", "not valid UTF-8")
	}
	number := plainPhone(s)
	rest, international := strings.CutPrefix(strings.TrimLeft(number, " ("), "+")
	digits, err := phoneDigits(rest)
	switch {
	case err != nil:
		return "", err
	case digits == "":
		return "", text.Refuse("phone", "no digits")
	case international:
		return readInternational(rest, digits)
	case r.Phone == nil:
		return "", text.Refuse("phone", "national number: give it with + and country code, or set a region")
	}
	return r.readNational(number)
}

func (r Rules) readNational(number string) (string, error) {
	e164, err := r.Phone(number)
	if err != nil {
		if refused := (*FieldError)(nil); errors.As(err, &refused) {
			return "", text.Refuse("phone", refused.Reason)
		}
		return "", text.Refuse("phone", "not a number that can be read")
	}
	if len(e164) < 1+7 || len(e164) > 1+15 || e164[0] != '+' || e164[1] == '0' || strings.Trim(e164[1:], "0123456789") != "" {
		return "", text.Refuse("phone", "was not read as + and 7 to 15 digits")
	}
	return e164, nil
}

func readInternational(rest, digits string) (string, error) {
	switch {
	case strings.Contains(strings.ReplaceAll(rest, " ", ""), "(0)"):
		return "", text.Refuse("phone", "(0) is dialled only inside the country: leave it out")
	case len(digits) < 7:
		return "", text.Refuse("phone", "fewer than 7 digits")
	case len(digits) > 15:
		return "", text.Refuse("phone", "more than 15 digits")
	case digits[0] == '0':
		return "", text.Refuse("phone", "no country code starts with 0")
	}
	return "+" + digits, nil
}

// plainPhone spells the digits, dashes, spaces and signs of every script in ASCII
// and drops "tel:" and format characters, which copied numbers often carry.
func plainPhone(s string) string {
	s = strings.Map(func(r rune) rune {
		if digit, ok := text.Digit(r); ok {
			return '0' + digit
		}
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Pd, r), r == '−', r == 'ー':
			return '-'
		case r == '﹢':
			return '+'
		case r >= '！' && r <= '～': // the full-width forms of ASCII
			return r - '！' + '!'
		}
		return r
	}, s)
	if len(s) >= 4 && strings.EqualFold(s[:4], "tel:") {
		s = s[4:]
	}
	return strings.TrimSpace(s)
}

// phoneDigits returns the digits of s, or tells what is there beside separators.
func phoneDigits(s string) (string, error) {
	digits := make([]byte, 0, len(s))
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r))
		case strings.ContainsRune(" -.()/", r):
		default:
			return "", text.Refuse("phone", whyNotPhone(r, s[i:]))
		}
	}
	return string(digits), nil
}

// whyNotPhone tells why the character r, the first of rest, is refused.
func whyNotPhone(r rune, rest string) string {
	lower := strings.ToLower(rest)
	afterX := strings.Trim(strings.TrimLeft(lower, "x"), " .:-0123456789")
	switch {
	case r == '#', r == ',', strings.HasPrefix(lower, "ext"), strings.HasPrefix(lower, ";ext"), strings.HasPrefix(lower, "доб"),
		(r == 'x' || r == 'X') && afterX == "":
		return "has an extension: give the number alone"
	case unicode.IsLetter(r):
		return "letters"
	case unicode.IsControl(r):
		return "control character"
	case r == '+':
		return "a + that is not at the start"
	}
	return "a character that no phone number has"
}
