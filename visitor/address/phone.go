package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/contactpipeline/visitors/tag/text"
)

// maxPhoneInput is the maximum length in characters of a phone number as typed.
const maxPhoneInput = 64

// Phone returns an international phone number in E.164 form: + and 7 to 15 digits, the first of
// which is not 0 (the 15 are from ITU-T E.164 §6). It accepts a leading "tel:", separators, and
// decimal digits of every script. For blank text it returns "". An extension, letters and "(0)"
// are refused, each with its own *text.FieldError. It does not check that the number is in use.
//
// A national number is parsed by national, and refused if that is nil. national gets 1 to 64
// ASCII digits and the separators space - . ( ) /, and returns the number in E.164 form. The
// Reason of a *text.FieldError that it returns is passed on to the caller; the text of other
// errors is not, since it can contain the number.
func Phone(s string, national func(raw string) (e164 string, err error)) (string, error) {
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
	case national == nil:
		return "", text.Refuse("phone", "national number: give it with + and country code, or set a region")
	}
	return readNational(number, national)
}

func readNational(number string, national func(string) (string, error)) (string, error) {
	e164, err := national(number)
	if err != nil {
		if refused := (*text.FieldError)(nil); errors.As(err, &refused) {
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

// plainPhone replaces the digits, dashes, spaces and signs of every script by those of ASCII,
// and removes "tel:" and format characters, which copied numbers often contain.
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

// phoneDigits returns the digits of s, or an error if s has more than digits and separators.
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

// whyNotPhone returns why the character r, the first of rest, is refused.
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
