package visitor

import "github.com/contactpipeline/visitors/visitor/address"

// NormalizeEmail returns an e-mail address in normalized form: without white space and
// zero-width characters around it, in NFC, the domain in lower case. The part before the @
// keeps its case, since it can be case-sensitive on the receiving host (RFC 5321 §2.4). For
// blank text it returns "". For an address that is not valid it returns a *FieldError; see
// address.Email for the rules. It does not check that the address exists.
func NormalizeEmail(s string) (string, error) { return address.Email(s) }

// PhoneFunc parses a national phone number, such as "030 123456" in Germany, and returns it in
// E.164 form. raw has 1 to 64 characters: ASCII digits and the separators space - . ( ) /. The
// Reason of a *FieldError that it returns is passed on to the caller; the text of other errors
// is not, since it can contain the number. See package visitor/phone for an implementation.
type PhoneFunc func(raw string) (e164 string, err error)

// NormalizePhone returns an international phone number in E.164 form: + and 7 to 15 digits, the
// first of which is not 0 (the 15 are from ITU-T E.164 §6). It accepts a leading "tel:",
// separators, and decimal digits of every script. For blank text it returns "". A national
// number, an extension, letters and "(0)" are refused, each with its own *FieldError. It does
// not check that the number is in use.
func NormalizePhone(s string) (string, error) { return address.Phone(s, nil) }

// NormalizePhone is like the function NormalizePhone, and also accepts national numbers if
// r.Phone is set.
func (r Rules) NormalizePhone(s string) (string, error) { return address.Phone(s, r.Phone) }
