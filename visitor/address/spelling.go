package address

import "strings"

// OtherSpelling returns the other way in which WhatsApp or people write the same mobile number, ""
// if there is none:
//
//   - Brazil (55): the ninth digit that was added to mobile numbers from 2012 to 2016, which
//     older accounts lack. A number whose eight digits start with 2 to 5 is a landline without it.
//   - Mexico (52): the 1 after the country code, which was dropped in 2019.
//   - Argentina (54): the 9 after the country code, which marks a mobile number.
//
// digits is the number in E.164 form without the +. The other spelling of a result is digits.
func OtherSpelling(digits string) string {
	if strings.Trim(digits, "0123456789") != "" || len(digits) < 12 || len(digits) > 13 {
		return ""
	}
	country, rest := digits[:2], digits[2:]
	switch {
	case country == "55" && rest[0] != '0' && rest[1] != '0':
		return toggleDigit(digits, 4, '9', "6789")
	case country == "52":
		return toggleDigit(digits, 2, '1', "23456789")
	case country == "54":
		return toggleDigit(digits, 2, '9', "123")
	}
	return ""
}

// OneSpelling returns the spelling of a number by which it is compared: with the ninth digit in
// Brazil, without the 1 in Mexico, with the 9 in Argentina, and as it is elsewhere. Use it only to
// compare: of a landline in Argentina it is a number that cannot be dialled.
func OneSpelling(digits string) string {
	other := OtherSpelling(digits)
	if other == "" || len(digits) > len(other) != strings.HasPrefix(digits, "52") {
		return digits
	}
	return other
}

// toggleDigit removes the mark at the place, or inserts it, if one of the following digits comes
// after it.
func toggleDigit(number string, place int, mark byte, following string) string {
	before, after := number[:place], number[place:]
	if len(number) == 12 && strings.IndexByte(following, after[0]) >= 0 {
		return before + string(mark) + after
	}
	if len(number) == 13 && after[0] == mark && strings.IndexByte(following, after[1]) >= 0 {
		return before + after[1:]
	}
	return ""
}
