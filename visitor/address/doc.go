// Package address has the rules for the addresses of people: e-mail addresses, phone numbers and
// the spellings of one number. Packages visitor and consent share them, so that an address that
// one accepts is the same to the other.
//
// A function returns the normalized form, which it does not change when it gets it again, or a
// *text.FieldError with the field and the reason, which never contains the address.
package address
