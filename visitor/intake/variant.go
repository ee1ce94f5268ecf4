package intake

import "strings"

// Variants returns other spellings that WhatsApp can use for the same mobile number, nil if
// there are none. Use them only to look up a person, not in place of the id from WhatsApp:
//
//   - Brazil (55): the ninth digit that was added to mobile numbers from 2012 to 2016, which
//     older accounts lack. A number whose eight digits start with 2 to 5 is a landline without it.
//   - Mexico (52): the 1 after the country code, which was dropped in 2019.
//   - Argentina (54): the 9 after the country code, which marks a mobile number.
//
// waID is the number in digits only, as WhatsApp sends it.
func Variants(waID string) []string {
	if strings.Trim(waID, "0123456789") != "" || len(waID) < 12 || len(waID) > 13 {
		return nil
	}
	country, rest := waID[:2], waID[2:]
	switch {
	case country == "55" && rest[0] != '0' && rest[1] != '0':
		return toggleDigit(waID, 4, '9', "6789")
	case country == "52":
		return toggleDigit(waID, 2, '1', "23456789")
	case country == "54":
		return toggleDigit(waID, 2, '9', "123")
	}
	return nil
}

// toggleDigit removes the mark at the place, or inserts it, if one of the digits follows.
func toggleDigit(waID string, place int, mark byte, digits string) []string {
	before, after := waID[:place], waID[place:]
	if len(waID) == 12 && strings.IndexByte(digits, after[0]) >= 0 {
		return []string{before + string(mark) + after}
	}
	if len(waID) == 13 && after[0] == mark && strings.IndexByte(digits, after[1]) >= 0 {
		return []string{before + after[1:]}
	}
	return nil
}
