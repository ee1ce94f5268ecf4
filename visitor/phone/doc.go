// Package phone reads national phone numbers, such as "030 123456" where the region
// is DE, for visitor.Rules.
//
// It stands apart because the numbering plans of the world weigh: a program that
// imports it grows by some 6 MB, starts some 5 ms later and holds some 2.5 MB more
// memory. A host whose numbers all start with + needs none of it, since package visitor reads
// those by itself.
//
// The plans come with github.com/nyaruka/phonenumbers, a port of Google's
// libphonenumber, and change with its releases: a number that is refused today may be
// assigned tomorrow. Reading takes some 20 µs a number, so it is done once, when a
// number is written.
package phone
