// Package address has the rules for the addresses of people: e-mail addresses, phone numbers and
// the spellings of one number. Packages visitor, intake and consent share them, so that all accept
// and compare addresses in the same way.
//
// Every function returns a normalized form; normalizing it again changes nothing, except that
// OtherSpelling returns the first spelling again. Email and Phone return a *text.FieldError for an
// address that is not valid, with the field and the reason, but never the address.
package address
