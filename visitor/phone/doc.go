// Package phone parses national phone numbers for visitor.Rules, such as "030 123456" in the
// region DE.
//
// It is a separate package because numbering plans are large: a program that imports it is
// about 6 MB larger, starts 5 ms later and uses 2.5 MB more memory. International numbers, which
// start with +, do not need it.
//
// The plans are those of github.com/nyaruka/phonenumbers, a port of Google's libphonenumber, and
// change with its releases: a number that is refused today can be valid tomorrow. Parsing takes
// about 20 µs, only when a number is written.
package phone
